"""The folder of files: random names, written whole or not at all, never reachable by an address."""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from flask import current_app

FREE_BYTES_MIN = 256 * 1024 * 1024
SHARDS = 256
_NAME = re.compile(r"[0-9a-f]{32}")


class NoRoom(Exception):
    """The disk is nearly full."""


def folder() -> Path:
    return Path(current_app.extensions["makegood_settings"].files_folder)


def put(data: bytes) -> str:
    """Write a file durably under a new random name and return that name."""
    name = secrets.token_hex(16)
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(path.parent).free < FREE_BYTES_MIN + len(data):
        raise NoRoom
    half = path.with_suffix(".part")
    with open(half, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as target:
        target.write(data)
        target.flush()
        os.fsync(target.fileno())
    half.rename(path)
    _sync(path.parent)
    return name


def path_of(name: str) -> Path:
    """Return where a stored name lies; anything that isn't one of our names is a mistake of ours."""
    assert _NAME.fullmatch(name), "not a stored name"
    return folder() / name[:2] / name


def forget(name: str) -> bool:
    """Delete a file if it is there."""
    try:
        path_of(name).unlink()
    except FileNotFoundError:
        return False
    return True


def digest(name: str) -> str | None:
    """Return a stored file's SHA-256, read piece by piece; None when the file is missing."""
    try:
        with path_of(name).open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def old_files(shard: int, *, before: float) -> Iterator[Path]:
    """Yield the files of one shard (0 to 255) that were written before an instant (seconds since 1970), half ones too."""
    try:
        found = sorted(os.scandir(folder() / f"{shard:02x}"), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    for entry in found:
        if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before:
            yield Path(entry.path)


def is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
