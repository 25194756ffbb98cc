"""A desk in London with people, open Monday to Friday from 9 to 17, and a case that has clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.people.models import Site
from app.sla import actions as clocks
from tests.people.builders import Company, make_company, make_person, make_site, make_team

MONDAY = datetime(2026, 2, 2, 9, 0, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TEST = command("test")


@dataclass(frozen=True)
class Desk:
    site_id: int
    team_id: int
    ana: int
    sam: int
    calendar_id: int

    def start(self, case_id: int = 1, *, at: datetime = MONDAY, severity: int = 4, **more: object) -> datetime | None:
        given = {"site_id": self.site_id, "team_id": self.team_id, "owner_id": self.ana, "started_at": at, "now": at}
        return clocks.start_case_clocks(case_id=case_id, severity=severity, actor=TEST, **{**given, **more})  # type: ignore[arg-type]


def open_desk(*, around_the_clock: bool = False) -> Desk:
    now = MONDAY - timedelta(days=30)
    hours = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
    calendar_id = calendars.add_calendar(
        code="london", name="London desk", zone="Europe/London", windows=hours, actor=TEST, now=now
    )
    site = make_site(calendar_id=None if around_the_clock else calendar_id, now=now)
    team = make_team("Front desk", site.id)
    sam = make_person("Sam Okafor", "supervisor", site.id, team_id=team.id)
    ana = make_person("Ana Ruiz", "frontline", site.id, team_id=team.id, manager_id=sam.id)
    return Desk(site.id, team.id, ana.id, sam.id, calendar_id)


def company_at_a_desk() -> Company:
    """The company, its first site open Monday to Friday from 9 to 17."""
    company, start = make_company(), MONDAY - timedelta(days=30)
    hours = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
    calendar_id = calendars.add_calendar(
        code="london", name="London desk", zone="Europe/London", windows=hours, actor=TEST, now=start
    )
    with transaction():
        db.session.get_one(Site, company.quayside.id).calendar_id = calendar_id
        clocks.audit.record(clocks.CANCELLED, subject="ST-1", actor=TEST, at=start, milestones=[])
    return company
