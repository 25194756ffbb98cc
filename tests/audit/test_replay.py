"""A case rebuilt from its entries is the case that the tables hold, at every moment of its life."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.audit import queries
from app.audit.queries import Filters
from app.audit.replay_rules import Happened, replay
from app.cases import actions as cases
from app.cases.category_actions import add_category
from app.cases.models import Case
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

AT = datetime(2026, 3, 19, 15, tzinfo=UTC)


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    publish_policy()
    return made


def stands() -> dict[str, Any]:
    """What the tables say now."""
    db.session.rollback()
    db.session.expire_all()
    case = db.session.query(Case).one()
    return {
        "state": case.state,
        "waiting_for": case.waiting_for,
        "severity": case.severity,
        "category": case.category_id,
        "owner": case.owner_id,
        "team": case.team_id,
        "outcome": case.outcome,
        "root_cause": case.root_cause,
        "remedies": {one.ref: one.state for one in db.session.query(Remedy)},
    }


def live(company: Company) -> list[tuple[datetime, dict[str, Any]]]:
    """Let a case happen; returns what the tables said after each step, with its time."""
    ana, start = company.ana, utc_now()
    category = add_category(name="Comfort", actor=command("test"), now=start)
    seen: list[tuple[datetime, dict[str, Any]]] = []
    made: dict[str, Any] = {}

    def log(now: datetime) -> None:
        case = cases.log(
            site_id=ana.site_id, team_id=ana.team_id, owner_id=ana.id, customer_id=None, category_id=category.id, severity=2,
            summary="Cold room", description="", channel="desk", actor=ana.actor, now=now,
        )  # fmt: skip
        made["case"] = case.id

    def change(now: datetime) -> None:
        version = db.session.query(Case.version).scalar()
        cases.change(case_id=made["case"], version=version, values={"severity": 3}, actor=ana.actor, now=now)

    def offer(now: datetime) -> None:
        made["remedy"] = give(ana, made["case"], 1_500, now=now).id

    steps = [
        log,
        change,
        offer,
        lambda now: remedies.accept(remedy_id=made["remedy"], actor=ana.actor, now=now),
        lambda now: cases.assign(
            case_id=made["case"], owner_id=company.bo.id, team_id=ana.team_id, actor=ana.actor, now=now
        ),
        lambda now: cases.wait(
            case_id=made["case"], waiting_for="customer", reason="a photo", actor=ana.actor, now=now
        ),
        lambda now: cases.resume(case_id=made["case"], actor=ana.actor, now=now),
        lambda now: cases.resolve(
            case_id=made["case"], outcome="made_good", root_cause="equipment", note="", actor=ana.actor, now=now
        ),
        lambda now: cases.reopen(case_id=made["case"], reason="cold again", actor=ana.actor, now=now),
    ]
    for place, step in enumerate(steps):
        now = start + timedelta(seconds=place + 1)
        step(now)
        seen.append((now, stands()))
    return seen


def test_a_replay_is_what_the_tables_said_at_every_moment(app: Flask, company: Company) -> None:
    seen = live(company)
    case = db.session.query(Case).one()
    rows = queries.rows(Filters(case_id=case.id), 1_000)
    entries = [Happened(row.type, row.subject, row.at, row.payload) for row in rows]
    for now, said in seen:
        found = replay(entries, now)
        told = {**dict.fromkeys(("waiting_for", "outcome", "root_cause")), **found.values}
        there = {one.ref: one.state for one in found.things.values() if one.noun == "remedy"}
        assert {name: told[name] for name in said if name != "remedies"} | {"remedies": there} == said, now
    page = sign_in(app.test_client(), company.audra).get(f"/audit/replay/{case.ref}?at={seen[2][0].isoformat()[:-6]}Z")
    body = page.get_data(as_text=True)
    assert (page.status_code, "reserved" in body, "settled" in body, "£15.00" in body) == (200, True, False, True)
    assert "settled" in sign_in(app.test_client(), company.sam).get(f"/audit/replay/{case.ref}").get_data(as_text=True)
    assert company.tom
    for who, ref, code in ((company.tom, case.ref, 404), (company.audra, "MG-99", 404), (company.ana, case.ref, 403)):
        assert sign_in(app.test_client(), who).get(f"/audit/replay/{ref}").status_code == code
    assert sign_in(app.test_client(), company.audra).get(f"/audit/replay/{case.ref}?at=noon").status_code == 422


def test_an_erased_entry_leaves_a_gap_that_is_told() -> None:
    found = replay(
        [Happened("case:log", "MG-1", AT, None), Happened("case:close", "MG-1", AT, {"state": "closed"})], AT
    )
    assert (found.has_gaps, found.values["state"], found.count) == (True, "closed", 2)
    assert replay([Happened("case:log", "MG-1", AT, None)], AT - timedelta(seconds=1)).count == 0
