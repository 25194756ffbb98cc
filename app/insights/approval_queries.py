"""One decider's own decisions, as a mirror: how fast, how often wholly granted, and what customers waited for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionStep, ExceptionVote
from app.insights.rules import Percentile, Share, percentile, share
from app.kernel.database import db

DAYS = 90
ROWS_MAX = 2_000
QUICK_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Mirror:
    """quick: granted wholly, without a word, within QUICK_SECONDS of the step's opening. granted: approved, wholly or in
    part, though the rules had refused it to the asker. waited_seconds: customers' wall-clock time in these steps."""

    quick: Share
    granted: Share
    wait: Percentile
    waited_seconds: int

    @property
    def count(self) -> int:
        return self.granted.trials


def mirror(employee_id: int, now: datetime) -> Mirror:
    """Measure what one person decided in DAYS, the newest ROWS_MAX; in one query."""
    rows = db.session.execute(
        select(
            ExceptionVote.outcome, ExceptionVote.amount_minor, ExceptionVote.reason, ExceptionVote.at,
            ExceptionStep.opened_at, ExceptionRequest.amount_minor.label("asked_minor"),
        )
        .join(ExceptionRequest, ExceptionRequest.id == ExceptionVote.exception_id)
        .join(
            ExceptionStep,
            (ExceptionStep.exception_id == ExceptionVote.exception_id)
            & (ExceptionStep.round == ExceptionVote.round)
            & (ExceptionStep.number == ExceptionVote.number),
        )
        .where(ExceptionVote.decided_by_id == employee_id, ExceptionVote.at >= now - timedelta(days=DAYS))
        .order_by(ExceptionVote.id.desc())
        .limit(ROWS_MAX)
    ).all()  # fmt: skip
    seconds = [int((row.at - row.opened_at).total_seconds()) for row in rows]
    quick = sum(
        row.outcome == "approved" and row.amount_minor == row.asked_minor and not row.reason and took <= QUICK_SECONDS
        for row, took in zip(rows, seconds, strict=True)
    )
    granted = sum(row.outcome == "approved" for row in rows)
    return Mirror(share(quick, len(rows)), share(granted, len(rows)), percentile(sorted(seconds), 0.5), sum(seconds))
