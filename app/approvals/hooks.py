"""Where higher rooms learn that a request ended without a decision, inside the same transaction; and what this room tells lower ones."""

from datetime import datetime
from typing import Protocol

from flask import Flask

from app.kernel.actor import Actor


class OnEnded(Protocol):
    """Called when a request was withdrawn or has expired, so that its remedy ends with it."""

    def __call__(
        self, *, exception_id: int, remedy_id: int | None, state: str, actor: Actor, now: datetime
    ) -> None: ...


on_ended: list[OnEnded] = []


def register(_app: Flask) -> None:
    from app.approvals import files

    files.register()
