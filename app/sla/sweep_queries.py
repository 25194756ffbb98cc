"""What the sweep reads, each statement made once: which clocks are past a step (from the index alone), then these clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from app.calendars.models import CalendarVersion
from app.calendars.queries import calendar_of
from app.calendars.rules import Calendar, Pause
from app.kernel.database import UTCDateTime, db
from app.people.models import Site
from app.sla.models import Clock, ClockPause


@dataclass(frozen=True, slots=True)
class Due:
    """A clock that the sweep found, as plain values; a notice reads the same of a model."""

    id: int
    case_id: int
    case_ref: str
    milestone: str
    site_id: int
    team_id: int | None
    owner_id: int | None
    due_at: datetime | None
    target_seconds: int
    started_at: datetime
    warned_at: datetime | None
    breached_at: datetime | None
    told: int | None
    policy_version_id: int | None
    calendar_version_id: int | None
    subject: str | None
    stopped_at: datetime | None
    cancelled_at: datetime | None


def due_ids(now: datetime, limit: int, *, lock: bool = False) -> list[int]:
    """The clocks whose next step has passed, the longest ago first. lock: rows that another process works on are left out."""
    found = db.session.connection().execute(_LOCKED if lock else _DUE, {"now": now, "limit": limit})
    return list(found.scalars())


def due_clocks(ids: Sequence[int]) -> list[Due]:
    """These clocks, in the order of their ids."""
    rows = db.session.connection().execute(_CLOCKS, {"ids": ids}) if ids else ()
    return [Due(*row) for row in rows]


def pauses_of(ids: Sequence[int]) -> dict[int, tuple[Pause, ...]]:
    """The pauses of these clocks."""
    found: dict[int, tuple[Pause, ...]] = {}
    for clock_id, from_at, to_at in db.session.connection().execute(_PAUSES, {"ids": ids}) if ids else ():
        found[clock_id] = (*found.get(clock_id, ()), (from_at, to_at))
    return found


def desks(clocks: Sequence[Due]) -> dict[int, Calendar]:
    """By clock, the hours in which its notices are given: its own, or its site's newest where it counts every second."""
    sites = {clock.site_id for clock in clocks if clock.calendar_version_id is None}
    hours: dict[int, int] = {}
    if sites:
        hours = {row[0]: row[1] for row in db.session.connection().execute(_HOURS, {"ids": list(sites)})}
    return {clock.id: calendar_of(clock.calendar_version_id or hours.get(clock.site_id)) for clock in clocks}


_DUE = (
    select(Clock.id)
    .where(Clock.next_notice_at < bindparam("now", type_=UTCDateTime))
    .order_by(Clock.next_notice_at, Clock.id)
    .limit(bindparam("limit"))
)
_LOCKED = _DUE.with_for_update(skip_locked=True)
_CLOCKS = (
    select(*(getattr(Clock, name) for name in Due.__dataclass_fields__))
    .where(Clock.id.in_(bindparam("ids", expanding=True)))
    .order_by(Clock.id)
)
_PAUSES = (
    select(ClockPause.clock_id, ClockPause.from_at, ClockPause.to_at)
    .where(ClockPause.clock_id.in_(bindparam("ids", expanding=True)))
    .order_by(ClockPause.id)
)
_HOURS = (
    select(Site.id, func.max(CalendarVersion.id))
    .join(CalendarVersion, CalendarVersion.calendar_id == Site.calendar_id)
    .where(Site.id.in_(bindparam("ids", expanding=True)))
    .group_by(Site.id)
)
