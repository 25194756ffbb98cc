"""One log line per event, as JSON, with the request's id and nothing that names a person or opens a door.

What our own code says is written as it is said: it names records by reference (MG-12, EM-5), never by their words. Of other
packages only the fixed words and the numbers are written, since they put addresses, parameters and tokens into their
messages. Of a failure its type and the places in the code are written, never its message: databases and parsers quote
what they were given.
"""

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from flask import g, has_app_context

OURS = ("app", "makegood")
FIELDS = ("route", "method", "status", "ms", "actor", "job", "trace_id")  # what `extra` may add
FRAMES_MAX = 30
_ROOT = Path(__file__).resolve().parents[2]


class JsonLines(logging.Formatter):
    """Formats a record as one line; control characters are escaped, so that one event stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": words_of(record),
            **_around(),
        }
        said.update({name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None})
        if record.exc_info and record.exc_info[0] is not None:
            said["failure"] = failure_of(record.exc_info[1], record.exc_info[2])
        return orjson.dumps(said, default=str).decode()


class PlainLines(JsonLines):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        said = orjson.loads(super().format(record))
        failure = said.pop("failure", None)
        head = [said.pop(name) for name in ("at", "level", "logger", "said")]
        line = " ".join([*head, *(f"{name}={value}" for name, value in said.items())])
        return line if failure is None else "\n  ".join([line, failure["type"], *failure["where"]])


def words_of(record: logging.LogRecord) -> str:
    """Return the message; of a package that isn't ours without what was put into it, but for whole numbers."""
    if record.name.partition(".")[0] in OURS:
        return record.getMessage()
    given = record.args if isinstance(record.args, tuple) else ()
    kept = tuple(value if isinstance(value, int) else "…" for value in given)
    try:
        return str(record.msg) % kept if kept else str(record.msg)
    except (TypeError, ValueError):
        return str(record.msg)


def failure_of(failure: BaseException | None, trace: TracebackType | None) -> dict[str, Any]:
    """Name a failure, what led to it, and the places in the code, innermost last."""
    kinds: list[str] = []
    seen = failure
    while seen is not None and len(kinds) < 5:
        kinds.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    where = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-FRAMES_MAX:]
    ]
    state = getattr(getattr(failure, "orig", None), "sqlstate", None)
    return {"type": " < ".join(kinds), "where": where, **({"sqlstate": state} if state else {})}


def place_of(failure: BaseException) -> str:
    """Say in one line what failed and where in our code, for tables and pages that outlive the log."""
    frames = [frame for frame in traceback.extract_tb(failure.__traceback__) if _short(frame.filename)[0] != "/"]
    where = f" at {_short(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return f"{type(failure).__name__}{where}"


def _short(path: str) -> str:
    found = Path(path)
    is_ours = found.is_relative_to(_ROOT) and ".venv" not in found.parts
    return str(found.relative_to(_ROOT)) if is_ours else path.rpartition("site-packages")[2] or path


def _around() -> dict[str, str]:
    """The request or the job in which something is said."""
    if not has_app_context():
        return {}
    around = {"request_id": g.get("request_id"), "job": g.get("job")}
    return {name: value for name, value in around.items() if value}


def configure(*, form: str, level: str) -> None:
    """Let this process log to standard error: our own words from `level` on, other packages' from warning on."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(JsonLines() if form == "json" else PlainLines())
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in ("gunicorn.error", "gunicorn.access", "werkzeug", "app", "apscheduler"):
        known = logging.getLogger(name)
        known.handlers.clear()
        known.propagate = True
    for noisy in ("apscheduler", "sqlalchemy", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
