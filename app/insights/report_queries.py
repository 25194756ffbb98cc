"""Reports by mail: whose there are, which are due, and whether a reader may still have one."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.calendars.queries import calendar_of, newest_version_id
from app.calendars.rules import Calendar
from app.insights import report_rules as rules
from app.insights.queries import Part
from app.insights.report_models import ReportSending, ReportWish
from app.insights.report_rules import NEEDS
from app.insights.rules import period_of
from app.kernel.actor import Actor
from app.kernel.database import db
from app.people import permissions
from app.people import queries as people
from app.people.models import AccessStop, Employee
from app.people.queries import PersonRow, SiteRow

LOOKBACK = timedelta(days=31 * (rules.MISSED_MAX + 3))  # further back no period is taken up


def may_have(actor: Actor, report: str, site_id: int | None, team_id: int | None) -> bool:
    """Tell whether somebody, as they are now, may read a report about a place."""
    scope = permissions.scope_of(actor, NEEDS[report])
    if scope is None or not scope.covers(site_id=site_id, team_id=team_id):
        return False
    team = people.team(team_id) if team_id is not None else None
    return team_id is None or (team is not None and team.site_id == site_id)


def part_for(wish: ReportWish, actor: Actor, until: datetime) -> Part | None:
    """What a report measures for a reader as they are now; None where they may not have it."""
    if not may_have(actor, wish.report, wish.site_id, wish.team_id):
        return None
    scope = permissions.scope_of(actor, NEEDS[wish.report])
    assert scope is not None, "asked just now"
    sites = tuple(site.id for site in people.sites() if scope.covers(site_id=site.id))
    period = period_of(wish.period)
    site_ids = sites if wish.site_id is None else (wish.site_id,)
    team_id = wish.team_id if scope.kind != "team" else scope.team_id
    return Part(site_ids, team_id, until - timedelta(days=period.days), until)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The wall and the hours that a reader's report goes by: those of the reader's own site."""

    zone: ZoneInfo
    hours: Calendar


def clockwork(site: SiteRow) -> Clockwork:
    return Clockwork(ZoneInfo(site.time_zone), calendar_of(newest_version_id(site.calendar_id)))


def wishes_of(employee_id: int) -> list[ReportWish]:
    """One person's reports that have not ended, the newest first."""
    mine = select(ReportWish).where(ReportWish.employee_id == employee_id, ReportWish.ended_at.is_(None))
    return list(db.session.scalars(mine.order_by(ReportWish.id.desc()).limit(rules.WISHES_MAX)))


def last_sent(wish_ids: list[int]) -> dict[int, datetime]:
    """When each was taken up for sending last."""
    rows = db.session.execute(
        select(ReportSending.wish_id, ReportSending.at)
        .where(ReportSending.wish_id.in_(wish_ids))
        .order_by(ReportSending.id)
    )
    return {row.wish_id: row.at for row in rows}


def due(now: datetime, limit: int) -> list[tuple[int, rules.Period]]:
    """The periods to take up now, of the oldest reports first; of people who work here."""
    rows = db.session.execute(
        select(ReportWish, Employee.site_id)
        .join(Employee, Employee.id == ReportWish.employee_id)
        .where(ReportWish.paused_at.is_(None), ReportWish.ended_at.is_(None), Employee.deactivated_at.is_(None))
        .order_by(ReportWish.id)
    ).all()
    if not rows:
        return []
    done: dict[int, set[str]] = defaultdict(set)
    ids = [wish.id for wish, _site in rows]
    for wish_id, key in db.session.execute(
        select(ReportSending.wish_id, ReportSending.period_key).where(
            ReportSending.wish_id.in_(ids), ReportSending.until >= now - LOOKBACK
        )
    ):
        done[wish_id].add(key)
    works = {site.id: clockwork(site) for site in people.sites() if site.id in {site_id for _, site_id in rows}}
    found: list[tuple[int, rules.Period]] = []
    for wish, site_id in rows:
        work = works[site_id]
        found += [
            (wish.id, period)
            for period in rules.periods_due(
                wish.every, wish.day, wish.hour, work.zone, work.hours, since=wish.made_at, now=now, done=done[wish.id]
            )
        ]
        if len(found) >= limit:
            break
    return found[:limit]


@dataclass(frozen=True, slots=True)
class Sending:
    """One period of a report with who gets it."""

    wish: ReportWish
    reader: PersonRow
    until: datetime
    key: str


def sending(sending_id: int) -> Sending | None:
    """What is owed; None where the report has ended or rests, or its reader has left or is let in no more."""
    row = db.session.get(ReportSending, sending_id)
    wish = db.session.get(ReportWish, row.wish_id) if row is not None else None
    reader = people.person(wish.employee_id) if wish is not None else None
    if row is None or wish is None or reader is None or not reader.is_active:
        return None
    if wish.paused_at is not None or wish.ended_at is not None or db.session.get(AccessStop, reader.id) is not None:
        return None
    return Sending(wish, reader, row.until, row.period_key)
