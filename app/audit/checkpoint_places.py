"""Where checkpoints are kept outside the database: a file here, and a second place that somebody else holds.

A place takes checkpoints in rising order, may be given one twice, and either keeps all it was given or raises NotKept.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from app.audit.checkpoint_rules import BadCheckpoint, Checkpoint, line_of, parse_line
from app.kernel import outgoing
from config import Settings

_TAIL_BYTES = 4_096  # a line has about 700
BATCH = 50


class NotKept(Exception):
    """A place did not keep what it was given; the text says why. It is given again later."""


class Place(Protocol):
    """name: stable, it is written on receipts. can_tell: whether `last` knows, so that None means that nothing is there."""

    name: str
    can_tell: bool

    def last(self) -> Checkpoint | None:
        """Return the newest checkpoint that it holds, or None when it can't tell or holds none."""

    def keep(self, checkpoints: Sequence[Checkpoint]) -> None: ...


class FilePlace:
    """A file of JSON lines that only grows. Give it to another account, or to a disk that can't be rewritten."""

    def __init__(self, path: Path) -> None:
        self.path, self.can_tell = path, True
        self.name = f"file:{path}"[-200:]

    def last(self) -> Checkpoint | None:
        try:
            with self.path.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _TAIL_BYTES))
                lines = file.read().splitlines()
        except FileNotFoundError:
            return None
        except OSError as trouble:
            raise NotKept(f"{self.path.name}: {trouble.strerror}") from trouble
        if not lines:
            return None
        try:
            return parse_line(lines[-1])
        except BadCheckpoint as mistake:
            raise NotKept(f"{self.path.name}: the last line is no checkpoint") from mistake

    def keep(self, checkpoints: Sequence[Checkpoint]) -> None:
        last = self.last()
        new = [one for one in checkpoints if last is None or one.serial > last.serial]
        if last and new and (new[0].serial != last.serial + 1 or new[0].previous != last.digest):
            raise NotKept(
                f"{self.path.name}: checkpoint {new[0].serial} does not go on from {last.serial}, which it ends with"
            )
        if not new:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
            with os.fdopen(handle, "ab") as file:
                file.write(b"".join(line_of(one) for one in new))
                file.flush()
                os.fsync(file.fileno())
        except OSError as trouble:
            raise NotKept(f"{self.path.name}: {trouble.strerror}") from trouble


class WebPlace:
    """A server of somebody else's: one POST for each checkpoint with the line of the file as JSON; any 2xx keeps it."""

    def __init__(self, url: str, *, private_hosts: Sequence[str], seconds: float) -> None:
        self._url, self._private_hosts, self._seconds = url, private_hosts, seconds
        self.can_tell = False
        self.name = url.partition("?")[0][:200]

    def last(self) -> Checkpoint | None:
        return None

    def keep(self, checkpoints: Sequence[Checkpoint]) -> None:
        for one in checkpoints:
            try:
                answer = outgoing.send(
                    "POST",
                    self._url,
                    headers={"Content-Type": "application/json"},
                    body=line_of(one),
                    private_hosts=self._private_hosts,
                    seconds=self._seconds,
                )
            except (outgoing.NotReached, outgoing.NoAnswer) as trouble:
                raise NotKept(f"{self.name}: {trouble}") from trouble
            if not 200 <= answer.status < 300:
                raise NotKept(f"{self.name}: answered {answer.status}")


def places(settings: Settings) -> list[Place]:
    """The places of these settings: the file always comes first."""
    found: list[Place] = [FilePlace(Path(settings.checkpoint_file))]
    second = settings.checkpoint_second_place
    if second.startswith(("https://", "http://")):
        found.append(WebPlace(second, private_hosts=settings.outgoing_private_hosts, seconds=settings.outgoing_seconds))
    elif second:
        found.append(FilePlace(Path(second)))
    return found
