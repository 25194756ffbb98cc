"""What higher rooms do when a person leaves (they may refuse), or when how somebody signs in changes (they tell)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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


# (employee_id, now): somebody's access was stopped, and what they hold has yet to be handed over.
on_access_stop: list[Callable[[int, datetime], None]] = []


@dataclass(frozen=True, slots=True)
class AccessChange:
    """Something about how a person signs in that they should know at once.

    what: new-device, factor-added, factor-removed, codes-made, code-used, codes-guessed, pass-phrase,
    passkey-added, passkey-removed, passkey-copied.
    """

    what: str
    employee_id: int
    params: Mapping[str, Any] = field(default_factory=dict)


on_access_change: list[Callable[[AccessChange, datetime], None]] = []


def tell_of_access(what: str, employee_id: int, now: datetime, **params: Any) -> None:
    """Tell whoever registered, inside the deed's own transaction."""
    for step in on_access_change:
        step(AccessChange(what, employee_id, params), now)


@dataclass(frozen=True, slots=True)
class RoleNews:
    """What became of a change of role. what: proposed, confirmed (also: changed at once), refused."""

    what: str
    employee_id: int
    person: str
    proposed_by_id: int | None


on_role_change: list[Callable[[RoleNews, datetime], None]] = []


def tell_of_role(news: RoleNews, now: datetime) -> None:
    """Tell whoever registered, inside the deed's own transaction."""
    for step in on_role_change:
        step(news, now)
