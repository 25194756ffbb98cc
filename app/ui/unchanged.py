"""A page that hasn't changed since the browser got it is answered in a word (304), before anything of it is rendered.

A page names what its content depends on; the frame, the reader, the session and this installation's own files are added here.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import make_response, request, session
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from app.ui import kept
from app.ui.shell import shell
from app.ui.speech import speech

_APP = Path(__file__).resolve().parents[1]
VARY = "Cookie, HX-Request, Accept-Language"


def tag(*content: object) -> str | None:
    """Return what stands for this page as it would be now; None while a message waits to be shown on it once."""
    if session.get("_flashes"):
        return None
    if "csrf_token" not in session:
        generate_csrf()  # the page is about to ask for it
    frame = shell()
    reader = frame.reader
    parts = (
        content,
        reader and (reader.name, reader.job, reader.rights),
        session.get("_user_id"),
        session.get("csrf_token"),  # a page that is older than the session has forms that are refused
        getattr(current_user, "raised_until", None),
        frame.preferences,
        frame.unread,
        sorted(frame.counts.items()),
        speech().name,
        str(get_timezone()),
        request.script_root,
        request.full_path,
        request.headers.get("HX-Request"),
        kept.files(),
        _installed(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def is_known(found: str | None) -> bool:
    """Tell whether the browser has this very page."""
    return found is not None and request.if_none_match.contains_weak(found)


def in_a_word(found: str | None) -> ResponseReturnValue:
    return _tagged("", found, 304)


def in_full(page: str, found: str | None) -> ResponseReturnValue:
    return _tagged(page, found, 200)


def _tagged(body: str, found: str | None, status: int) -> ResponseReturnValue:
    answer = make_response(body, status)
    if found is not None:
        answer.set_etag(found, weak=True)
    answer.headers["Vary"] = VARY
    return answer


@lru_cache(maxsize=1)
def _installed() -> str:
    """Stand for the code, templates and translations of this process: another release writes other pages."""
    files = sorted(path for kind in ("*.py", "*.html", "*.mo") for path in _APP.rglob(kind))
    stamps = [(str(path.relative_to(_APP)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(stamps).encode()).hexdigest()
