"""The list of erased persons outside the database, beside the checkpoints: references only, one JSON line each.

A backup that is older than an erasure still holds the person. Restoring it reads this list and erases them again.
"""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from app.kernel.time import iso
from config import Settings

NAME = "erasures.jsonl"


def place(settings: Settings) -> Path:
    return Path(settings.checkpoint_file).with_name(NAME)


def note(settings: Settings, *, ref: str, numbers: Sequence[str], at: datetime) -> None:
    """Add a line, durably; the same erasure is listed once."""
    _add(place(settings), {"erasure": ref, "numbers": list(numbers), "at": iso(at)})


def _add(path: Path, line: dict[str, Any]) -> None:
    if any(known["erasure"] == line["erasure"] and known["numbers"] == line["numbers"] for known in _lines(path)):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(handle, "ab") as file:
        file.write(orjson.dumps(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def merge(settings: Settings, other: Path) -> None:
    """Take over the lines of another list that are missing here."""
    for line in _lines(other):
        _add(place(settings), line)


def numbers(*paths: Path) -> list[str]:
    """Every reference that stands on any of these lists, in order."""
    return list(dict.fromkeys(one for path in paths for line in _lines(path) for one in line["numbers"]))


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    except FileNotFoundError:
        return []
