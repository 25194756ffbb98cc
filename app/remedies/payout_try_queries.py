"""How often a payout was tried, how often its provider was asked, and what the last trouble was."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.kernel.database import db
from app.notifications.outbox_models import OutboxAttempt, OutboxMessage
from app.remedies.payout_actions import CHANNEL
from app.remedies.payout_models import Payout, PayoutEvent, PayoutLook


@dataclass(frozen=True, slots=True)
class Tries:
    """count: tries that began, over all rounds; last_error: of the newest one that ended in trouble, kept after a success.

    next_at: when it is tried or looked up again by itself, if it is.
    """

    count: int = 0
    last_error: str | None = None
    last_error_at: datetime | None = None
    next_at: datetime | None = None
    looks: int = 0
    looked_at: datetime | None = None


def tries(keys: Mapping[int, tuple[str, int]]) -> dict[int, Tries]:
    """Return what is known of each payout's tries, in three queries however many. keys: id → (key, round)."""
    if not keys:
        return {}
    owners = {f"{key}-{number}": payout_id for payout_id, (key, last) in keys.items() for number in range(1, last + 1)}
    found = {payout_id: Tries() for payout_id in keys}
    for row in _attempts(owners):
        found[owners[row.key]] = _with(found[owners[row.key]], row)
    for payout_id, at, said in _refusals(keys):
        before = found[payout_id]
        if before.last_error_at is None or at >= before.last_error_at:
            found[payout_id] = replace(before, last_error=said, last_error_at=at)
    for payout_id, count, looked_at, due_at, error, state in _looks(keys):
        before = found[payout_id]
        found[payout_id] = replace(before, looks=count, looked_at=looked_at)
        if error and (before.last_error_at is None or looked_at >= before.last_error_at):
            found[payout_id] = replace(found[payout_id], last_error=error, last_error_at=looked_at)
        if state == "sent" and before.next_at is None:
            found[payout_id] = replace(found[payout_id], next_at=due_at)
    return found


def keys_of(payout_ids: Iterable[int]) -> dict[int, tuple[str, int]]:
    """What `tries` is asked with."""
    rows = db.session.execute(select(Payout.id, Payout.key, Payout.round).where(Payout.id.in_(list(payout_ids))))
    return {row.id: (row.key, row.round) for row in rows}


def _attempts(owners: Mapping[str, int]) -> Iterable[Any]:
    return db.session.execute(
        select(
            OutboxMessage.key, OutboxAttempt.state, OutboxAttempt.due_at, OutboxAttempt.began_at,
            OutboxAttempt.ended_at, OutboxAttempt.error,
        )
        .join(OutboxAttempt, OutboxAttempt.message_id == OutboxMessage.id)
        .where(OutboxMessage.channel == CHANNEL, OutboxMessage.key.in_(list(owners)))
        .order_by(OutboxAttempt.id)
    )  # fmt: skip


def _refusals(keys: Mapping[int, Any]) -> Iterable[Any]:
    """The newest definite failure of each: the try itself went well, since it got an answer."""
    newest = (
        select(func.max(PayoutEvent.id))
        .where(PayoutEvent.payout_id.in_(list(keys)), PayoutEvent.what == "failed", PayoutEvent.note.is_not(None))
        .group_by(PayoutEvent.payout_id)
    )
    return db.session.execute(
        select(PayoutEvent.payout_id, PayoutEvent.at, PayoutEvent.note).where(PayoutEvent.id.in_(newest))
    )


def _looks(keys: Mapping[int, Any]) -> Iterable[Any]:
    return db.session.execute(
        select(
            PayoutLook.payout_id, PayoutLook.count, PayoutLook.looked_at, PayoutLook.due_at, PayoutLook.error,
            Payout.state,
        )
        .join(Payout, Payout.id == PayoutLook.payout_id)
        .where(PayoutLook.payout_id.in_(list(keys)))
    )  # fmt: skip


def _with(before: Tries, row: Any) -> Tries:
    """Add one try to what is known; they come in the order in which they were planned."""
    if row.state == "waiting":
        return replace(before, next_at=row.due_at)
    after = replace(before, count=before.count + 1)
    return replace(after, last_error=row.error, last_error_at=row.ended_at) if row.error else after
