"""Read calendars: each once an hour, a few at a time, with nothing of the database held meanwhile."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import or_, select

from app.approvals import calendar_actions as calendars
from app.approvals.absence_models import CalendarFeed
from app.approvals.calendar_rules import BYTES_MAX, BadCalendar, times_away
from app.kernel import outgoing
from app.kernel.actor import rule
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.people.models import Employee, Site
from config import Settings

ACTOR = rule("calendar")
TURNS = 60


def read_due(*, now: datetime, limit: int = 20) -> int:
    """Read the calendars whose minute of the hour it is, and those that were just connected, `limit` at a time.

    All of them are read in one run, so it never says that there may be more at once: returns how many, below `limit`.
    """
    handled, after = 0, 0
    while due := _due(now, after, limit):
        for row in due:
            read_one(employee_id=row.employee_id, url=row.url, zone=ZoneInfo(row.time_zone), now=now)
        handled, after = handled + len(due), due[-1].employee_id
    return min(handled, limit - 1)


def _due(now: datetime, after: int, limit: int) -> Sequence[Any]:
    """The next calendars of this minute, by their owner; nothing of the database is held afterwards."""
    turn = int(now.timestamp() // 60) % TURNS
    due = db.session.execute(
        select(CalendarFeed.employee_id, CalendarFeed.url, Site.time_zone)
        .join(Employee, Employee.id == CalendarFeed.employee_id)
        .join(Site, Site.id == Employee.site_id)
        .where(CalendarFeed.url.is_not(None), CalendarFeed.next_at <= now, Employee.deactivated_at.is_(None))
        .where(or_(CalendarFeed.employee_id % TURNS == turn, CalendarFeed.read_at.is_(None)))
        .where(CalendarFeed.employee_id > after)
        .order_by(CalendarFeed.employee_id)
        .limit(limit)
    ).all()
    db.session.remove()
    return due


def read_one(*, employee_id: int, url: str, zone: ZoneInfo, now: datetime) -> None:
    """Fetch one calendar and let absences follow it; a trouble is noted and changes none."""
    settings: Settings = current_app.extensions["makegood_settings"]
    try:
        answer = outgoing.send(
            "GET", url, headers={"Accept": "text/calendar"}, seconds=settings.outgoing_seconds, bytes_max=BYTES_MAX
        )
        if answer.status != 200:
            raise BadCalendar("refused")
        found = times_away(answer.body, zone=zone, now=now)
    except outgoing.NotReached:
        calendars.note_failure(employee_id=employee_id, code="not_reached", actor=ACTOR, now=now)
    except outgoing.NoAnswer:
        calendars.note_failure(employee_id=employee_id, code="no_answer", actor=ACTOR, now=now)
    except BadCalendar as trouble:
        calendars.note_failure(employee_id=employee_id, code=trouble.code, actor=ACTOR, now=now)
    else:
        try:
            calendars.take_over(employee_id=employee_id, found=found, actor=ACTOR, now=now)
        except Refusal:  # of one person's times; the others' calendars are read all the same
            calendars.note_failure(employee_id=employee_id, code="not_taken", actor=ACTOR, now=now)
