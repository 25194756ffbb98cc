"""One decider's own decisions, as a mirror, and what a place learns from its decisions."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from app.approvals import appeal_queries
from app.approvals.appeal_queries import Credit
from app.approvals.appeal_rules import Appeal, appeals
from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionStep, ExceptionVote
from app.insights.approval_rules import Difference, Latency, Outcome, band, latency, matched_difference, overturns
from app.insights.rules import Percentile, Share, percentile, share
from app.kernel.database import db
from app.remedies.models import Remedy

DAYS = 90
ROWS_MAX = 2_000
QUICK_SECONDS = 20
CREDITS_SHOWN = 20
ENDED = ("settled", "reversed", "declined", "released", "expired", "withdrawn")


@dataclass(frozen=True, slots=True)
class Mirror:
    """quick: granted wholly, without a word, within QUICK_SECONDS of the step's opening. granted: approved, wholly or in
    part, though the rules had refused it to the asker. waited_seconds: customers' wall-clock time in these steps."""

    quick: Share
    granted: Share
    wait: Percentile
    most: Percentile
    waited_seconds: int
    overturned: Share

    @property
    def count(self) -> int:
        return self.granted.trials


def mirror(employee_id: int, now: datetime) -> Mirror:
    """Measure what one person decided in DAYS, the newest ROWS_MAX; in one query."""
    rows = db.session.execute(
        select(
            ExceptionVote.outcome, ExceptionVote.amount_minor, ExceptionVote.reason, ExceptionVote.at,
            ExceptionStep.opened_at, ExceptionRequest.amount_minor.label("asked_minor"), ExceptionRequest.case_id,
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
    return Mirror(
        share(quick, len(rows)),
        share(granted, len(rows)),
        percentile(sorted(seconds), 0.5),
        percentile(sorted(seconds), 0.9),
        sum(seconds),
        overturns(_decided_appeals(rows)),
    )


def _decided_appeals(rows: Sequence[Any]) -> list[Appeal]:
    """The appeals that these says answered: granted by the first approval after them, refused otherwise."""
    said: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        said[row.case_id].append(row)
    found = []
    for case_id, turns in appeal_queries.turns_of_cases(list(said)).items():
        grants = [row.at for row in said[case_id] if row.outcome == "approved"]
        last = max(row.at for row in said[case_id])
        found += [one for one in appeals(turns, grants) if one.appealed_at <= last]
    return found


@dataclass(frozen=True, slots=True)
class Learned:
    """What the decisions at some places taught in DAYS. credits: granted appeals, without who had refused."""

    overturned: Share
    latency: Latency
    difference: Difference
    credits: list[Credit]


def difference(site_ids: Collection[int], since: datetime) -> Difference:
    """What waiting costs at some places, from the newest ROWS_MAX offers since an instant."""
    return matched_difference(_outcomes(since, site_ids))


def learned(site_ids: Collection[int], now: datetime) -> Learned:
    """Measure some places, the newest ROWS_MAX of each kind; a fixed number of queries."""
    since = now - timedelta(days=DAYS)
    case_ids = appeal_queries.reopened_cases(since, site_ids, ROWS_MAX)
    turns, grants = appeal_queries.turns_of_cases(case_ids), appeal_queries.approvals_in(case_ids)
    found = [
        one
        for case_id in case_ids
        for one in appeals(turns[case_id], [at for at, _by in grants[case_id]])
        if one.appealed_at >= since
    ]
    return Learned(
        overturns(found),
        latency(_waits(since, site_ids)),
        matched_difference(_outcomes(since, site_ids)),
        appeal_queries.credits(since, site_ids, CREDITS_SHOWN),
    )


def _waits(since: datetime, site_ids: Collection[int]) -> list[tuple[datetime, datetime]]:
    rows = db.session.execute(
        select(ExceptionRequest.asked_at, ExceptionRequest.ended_at)
        .where(ExceptionRequest.ended_at >= since, ExceptionRequest.site_id.in_(list(site_ids)))
        .where(ExceptionRequest.state.in_(("approved", "declined")))
        .order_by(ExceptionRequest.id.desc())
        .limit(ROWS_MAX)
    )
    return [(row.asked_at, row.ended_at) for row in rows]


def _outcomes(since: datetime, site_ids: Collection[int]) -> list[Outcome]:
    """Offers of goodwill that ended, matched by kind, currency and band; of exceptions those that were approved."""
    rows = db.session.execute(
        select(Remedy.kind, Remedy.currency, Remedy.amount_minor, Remedy.state, Remedy.exception_id)
        .outerjoin(ExceptionRequest, ExceptionRequest.id == Remedy.exception_id)
        .where(Remedy.created_at >= since, Remedy.site_id.in_(list(site_ids)), Remedy.nature == "goodwill")
        .where(Remedy.state.in_(ENDED), Remedy.historic.is_(False))
        .where(or_(Remedy.exception_id.is_(None), ExceptionRequest.state == "approved"))
        .order_by(Remedy.id.desc())
        .limit(ROWS_MAX)
    )
    return [
        Outcome(
            (row.kind, row.currency, band(row.amount_minor)),
            row.exception_id is not None,
            row.state in ("settled", "reversed"),
        )
        for row in rows
    ]
