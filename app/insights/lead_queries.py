"""What somebody who leads looks at in the morning: today, what is at risk, what waits. Counts of places, never of people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all

from app.approvals.models import ExceptionRequest
from app.cases.models import Case
from app.feedback.models import FollowUp
from app.insights.queries import Part, in_team
from app.insights.rules import Share, share
from app.kernel.database import db
from app.notifications.models import Notification

LOW_ANSWER = "feedback:low"


@dataclass(frozen=True, slots=True)
class Today:
    """Since the first instant of the local day; waiting and unhappy: now, with the instant since when the oldest waits."""

    logged: int
    resolved: int
    waiting: int
    waiting_since: datetime | None
    unhappy: int
    unhappy_due_at: datetime | None


def today(part: Part) -> Today:
    """Count a part's day (part.since is its beginning) in one query."""
    here = (Case.site_id.in_(part.site_ids), in_team(Case.team_id, part), Case.historic.is_(False))
    asked = (ExceptionRequest.site_id.in_(part.site_ids), in_team(ExceptionRequest.team_id, part))
    unhappy = (FollowUp.site_id.in_(part.site_ids), in_team(FollowUp.team_id, part))
    rows = db.session.execute(
        union_all(
            _counted(1, Case.logged_at, *here, Case.logged_at >= part.since),
            _counted(2, Case.resolved_at, *here, Case.resolved_at >= part.since),
            _counted(3, ExceptionRequest.asked_at, *asked, ExceptionRequest.state == "waiting"),
            _counted(4, FollowUp.due_at, *unhappy, FollowUp.closed_at.is_(None)),
        )
    )
    found = {place: (count, at) for place, count, at in rows}
    return Today(found[1][0], found[2][0], *found[3], *found[4])


def _counted(place: int, at: Any, *where: ColumnElement[bool]) -> Select[Any]:
    """How many there are, and the first instant; place: the rows of a union have no order."""
    return select(literal(place), func.count(), func.min(at)).where(*where)


def answers_read(employee_id: int, part: Part) -> Share:
    """Of the words about unhappy customers that reached somebody in a time, those that they have read."""
    k, n = db.session.execute(
        select(func.count(Notification.read_at), func.count()).where(
            Notification.employee_id == employee_id,
            Notification.kind == LOW_ANSWER,
            Notification.at >= part.since,
            Notification.at < part.until,
        )
    ).one()
    return share(k, n)
