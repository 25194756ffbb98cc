"""The queue: by what is due next, inside the scope, page by page without a gap."""

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases import due_queries, queries, search_queries
from app.cases.models import Case
from app.cases.queries import Filters
from app.cases.rules import NEVER
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.paging import Page, encode_cursor
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people.permissions import COMPANY, Scope, scope_of
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.counts import examples
from tests.people.builders import Company, make_company

TRIED = audit.declare("test:queue", sentence="tried")


def rows_of(person: PersonRow, **filters: object) -> list[int]:
    scope = scope_of(person.actor, "cases.read")
    assert scope
    found = queries.queue(
        scope, Filters(**filters), Page(), me_id=person.id, team_id=person.team_id, now=utc_now()  # type: ignore[arg-type]
    )  # fmt: skip
    counted = queries.count(
        scope, Filters(**filters), me_id=person.id, team_id=person.team_id, now=utc_now()  # type: ignore[arg-type]
    )  # fmt: skip
    assert counted == len(found.rows)
    return [row.id for row in found.rows]


def make_few(company: Company) -> dict[str, int]:
    now = utc_now()
    assert company.nia
    early = now - timedelta(days=3)
    made = {
        "late": make_case(company.ana, now=early),
        "bos": make_case(company.bo, severity=1),
        "nobodys": make_case(company.ana, owner_id=None, severity=4),
        "teamless": make_case(company.ana, team_id=None),
        "theirs": make_case(company.nia),
        "done": make_case(company.ana),
        "waiting": make_case(company.ana),
    }
    cases.resolve(
        case_id=made["done"].id, outcome="explained", root_cause="weather", note="", actor=company.ana.actor, now=now
    )
    cases.wait(case_id=made["waiting"].id, waiting_for="customer", reason="", actor=company.ana.actor, now=now)
    return {name: case.id for name, case in made.items()}


def test_each_view_shows_its_own_cases_and_only_those_in_scope(app: Flask) -> None:
    company = make_company()
    made = make_few(company)
    open_here = {made[name] for name in ("late", "bos", "nobodys", "teamless", "waiting")}
    assert set(rows_of(company.ana)) == open_here
    assert rows_of(company.ana)[0] == made["late"]
    assert set(rows_of(company.ana, view="mine")) == open_here - {made["bos"], made["nobodys"]}
    assert rows_of(company.bo, view="mine") == [made["bos"]]
    assert rows_of(company.ana, view="unowned") == [made["nobodys"]]
    assert set(rows_of(company.ana, view="team")) == open_here - {made["teamless"]}
    assert rows_of(company.ana, view="late") == [made["late"]]
    assert rows_of(company.ana, view="resolved") == [made["done"]]
    assert rows_of(company.ana, severity=4) == [made["nobodys"]]
    assert rows_of(company.ana, state="waiting") == [made["waiting"]]
    assert rows_of(company.ana, category_id=999) == []
    assert company.nia
    assert rows_of(company.nia) == [made["theirs"]]
    assert set(rows_of(company.max)) == {*open_here, made["theirs"]}
    assert rows_of(company.max, site_id=company.nia.site_id) == [made["theirs"]]
    assert set(rows_of(company.audra)) == {*open_here, made["theirs"]}
    assert scope_of(company.hana.actor, "cases.read") is None


def test_a_scope_without_a_place_sees_nothing(app: Flask) -> None:
    company = make_company()
    make_few(company)
    for scope in (Scope("site"), Scope("team"), Scope("own")):
        assert queries.queue(scope, Filters(), Page(), me_id=None, team_id=None, now=utc_now()).rows == ()
        assert search_queries.search("air", scope) == ()


def test_a_chip_says_what_the_clock_itself_says(app: Flask) -> None:
    company = make_company()
    made = make_few(company)
    now = utc_now()
    found = queries.queue(COMPANY, Filters(), Page(), me_id=None, team_id=None, now=now).rows
    done = queries.queue(COMPANY, Filters(view="resolved"), Page(), me_id=None, team_id=None, now=now).rows
    dues = due_queries.dues((*found, *done), now)
    assert dues[made["late"]].state == "breached"
    assert dues[made["late"]].milestone == "acknowledge"
    assert dues[made["bos"]].state == "running"
    assert dues[made["done"]].state == "met"
    # Only the acknowledgement runs on while the customer is waited for; once met, nothing is due.
    assert dues[made["waiting"]].milestone == "acknowledge"
    cases.acknowledge(case_id=made["waiting"], actor=company.ana.actor, now=now)
    row = next(
        row for row in queries.queue(COMPANY, Filters(), Page(), me_id=None, team_id=None, now=now).rows
        if row.id == made["waiting"]
    )  # fmt: skip
    assert row.due_at is None
    assert due_queries.dues([row], now)[row.id].state == "paused"


