"""Folders of files: written whole or not at all, under names that nobody chose, never reachable by an address."""

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.kernel.errors import Refusal

FREE_BYTES_MIN = 256 * 1024 * 1024
SHARDS = 256
GRACE = timedelta(hours=1)  # a file is written before its row
TURN_SECONDS = 300
SHARDS_PER_TURN = 16


class StoreFull(Refusal):
    """The disk of files is nearly full; nothing was taken."""

    status = 507
    code = "no-room"
    sentence = _l("There is no room for files just now. An administrator has to make some.")


class Store:
    """One folder of files. by_content: a file is named by its SHA-256 and the same content is kept once; else at random."""

    def __init__(self, inner: str = "", *, by_content: bool = False) -> None:
        self._inner = inner
        self._by_content = by_content
        self._name = re.compile(r"[0-9a-f]{64}" if by_content else r"[0-9a-f]{32}")

    def folder(self) -> Path:
        return Path(current_app.extensions["makegood_settings"].files_folder) / self._inner

    def put(self, data: bytes) -> str:
        """Write a file durably and return its name; raises StoreFull."""
        name = hashlib.sha256(data).hexdigest() if self._by_content else secrets.token_hex(16)
        path = self.path_of(name)
        if path.exists():
            os.utime(path)  # the sweep leaves what is young
            return name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(path.parent).free < FREE_BYTES_MIN + len(data):
            raise StoreFull
        half = path.with_suffix(f".{secrets.token_hex(4)}")
        with open(half, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as target:
            target.write(data)
            target.flush()
            os.fsync(target.fileno())
        half.rename(path)
        _sync(path.parent)
        return name

    def get(self, name: str) -> bytes | None:
        """Return a file's bytes, or None when it is gone."""
        try:
            return self.path_of(name).read_bytes()
        except FileNotFoundError:
            return None

    def path_of(self, name: str) -> Path:
        """Return where a stored name lies; anything that isn't one of our names is a mistake of ours."""
        assert self._name.fullmatch(name), "not a stored name"
        return self.folder() / name[:2] / name

    def forget(self, name: str) -> bool:
        """Delete a file if it is there."""
        try:
            self.path_of(name).unlink()
        except FileNotFoundError:
            return False
        return True

    def digest(self, name: str) -> str | None:
        """Return a stored file's SHA-256, read piece by piece; None when the file is missing."""
        try:
            with self.path_of(name).open("rb") as source:
                return hashlib.file_digest(source, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    def sweep(self, known: Callable[[Iterable[str]], set[str]], *, now: datetime, limit: int) -> int:
        """Delete files that no row names, half ones too; returns how many. known: those of these names that a row has.

        Each turn of five minutes looks at a sixteenth of the folder, so that all of it is looked at within 80 minutes.
        """
        gone, before = 0, (now - GRACE).timestamp()
        turn = int(now.timestamp()) // TURN_SECONDS
        for step in range(SHARDS_PER_TURN):
            found = list(self._old_files((turn * SHARDS_PER_TURN + step) % SHARDS, before))
            for start in range(0, len(found), 500):
                batch = found[start : start + 500]
                kept = known(path.name for path in batch if self._name.fullmatch(path.name))
                for path in batch:
                    if gone < limit and path.name not in kept:
                        path.unlink(missing_ok=True)
                        gone += 1
            if gone >= limit:
                break
        return gone

    def _old_files(self, shard: int, before: float) -> Iterator[Path]:
        """Yield the files of one shard that were written before an instant (seconds since 1970)."""
        try:
            found = sorted(os.scandir(self.folder() / f"{shard:02x}"), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        for entry in found:
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before:
                yield Path(entry.path)


FILES = Store()
"""The files that people attach."""


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
