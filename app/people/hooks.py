"""What higher rooms do when a person leaves: they register here, run in the same transaction and may refuse."""

from collections.abc import Callable
from datetime import datetime

from app.kernel.actor import Actor

# (employee_id, actor, now): move everything the person is responsible for to someone else, or raise a Refusal.
OnDeactivate = Callable[[int, Actor, datetime], None]

on_deactivate: list[OnDeactivate] = []
"""Register with `hooks.on_deactivate.append(function)`; appending twice is avoided by `add`."""


def add(step: OnDeactivate) -> OnDeactivate:
    """Register a step once, however many applications one process makes."""
    if step not in on_deactivate:
        on_deactivate.append(step)
    return step
