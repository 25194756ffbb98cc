"""Reads over the outbox; payloads stay inside, since they name people."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.notifications.outbox_models import OutboxAttempt, OutboxHandover, OutboxMessage

COUNT_MAX = 1_001


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A message that was given up. is_unknown: it was handed over and may have arrived."""

    id: int
    message_id: int
    channel: str
    key: str
    tries: int
    error: str | None
    at: datetime
    ended_at: datetime | None
    is_unknown: bool = False

    @property
    def ref(self) -> str:
        return ref("message", self.message_id)


def dead_letters(page: Page) -> Slice[DeadRow]:
    """Messages that were given up, the newest first."""
    statement = (
        select(
            OutboxAttempt.id, OutboxAttempt.message_id, OutboxAttempt.channel, OutboxMessage.key, OutboxAttempt.number,
            OutboxAttempt.error, OutboxMessage.at, OutboxAttempt.ended_at, OutboxHandover.attempt_id.is_not(None),
        )
        .outerjoin(OutboxHandover, OutboxHandover.attempt_id == OutboxAttempt.id)
        .join(OutboxMessage, OutboxMessage.id == OutboxAttempt.message_id)
        .where(OutboxAttempt.state == "dead")
        .order_by(OutboxAttempt.id.desc())
        .limit(page.size + 1)
    )  # fmt: skip
    if page.after:
        statement = statement.where(OutboxAttempt.id < page.after[0])
    rows = [DeadRow(*row) for row in db.session.execute(statement)]
    return slice_of(rows, page, lambda row: (row.id,))


def waiting_count() -> int:
    """How many tries are planned or under way, at most COUNT_MAX."""
    open_ones = select(OutboxAttempt.id).where(OutboxAttempt.state.in_(("waiting", "running"))).limit(COUNT_MAX)
    return db.session.scalar(select(func.count()).select_from(open_ones.subquery())) or 0


def dead_count() -> int:
    """How many messages were given up, at most COUNT_MAX."""
    dead = select(OutboxAttempt.id).where(OutboxAttempt.state == "dead").limit(COUNT_MAX)
    return db.session.scalar(select(func.count()).select_from(dead.subquery())) or 0


def oldest_due_at(now: datetime) -> datetime | None:
    """Since when the oldest due try waits, or None."""
    statement = (
        select(OutboxAttempt.due_at)
        .where(OutboxAttempt.state.in_(("waiting", "running")), OutboxAttempt.due_at <= now)
        .order_by(OutboxAttempt.due_at)
        .limit(1)
    )
    found: datetime | None = db.session.scalar(statement)
    return found
