"""Logging a case: clocks, timeline, trail, index and queue agree."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from app.audit.models import AuditEntry
from app.cases import actions as cases
from app.cases import queries, search_queries
from app.cases.actions import NotFromHere
from app.cases.queries import Filters
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people.permissions import scope_of
from tests.cases.builders import make_case
from tests.people.builders import make_company


def test_a_logged_case_is_in_the_queue_with_its_next_due_time_and_on_the_trail(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    scope = scope_of(company.bo.actor, "cases.read")
    rows = queries.queue(scope, Filters(), Page(), me_id=None, team_id=None, now=utc_now()).rows
    assert [row.id for row in rows] == [case.id]
    assert rows[0].due_at is not None
    assert rows[0].customer == "Cleo Marchetti"
    types = {entry.type for entry in db.session.query(AuditEntry).filter_by(case_id=case.id)}
    assert {"case:log", "clock:start"} <= types


def test_a_case_of_another_site_is_answered_like_one_that_does_not_exist(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    other = scope_of(company.stranger.actor, "cases.read") if hasattr(company, "stranger") else None
    if other is not None:
        assert queries.find(case.ref, other) is None
    with pytest.raises(NotFound):
        cases.add_note(case_id=999_999, text="x", actor=company.ana.actor, now=utc_now())


def test_every_word_finds_a_case_and_odd_input_finds_nothing(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana, summary="Suitcase handle broken in the lift")
    scope = scope_of(company.ana.actor, "cases.read")
    for term in (
        "suitcase",
        "handle LIFT",
        "suitc",
        "Cleo",
        case.ref,
        "broken handle",
        "cleo suitcase",
        "handle broken cleo",
    ):
        assert [row.id for row in search_queries.search(term, scope)] == [case.id], term
    for term in (
        "",
        '"',
        "' OR 1=1",
        "AND OR NOT",
        "(((",
        "*",
        "🙂",
        "\x00",
        "NEAR(a b)",
        "x" * 500,
        "zzz:* & |",
        "cleo umbrella",
        "bob suitcase",
    ):
        assert search_queries.search(term, scope) == (), term


def test_two_people_who_edit_one_case_never_lose_a_change(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    version = case.version
    cases.change(case_id=case.id, version=version, values={"severity": 4}, actor=company.ana.actor, now=utc_now())
    with pytest.raises(Conflict):
        cases.change(case_id=case.id, version=version, values={"severity": 1}, actor=company.bo.actor, now=utc_now())
    assert queries.find(case.ref, scope_of(company.ana.actor, "cases.read")).severity == 4


def test_a_case_goes_from_waiting_to_resolved_and_back_and_refuses_what_is_out_of_turn(app: Flask) -> None:
    company = make_company()
    case, now, ana = make_case(company.ana), utc_now(), company.ana.actor
    cases.wait(case_id=case.id, waiting_for="customer", reason="asked for photos", actor=ana, now=now)
    cases.resume(case_id=case.id, actor=ana, now=now + timedelta(hours=1))
    cases.resolve(case_id=case.id, outcome="made_good", root_cause="equipment", note="New room", actor=ana, now=now)
    with pytest.raises(NotFromHere):
        cases.wait(case_id=case.id, waiting_for="customer", reason="", actor=ana, now=now)
    cases.reopen(case_id=case.id, reason="It failed again", actor=ana, now=now + timedelta(hours=2))
    again = queries.find(case.ref, scope_of(ana, "cases.read"))
    assert (again.state, again.reopened_count, again.outcome) == ("open", 1, None)
    kinds = [event.kind for event in queries.events(case.id, Page()).rows]
    assert kinds.count("resolved") == 1
    assert kinds[0] == "logged"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"summary": " "}, "summary"),
        ({"summary": "x" * 121}, "summary"),
        ({"severity": 5}, "severity"),
        ({"channel": "fax"}, "channel"),
        ({"occurred_at": utc_now() + timedelta(days=1)}, "occurred_at"),
        ({"owner_id": 999_999}, "owner_id"),
    ],
)
def test_bad_input_is_named_by_its_field_and_changes_nothing(
    app: Flask, changes: dict[str, object], field: str
) -> None:
    company = make_company()
    with pytest.raises(BadInput) as refusal:
        make_case(company.ana, **changes)
    assert field in refusal.value.errors
    assert db.session.scalar(text("SELECT count(*) FROM case_file")) == 0
