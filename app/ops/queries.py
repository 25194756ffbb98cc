"""What health pages read: signs of life, seals, a few bounded counts."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import func, select

from app.approvals.models import ExceptionRequest
from app.audit import checkpoint_queries as checkpoints
from app.audit import queries as audit
from app.audit.models import AuditEntry, AuditSeal
from app.kernel.database import db
from app.notifications import outbox_queries as outbox
from app.notifications.outbox_models import OutboxAttempt
from app.ops.models import Heartbeat
from app.ops.rules import (
    DRILL_SECONDS_MAX,
    SCHEDULER_SECONDS_MAX,
    UNDELIVERED_SECONDS_MAX,
    UNSEALED_SECONDS_MAX,
    Check,
)
from app.sla.models import Clock, ClockPause, Rerun
from config import Settings

COUNT_MAX = 1_001


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign of life of the scheduler or of one job."""

    name: str
    at: datetime
    took_ms: int
    done_count: int
    run_count: int
    failure_count: int
    last_error: str | None


def signs() -> dict[str, Sign]:
    """Return all signs of life by name; a handful of rows."""
    columns = [getattr(Heartbeat, name) for name in Sign.__dataclass_fields__]
    return {row.name: Sign(*row) for row in db.session.execute(select(*columns).order_by(Heartbeat.name))}


def scheduler_checks(found: dict[str, Sign], now: datetime) -> tuple[Check, Check]:
    """Judge the scheduler's heartbeat and its jobs' last failures."""
    heart = found.get("scheduler")
    age = (now - heart.at).total_seconds() if heart else None
    broken = [sign.name.removeprefix("job:") for sign in found.values() if sign.last_error]
    return (
        Check("scheduler", age is not None and abs(age) <= SCHEDULER_SECONDS_MAX, age),
        Check("jobs", not broken, None, ", ".join(broken)),
    )


def drill_check(found: dict[str, Sign], now: datetime) -> Check:
    """Judge when a backup was last restored in rehearsal."""
    drill = found.get("restore-drill")
    age = (now - drill.at).total_seconds() if drill else None
    return Check("restore-drill", age is not None and age <= DRILL_SECONDS_MAX, age)


def seal_check(now: datetime) -> Check:
    """Look at entries newer than the last seal; bounded."""
    last = db.session.scalar(select(AuditSeal.entry_id).order_by(AuditSeal.number.desc()).limit(1)) or 0
    newer = select(AuditEntry.recorded_at).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(COUNT_MAX)
    waiting = list(db.session.scalars(newer))
    age = (now - min(waiting)).total_seconds() if waiting else None
    return Check("seals", age is None or age <= UNSEALED_SECONDS_MAX, age, str(len(waiting)) if waiting else "")


def checkpoint_check(now: datetime) -> Check:
    """Look at the oldest entry that no signed checkpoint covers; twice the time between two of them is late."""
    settings: Settings = current_app.extensions["makegood_settings"]
    since = checkpoints.uncovered_since()
    age = (now - since).total_seconds() if since else None
    return Check("checkpoints", age is None or age <= settings.checkpoint_minutes * 120, age)


def outbox_check(now: datetime) -> Check:
    """Look at the oldest try that is due, and at messages that were given up; bounded."""
    oldest, dead = outbox.oldest_due_at(now), outbox.dead_count()
    age = (now - oldest).total_seconds() if oldest else None
    return Check("outbox", not dead and (age is None or age <= UNDELIVERED_SECONDS_MAX), age, str(dead) if dead else "")


def exceptions_waiting() -> int:
    """Count waiting requests, at most COUNT_MAX."""
    waiting = select(ExceptionRequest.id).where(ExceptionRequest.state == "waiting").limit(COUNT_MAX)
    return db.session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def sealed_count(now: datetime) -> int:
    return audit.head(now).number


def backlogs(now: datetime) -> dict[str, int]:
    """What waits for a job that has to keep up, at most COUNT_MAX each, read from the indexes that the jobs use."""
    waiting = {
        "sla-sweep": select(Clock.id).where(Clock.next_notice_at < now),
        "pauses-end": select(ClockPause.id).where(
            ClockPause.to_at.is_(None), ClockPause.limit_at.is_not(None), ClockPause.limit_at <= now
        ),
        "reruns": select(Rerun.id).where(Rerun.state == "waiting"),
        "outbox-deliver": select(OutboxAttempt.id).where(
            OutboxAttempt.state.in_(("waiting", "running")), OutboxAttempt.due_at <= now
        ),
        "exceptions-expire": select(ExceptionRequest.id).where(
            ExceptionRequest.state == "waiting", ExceptionRequest.expires_at < now
        ),
    }
    return {
        name: db.session.scalar(select(func.count()).select_from(wanted.limit(COUNT_MAX).subquery())) or 0
        for name, wanted in waiting.items()
    }
