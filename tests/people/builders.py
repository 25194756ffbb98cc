"""A small company for any room's tests, made through actions: `company = make_company()`, `company.ana.actor`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient

from app.kernel.actor import Actor, command
from app.kernel.time import UTC, utc_now
from app.people import actions as people
from app.people import queries
from app.people.queries import PersonRow, SiteRow, TeamRow
from app.people.sign_in import SESSION_KEY
from tests.kept import built_once

BUILT_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
OPERATOR: Actor = command("test")


@dataclass(frozen=True)
class Company:
    """Quayside with the design's people; Harbour House in New York with two strangers, Nia and Tom."""

    quayside: SiteRow
    front_desk: TeamRow
    ana: PersonRow  # frontline, front desk
    bo: PersonRow  # frontline, front desk, Ana's colleague
    sam: PersonRow  # supervisor of the front desk
    max: PersonRow  # manager
    hana: PersonRow  # hr
    ada: PersonRow  # administrator
    audra: PersonRow  # auditor
    harbour: SiteRow | None = None
    concierge: TeamRow | None = None
    nia: PersonRow | None = None  # frontline elsewhere
    tom: PersonRow | None = None  # supervisor elsewhere


def make_site(**changes: Any) -> SiteRow:
    values: dict[str, Any] = {
        "code": "QUAY",
        "name": "Quayside",
        "time_zone": "Europe/London",
        "currency": "GBP",
        "locale": "en_GB",
        "country": "GB",
        "subdivision": "ENG",
        "actor": OPERATOR,
        "now": BUILT_AT,
    }
    return queries.site(people.add_site(**{**values, **changes}).id)


def make_person(name: str, role: str, site_id: int, **changes: Any) -> PersonRow:
    values: dict[str, Any] = {
        "name": name,
        "email": f"{name.split()[0].lower()}@makegood.example",
        "role": role,
        "site_id": site_id,
        "actor": OPERATOR,
        "now": BUILT_AT,
    }
    person = queries.person(people.add_person(**{**values, **changes}).id)
    assert person is not None
    return person


def set_role(who: PersonRow, role: str) -> None:
    people.set_role(employee_id=who.id, role=role, reason="Set for a test.", actor=OPERATOR, now=utc_now())


def make_team(name: str, site_id: int, supervisor_id: int | None = None) -> TeamRow:
    team = people.add_team(site_id=site_id, name=name, supervisor_id=supervisor_id, actor=OPERATOR, now=BUILT_AT)
    return next(row for row in queries.teams(site_id) if row.id == team.id)


def lead_team(team: TeamRow, supervisor_id: int) -> TeamRow:
    people.edit_team(
        team_id=team.id,
        name=team.name,
        supervisor_id=supervisor_id,
        version=team.version,
        actor=OPERATOR,
        now=BUILT_AT,
    )
    return next(row for row in queries.teams(team.site_id) if row.id == team.id)


def make_company(*, second_site: bool = True, **site_changes: Any) -> Company:
    """Make the company; `site_changes` change Quayside, e.g. currency="EUR"."""
    key = f"company {second_site} {sorted(site_changes.items())}"
    return built_once(key, lambda: _make_company(second_site, site_changes))


def _make_company(second_site: bool, site_changes: dict[str, Any]) -> Company:
    quayside = make_site(**site_changes)
    boss = make_person("Max Weber", "manager", quayside.id, job_title="Hotel manager")
    desk = make_team("Front desk", quayside.id)
    sam = make_person(
        "Sam Okafor", "supervisor", quayside.id, manager_id=boss.id, team_id=desk.id, job_title="Front office"
    )
    desk = lead_team(desk, sam.id)
    place = {"team_id": desk.id, "manager_id": sam.id, "job_title": "Receptionist"}
    others: dict[str, Any] = {}
    if second_site:
        harbour = make_site(
            code="HARB",
            name="Harbour House",
            time_zone="America/New_York",
            currency="USD",
            locale="en_US",
            country="US",
            subdivision="NY",
        )
        tom = make_person("Tom Hale", "supervisor", harbour.id, manager_id=boss.id)
        concierge = make_team("Concierge", harbour.id, tom.id)
        nia = make_person("Nia Grant", "frontline", harbour.id, team_id=concierge.id, manager_id=tom.id)
        others = {"harbour": harbour, "concierge": concierge, "nia": nia, "tom": tom}
    return Company(
        quayside=quayside,
        front_desk=desk,
        ana=make_person("Ana Ruiz", "frontline", quayside.id, **place),
        bo=make_person("Bo Lindgren", "frontline", quayside.id, **place),
        sam=sam,
        max=boss,
        hana=make_person("Hana Sato", "hr", quayside.id, job_title="HR partner"),
        ada=make_person("Ada Byrne", "admin", quayside.id, job_title="Systems"),
        audra=make_person("Audra Klein", "auditor", quayside.id, job_title="Internal audit"),
        **others,
    )


def sign_in(
    client: FlaskClient, person: PersonRow, *, now: datetime | None = None, is_proved: bool = False
) -> FlaskClient:
    """Sign a person in without the form, e.g. `client = sign_in(app.test_client(), company.ana)`."""
    token = people.start_session(
        person=person, address="127.0.0.1", browser="test", now=now or utc_now(), is_proved=is_proved
    )
    with client.session_transaction() as cookie:
        cookie[SESSION_KEY] = token
        cookie["_fresh"] = True
    return client
