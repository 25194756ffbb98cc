"""Originals of mails, outside of the web's reach, each under the hash of its content; the same mail is kept once."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from flask import current_app

from app.kernel.errors import Refusal

FREE_BYTES_MIN = 256 * 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{64}")


class NoRoomForMail(Refusal):
    """The disk is nearly full; the mail stays where it is and is fetched again."""

    status = 507
    code = "no-room"


def folder() -> Path:
    return Path(current_app.extensions["makegood_settings"].files_folder) / "mail"


def put(raw: bytes) -> str:
    """Write an original durably, and return its name."""
    name = hashlib.sha256(raw).hexdigest()
    path = path_of(name)
    if path.exists():
        os.utime(path)  # the sweep leaves what is young
        return name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(path.parent).free < FREE_BYTES_MIN + len(raw):
        raise NoRoomForMail
    half = path.with_suffix(f".{os.getpid()}")
    with open(half, "wb", opener=lambda file, flags: os.open(file, flags, 0o600)) as target:
        target.write(raw)
        target.flush()
        os.fsync(target.fileno())
    half.rename(path)
    return name


def get(name: str) -> bytes | None:
    """Return an original, or None when it is gone."""
    try:
        return path_of(name).read_bytes()
    except FileNotFoundError:
        return None


def path_of(name: str) -> Path:
    assert _NAME.fullmatch(name), "not a stored name"
    return folder() / name[:2] / name


def old_files(shard: int, *, before: float) -> Iterator[Path]:
    """Yield the originals of one shard (0 to 255) that were written before an instant (seconds since 1970)."""
    try:
        found = sorted(os.scandir(folder() / f"{shard:02x}"), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in found:
        if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before:
            yield Path(entry.path)


def is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))
