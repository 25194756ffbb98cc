"""What waiting for approvals costs the customer: the time itself, and what it goes with."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select

from app.approvals.models import ExceptionRequest
from app.cases.models import Case
from app.feedback import rules as feedback
from app.feedback.models import Survey, SurveyAnswer
from app.insights.approval_queries import ENDED
from app.insights.approval_rules import Difference, Outcome, band, matched_difference
from app.insights.durations import seconds_between
from app.insights.queries import Part, in_team
from app.kernel.database import db
from app.remedies.models import Remedy

ROWS_MAX = 20_000


def waited(part: Part, now: datetime) -> dict[int | None, tuple[int, int]]:
    """(requests, whole seconds) for each place that requests asked in the period waited, whatever became of them.

    One that waits still counts until now. Place: the part's teams or sites.
    """
    asked = ExceptionRequest
    place = asked.team_id if part.by == "team" else asked.site_id
    rows = db.session.execute(
        select(place, func.count(), func.sum(seconds_between(func.coalesce(asked.ended_at, now), asked.asked_at)))
        .where(asked.site_id.in_(part.site_ids), asked.asked_at >= part.since, asked.asked_at < part.until)
        .where(in_team(asked.team_id, part))
        .group_by(place)
    )
    found: dict[int | None, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for key, count, seconds in rows:
        found[key] = (count, round(float(seconds or 0)))
    return dict(found)


def satisfied_difference(part: Part) -> Difference:
    """How many more answers of 4 or 5 came where the customer waited for a decision, against alike cases without a wait.

    Alike: the same category and severity. Of the newest ROWS_MAX answers about resolutions of the period.
    """
    has_waited = (
        select(ExceptionRequest.id)
        .where(ExceptionRequest.case_id == Survey.case_id, ExceptionRequest.asked_at <= Survey.resolved_at)
        .exists()
    )
    rows = db.session.execute(
        select(Case.category_id, Survey.severity, has_waited, SurveyAnswer.csat)
        .select_from(Survey)
        .join(SurveyAnswer, SurveyAnswer.survey_id == Survey.id)
        .join(Case, Case.id == Survey.case_id)
        .where(Survey.site_id.in_(part.site_ids), Survey.resolved_at >= part.since, Survey.resolved_at < part.until)
        .where(SurveyAnswer.csat.is_not(None), in_team(Survey.team_id, part), Case.historic.is_(False))
        .order_by(Survey.id.desc())
        .limit(ROWS_MAX)
    )
    return matched_difference(
        [
            Outcome((category, severity), bool(waits), (csat or 0) >= feedback.CSAT_TOP_MIN)
            for category, severity, waits, csat in rows
        ]
    )


def taken_difference(part: Part) -> Difference:
    """How many more goodwill offers were taken after an approval, against alike offers at once (kind, currency and band)."""
    rows: Any = db.session.execute(
        select(Remedy.kind, Remedy.currency, Remedy.amount_minor, Remedy.state, Remedy.exception_id)
        .outerjoin(ExceptionRequest, ExceptionRequest.id == Remedy.exception_id)
        .where(Remedy.site_id.in_(part.site_ids), Remedy.created_at >= part.since, Remedy.created_at < part.until)
        .where(Remedy.nature == "goodwill", Remedy.state.in_(ENDED), Remedy.historic.is_(False))
        .where(in_team(Remedy.team_id, part))
        .where(or_(Remedy.exception_id.is_(None), ExceptionRequest.state == "approved"))
        .order_by(Remedy.id.desc())
        .limit(ROWS_MAX)
    )
    return matched_difference(
        [
            Outcome(
                (row.kind, row.currency, band(row.amount_minor)),
                row.exception_id is not None,
                row.state in ("settled", "reversed"),
            )
            for row in rows
        ]
    )
