"""The demo company on both databases: made through actions, in rising time, and only where nothing is."""

import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.audit.models import AuditEntry
from app.budgets.checks import violations
from app.cases.models import Case
from app.demo.company import NAMED
from app.demo.simulation import plans, tell_a_year
from app.insights import measure_queries as measures
from app.insights.queries import Part
from app.kernel.database import db
from app.kernel.time import UTC, parse_instant
from app.notifications.models import Notification
from app.ops.access_queries import progress
from app.people.models import Employee, Site
from app.people.pass_phrases import is_phrase
from app.people.raise_models import RoleRaise
from app.remedies import reconcile_queries as reconciling
from app.remedies.models import Remedy
from app.remedies.payout_models import Payout
from app.sla.models import Clock
from tests.conftest import settings_for
from tests.demo.clocks_on_pages import clocks_and_waits_hold
from tests.demo.desks_on_pages import desks_say_what_sql_counts, what_has_had_its_time, windows_let_go
from tests.demo.figures_at_depth import figures_hold_at_every_depth
from tests.demo.figures_beyond import figures_hold_beyond
from tests.demo.figures_on_pages import pages_say_what_sql_counts
from tests.demo.lists_on_pages import lists_say_what_sql_counts
from tests.demo.precedents_on_pages import precedents_say_what_sql_counts
from tests.demo.rooms_on_pages import rooms_say_what_sql_counts
from tests.insights.recoveries import ORACLES, PEOPLE, counted, counted_by_person
from tests.insights.test_measures import equals_its_oracles

END = parse_instant("2026-11-20T15:00:00Z")
PHRASE = "quiet meadow lantern seven"