def test_the_pages_of_a_queue_have_no_gap_and_no_repeat_whatever_is_due_when(app: Flask) -> None:
    company = make_company(second_site=False)
    ids = [make_case(company.ana, customer=None).id for _number in range(12)]
    base = utc_now()

    @settings(
        max_examples=examples(500, 15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=12, max_size=12), st.integers(1, 5))
    def holds(hours: list[int | None], size: int) -> None:
        with transaction():
            audit.record(TRIED, subject="MG-1", actor=command("test"), at=base)
            for case_id, hour in zip(ids, hours, strict=True):
                due = NEVER if hour is None else base + timedelta(hours=hour)
                db.session.execute(update(Case).where(Case.id == case_id).values(next_due_at=due))
        seen, cursor = [], None
        while True:
            page = queries.queue(COMPANY, Filters(), Page.of(cursor, size), me_id=None, team_id=None, now=base)
            seen += [(row.next_due_at, row.id) for row in page.rows]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [case_id for _due, case_id in seen] == [case_id for _due, case_id in sorted(seen)]
        assert {case_id for _due, case_id in seen} == set(ids)

    holds()


@pytest.mark.parametrize(
    "cursor",
    ["x", encode_cursor(("x", 1)), encode_cursor((1, 2)), encode_cursor(("2026-01-01T00:00:00Z", 2**63)),
     encode_cursor(("0001-01-01T00:00:00+14:00", 1)), encode_cursor(("2026-01-01", 1)), encode_cursor((None,))],
)  # fmt: skip
def test_a_malformed_cursor_starts_from_the_beginning(app: Flask, cursor: str) -> None:
    company = make_company(second_site=False)
    case = make_case(company.ana, customer=None)
    page = Page.of(cursor)
    for view in ("all", "resolved"):
        queries.queue(COMPANY, Filters(view=view), page, me_id=None, team_id=None, now=utc_now())
    assert queries.events(case.id, page).rows
    queries.cases_of_customer((1,), COMPANY, page)


def test_each_view_reads_along_an_index_and_never_sorts(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by statistics, which an empty table does not have; the benchmark measures it")
    now, scope = utc_now(), Scope("site", site_id=1, team_id=1, employee_id=1)
    expected = {
        "mine": "ix_case_queue_owner", "team": "ix_case_queue_team", "all": "ix_case_queue_site",
        "late": "ix_case_queue_site", "unowned": "ix_case_queue_", "resolved": "ix_case_resolved",
    }  # fmt: skip
    for view, index in expected.items():
        for within in (scope, COMPANY):
            values = queries._values(within, Filters(view=view), 1, 1, now)
            statement = queries._queue_statement(view, tuple(values), False)
            compiled = statement.compile(db.engine)
            bound = compiled.construct_params({**values, "size": 51})
            bound = {key: str(value) if key == "now" else value for key, value in bound.items()}
            sql = "EXPLAIN QUERY PLAN " + str(compiled)
            plan = [
                row[3]
                for row in db.session.connection().exec_driver_sql(
                    sql, tuple(bound[key] for key in compiled.positiontup or ())
                )
            ]
            assert not any("TEMP B-TREE" in step for step in plan), (view, within.kind, plan)
            assert any(
                (index if within is scope or view in ("mine", "team") else "ix_case_") in step for step in plan
            ), (view, plan)


def test_a_common_word_is_found_inside_the_site_even_when_others_have_it_more_often(app: Flask) -> None:
    company = make_company()
    assert company.nia
    mine = make_case(company.ana, customer=None, summary="Lamp broken")
    for _number in range(4):
        make_case(company.nia, customer=None, summary="Lamp broken")
    scope = scope_of(company.ana.actor, "cases.read")
    assert scope
    assert [row.id for row in search_queries.search("lamp", scope, limit=2)] == [mine.id]
    assert len(search_queries.search("lamp", COMPANY, limit=2)) == 2
    assert db.session.scalar(text("SELECT count(*) FROM case_search")) == 5