def count(model: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


@pytest.fixture
def told(app: Flask) -> Flask:
    tell_a_year(seed=5, days=14, end=END, phrase=PHRASE)
    db.session.remove()
    return app


def test_two_weeks_at_the_hotel_group_hold_together(told: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert count(Employee) == 41 and count(Site) == 3
    assert set(db.session.scalars(select(Employee.role))) == {
        "frontline", "supervisor", "manager", "hr", "auditor", "admin",
    }  # fmt: skip
    assert count(Case) > 50 and count(Remedy) > 25 and count(ExceptionRequest) > 5
    assert count(Clock, Clock.breached_at.is_not(None)) > 3
    assert count(Clock, Clock.milestone == "approval") == count(ExceptionRequest)
    assert count(Clock, Clock.milestone == "promise", Clock.stopped_at.is_(None)) >= 1
    assert count(ExceptionRequest, ExceptionRequest.state == "waiting") >= 4
    assert count(Case, Case.resolved_at.is_(None)) >= 10
    assert violations() == []
    _measures_equal_sql_by_another_hand()
    _entries_rise_and_name_the_demo()
    _nobody_decided_their_own()
    _cleo_waits_for_ana()
    _what_was_given_was_paid_out()
    pages_say_what_sql_counts(told, monkeypatch, END)
    rooms_say_what_sql_counts(told, monkeypatch, END)
    desks_say_what_sql_counts(told, monkeypatch, END + timedelta(days=1))
    windows_let_go(told, monkeypatch, END + timedelta(days=24))
    figures_hold_at_every_depth(told, monkeypatch, END + timedelta(days=1))
    lists_say_what_sql_counts(told, monkeypatch, END + timedelta(days=1))
    precedents_say_what_sql_counts(told, monkeypatch, END + timedelta(days=1))
    clocks_and_waits_hold(told, monkeypatch, END + timedelta(days=1))
    figures_hold_beyond(told, monkeypatch, END + timedelta(days=41))
    what_has_had_its_time(told, monkeypatch, END + timedelta(days=1_200))


def _what_was_given_was_paid_out() -> None:
    states = Counter(db.session.scalars(select(Payout.state)))
    assert states["confirmed"] > 0 and set(states) <= {"confirmed", "pending", "cancelled"}
    assert reconciling.reconcile(END).differences == ()


def _measures_equal_sql_by_another_hand() -> None:
    """As somebody sees them two months later, when every window of 30 days is over."""
    sites = tuple(db.session.scalars(select(Site.id)))
    part, later = Part(sites, None, END - timedelta(days=20), END + timedelta(days=1)), END + timedelta(days=60)
    for name in ORACLES:
        found = measures.tally(name, part, later)
        assert (found.total.k, found.total.n) == counted(name, part, later), name
        if name in PEOPLE:
            people = {who: (counts.k, counts.n) for who, counts in found.people.items()}
            assert people == counted_by_person(name, part, later), name
    said = equals_its_oracles(part, later)
    enough = {name for name, known in said.items() if any(value is not None for _n, value, *_ in known.values())}
    assert enough >= {"waiting-sum", "clocks-kept"}, "figures, not only too few"


def _entries_rise_and_name_the_demo() -> None:
    rows = db.session.execute(
        select(AuditEntry.at, AuditEntry.recorded_at, AuditEntry.content).order_by(AuditEntry.id)
    ).all()
    assert all(one.at <= other.at for one, other in pairwise(rows))
    assert all(row.at <= END < row.recorded_at for row in rows)
    assert {orjson.loads(row.content)["request"] for row in rows} == {"demo"}


def _nobody_decided_their_own() -> None:
    statement = select(ExceptionRequest.requested_by_id, ExceptionDecision.decided_by_id).join(ExceptionDecision)
    pairs = db.session.execute(statement).all()
    assert pairs and all(asker != decider for asker, decider in pairs)


def _cleo_waits_for_ana() -> None:
    ana = db.session.scalars(select(Employee).where(Employee.email == "ana@makegood.example")).one()
    case = db.session.scalars(select(Case).where(Case.summary.like("No heating in room 512%"))).one()
    assert (case.owner_id, case.state, case.given_minor) == (ana.id, "open", 0)
    assert is_phrase(ana.password_hash, PHRASE)


def fingerprint() -> list[Any]:
    cases = db.session.execute(select(Case.summary, Case.severity, Case.state, Case.occurred_at).order_by(Case.id))
    gifts = db.session.execute(select(Remedy.kind, Remedy.amount_minor, Remedy.state).order_by(Remedy.id))
    return [*map(tuple, cases), *map(tuple, gifts)]


def test_the_same_seed_tells_the_same_cases_and_amounts_on_either_database(
    app: Flask, sqlite_template: Path, tmp_path: Path
) -> None:
    tell_a_year(seed=2, days=3, end=END, phrase=PHRASE)
    first = fingerprint()
    path = tmp_path / "again.db"
    path.write_bytes(sqlite_template.read_bytes())
    again = create_app(settings_for(f"sqlite:///{path}", tmp_path), TESTING=True)
    with again.app_context():
        tell_a_year(seed=2, days=3, end=END, phrase=PHRASE)
        assert fingerprint() == first and len(first) > 30
        db.session.remove()
        db.engine.dispose()


def test_the_command_makes_a_company_once_and_prints_its_people(app: Flask, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    result = runner.invoke(args=["demo", "--days", "1", "--until", "2026-11-20T15:00:00Z"])
    assert result.exit_code == 0, result.output
    phrase = (tmp_path / "demo-pass-phrase").read_text(encoding="utf-8").strip()
    assert phrase in result.output and (tmp_path / "demo-pass-phrase").stat().st_mode & 0o777 == 0o600
    assert all(f"{box}@makegood.example" in result.output for _name, box, _role, _title in NAMED)
    before = count(AuditEntry)
    again = runner.invoke(args=["demo", "--days", "1"])
    assert again.exit_code == 1 and "isn't empty" in again.output
    assert count(AuditEntry) == before


def test_the_command_reports_as_json(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["demo", "--days", "1", "--until", "2026-11-20T15:00:00Z", "--json"])
    assert json.loads(result.stdout)["people"] == 41
    assert progress("2026-Q4") == (40, 40), "everybody who is still there was gone through"
    (raised,) = db.session.scalars(select(RoleRaise))
    assert (raised.role, raised.ended_at is not None, "Max is in the air" in raised.reason) == ("manager", True, True)
    told = db.session.scalars(select(Notification.employee_id).where(Notification.url == "/break-glass")).all()
    assert len(told) > 2 and raised.employee_id not in told


@pytest.mark.parametrize("until", ["yesterday", "2026-11-20T15:00:00", "2999-01-01T00:00:00Z"])
def test_a_story_ends_at_an_instant_that_has_been(app: Flask, until: str) -> None:
    result = app.test_cli_runner().invoke(args=["demo", "--until", until])
    assert result.exit_code == 2 and count(Employee) == 0


def test_production_refuses_demo_people(tmp_path: Path) -> None:
    settings = settings_for(
        f"sqlite:///{tmp_path}/p.db", tmp_path, MAKEGOOD_ENV="production", SECRET_KEY=token_urlsafe(48), MAKEGOOD_PROXY_HOPS="1",
        MAKEGOOD_BASE_URL="https://desk.hotel.example", MAKEGOOD_TRUSTED_HOSTS="desk.hotel.example",
    )  # fmt: skip
    result = create_app(settings).test_cli_runner().invoke(args=["demo"])
    assert result.exit_code == 1 and "production" in result.output
    assert not (tmp_path / "demo-pass-phrase").exists()


def test_outcomes_of_a_decision_all_occur(app: Flask) -> None:
    """Every kind of decision is planned; whether it comes about in a short story is chance."""
    decisions = Counter(
        plan.gift.decision for _, _, plan in plans(1, 200, datetime(2026, 11, 20, tzinfo=UTC).date()) if plan.gift
    )
    assert set(decisions) == {"approved", "less", "declined", "withdrawn", "unanswered"}
