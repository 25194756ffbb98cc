"""Searches of the trail: kept, carried away, and written down when they are about people."""

from datetime import timedelta
from pathlib import Path
from runpy import run_path
from typing import Any

import time_machine
from flask import Flask
from sqlalchemy import delete, event, select, text

from app.audit import actions as audit
from app.audit import queries
from app.audit.models import AuditClause, AuditEntry, AuditPayload, TrailSearch
from app.audit.search_actions import SEARCHES_MAX, keep_search
from app.kernel.database import db
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people import actions as people
from app.policies.clause_actions import CARED
from app.remedies.actions import OFFERED
from tests.audit.test_pages import company, give
from tests.people.builders import Company, sign_in

__all__ = ["company"]


def told(entry_type: str) -> list[tuple[str, str]]:
    rows = db.session.execute(
        select(AuditEntry.subject, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.type == entry_type)
        .order_by(AuditEntry.id)
    )
    return [(row.subject, row.payload) for row in rows]


def test_looking_up_a_person_is_written_down_once_and_never_for_oneself(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.audra)
    client.get("/audit?person=ana@makegood.example")
    client.get(f"/audit?person=EM-{company.audra.id}")
    client.get("/audit")
    found = told("audit:look")
    assert [subject for subject, _said in found] == [f"EM-{company.ana.id}"]
    assert "ana@" not in found[0][1]


def test_a_clause_narrows_to_the_entries_that_name_it(app: Flask, company: Company) -> None:
    said: dict[str, Any] = dict.fromkeys(OFFERED.keys)
    with transaction():
        for number, clause in ((71, "4.2"), (72, "4.20"), (73, '4"2')):
            decision = {"windows": [{"clause": clause}]}
            audit.record(
                OFFERED, subject=f"RM-{number}", actor=company.ana.actor, at=utc_now(), **{**said, "decision": decision}
            )
    client = sign_in(app.test_client(), company.audra)
    for clause, wanted in (("4.2", "RM-71"), ("4.20", "RM-72"), ('4"2', "RM-73"), ("9", None)):
        shown = client.get("/audit", query_string={"clause": clause}).get_data(as_text=True)
        assert [ref for ref in ("RM-71", "RM-72", "RM-73") if f">{ref}<" in shown] == ([wanted] if wanted else [])


def test_the_table_is_safe_for_spreadsheets_inside_ones_scope_and_written_down(app: Flask, company: Company) -> None:
    give(company, 9)
    assert company.tom
    answer = sign_in(app.test_client(), company.audra).post("/audit/exports", data={"type": "test:give"})
    table = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype, table.count("\n")) == (200, "text/csv", 5)
    assert "gave a thing" in table
    assert "because: <b>cold soup</b>" in table
    assert "192.0.2.77" not in table
    assert [subject for subject, _said in told("audit:export")] == ["trail"]
    assert '"count":4' in told("audit:export")[0][1]
    assert (
        sign_in(app.test_client(), company.tom)
        .post("/audit/exports", data={"type": "test:give"})
        .get_data()
        .count(b"\n")
        == 1
    )
    assert sign_in(app.test_client(), company.ana).post("/audit/exports").status_code == 403
    assert sign_in(app.test_client(), company.audra).post("/audit/exports", data={"case": "x"}).status_code == 422


def test_a_search_is_kept_for_its_person_alone(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.audra)
    kept = {"name": " Ana's  gifts ", "person": "ana@makegood.example", "type": "remedy"}
    shown = client.post("/audit/searches", data=kept, follow_redirects=True).get_data(as_text=True)
    assert "Ana&#39;s gifts" in shown
    search = db.session.scalar(select(TrailSearch))
    assert search
    search_id = search.id
    assert search.asked == {"person": f"EM-{company.ana.id}", "type": "remedy"}
    assert "already" in client.post("/audit/searches", data=kept, follow_redirects=True).get_data(as_text=True)
    assert "nothing to keep" in client.post("/audit/searches", data={"name": "x"}, follow_redirects=True).get_data(
        as_text=True
    )
    sam = sign_in(app.test_client(), company.sam)
    assert "gifts" not in sam.get("/audit").get_data(as_text=True)
    assert sam.post(f"/audit/searches/{search_id}/removal").status_code == 404
    assert client.post(f"/audit/searches/{search_id}/removal").status_code == 303
    assert client.post(f"/audit/searches/{search_id}/removal").status_code == 404
    assert [len(told(f"audit:{deed}-search")) for deed in ("keep", "forget")] == [1, 1]


def test_searches_come_to_an_end(app: Flask, company: Company) -> None:
    for number in range(SEARCHES_MAX):
        keep_search(name=f"n{number}", asked={"type": "case"}, actor=company.audra.actor, now=utc_now())
    answer = sign_in(app.test_client(), company.audra).post(
        "/audit/searches", data={"name": "more", "type": "case"}, follow_redirects=True
    )
    assert "20 searches already" in answer.get_data(as_text=True)


def test_a_search_over_people_is_written_down_without_its_words(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ada)
    for address in ("/people?term=Ruiz", "/people", "/people?term=Ruiz&after=x"):
        assert client.get(address).status_code == 200
    assert sign_in(app.test_client(), company.ana).get("/customers?q=Marchetti").status_code == 200
    assert sign_in(app.test_client(), company.ana).get("/search?q=Marchetti").status_code == 200
    found = told("audit:search")
    assert [subject for subject, _said in found] == ["search:people", "search:customers", "search:customers"]
    assert "Ruiz" not in found[0][1] + found[1][1]
    assert '"length":4' in found[0][1]


def test_searches_while_typing_are_written_down_once_a_minute_and_without_their_words(
    app: Flask, company: Company
) -> None:
    start = utc_now()
    ana, bo = (sign_in(app.test_client(), person, now=start) for person in (company.ana, company.bo))
    for seconds, client, word in (
        (1, ana, "Mar"), (2, ana, "Marc"), (3, bo, "Fish"), (59, ana, "Marchetti"), (62, ana, "Ols"), (63, ana, ""),
    ):  # fmt: skip
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            assert client.get("/customers/matches", query_string={"customer": word}).status_code == 200
    found = told("audit:type-search")
    assert [subject for subject, _said in found] == ["search:customers"] * 3
    assert not any(word in said for _subject, said in found for word in ("Mar", "Fish", "Ols"))


def test_looking_up_a_person_by_the_api_is_written_down_too(app: Flask, company: Company) -> None:
    secret, _token = people.make_token(name="look", actor=company.audra.actor, now=utc_now())
    for address in (f"EM-{company.ana.id}", f"EM-{company.audra.id}", "MG-1"):
        answer = app.test_client().get(
            "/api/v1/audit", query_string={"subject": address}, headers={"Authorization": f"Bearer {secret}"}
        )
        assert answer.status_code == 200
    assert [subject for subject, _said in told("audit:look")] == [f"EM-{company.ana.id}"]


def offer(company: Company, clause: str | None, count: int) -> None:
    said: dict[str, Any] = {**dict.fromkeys(OFFERED.keys), "decision": {"windows": [{"clause": clause}, {"clause": 7}]}}
    with transaction():
        entries = [audit.Entry(OFFERED, "RM-7", said, 7, company.quayside.id) for _ in range(count)]
        audit.record_many(entries, actor=company.ana.actor, at=utc_now())


def test_a_clause_is_found_by_the_database_without_reading_other_entries(app: Flask, company: Company) -> None:
    offer(company, None, 2_000)
    offer(company, "4.2", 60)
    offer(company, "5.1", 3)
    db.session.rollback()
    asked: list[tuple[str, Any]] = []

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        asked.append((statement, parameters))

    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    event.listen(db.engine, "before_cursor_execute", keep)
    try:
        for clause, count in (("4.2", 50), ("5.1", 3), ("9", 0)):
            assert len(queries.trail(queries.Filters(clause=clause), Page()).rows) == count
            assert queries.count(queries.Filters(clause=clause), 1_000) == {"4.2": 60, "5.1": 3, "9": 0}[clause]
    finally:
        event.remove(db.engine, "before_cursor_execute", keep)
    wanted = [(statement, parameters) for statement, parameters in asked if "audit_clause" in statement]
    assert len(wanted) == 6
    word = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL enable_seqscan = off"))  # so few rows are read whole otherwise
    for statement, parameters in wanted:
        plan = str(db.session.connection().exec_driver_sql(word + statement, parameters).all())
        assert "pk_audit_clause" in plan or "sqlite_autoindex_audit_clause" in plan
        assert "SCAN audit_" not in plan
        assert "Seq Scan" not in plan


def test_the_migration_finds_the_clauses_of_entries_from_before(app: Flask, company: Company) -> None:
    for clause in ("4.2", "ü 1", "x" * 41, None):
        offer(company, clause, 2)
    with transaction():
        said = {**dict.fromkeys(CARED.keys), "code": "8.8"}
        audit.record(CARED, subject="CL-8.8", actor=company.ana.actor, at=utc_now(), **said)
    every = select(AuditClause.clause, AuditClause.entry_id).order_by(AuditClause.clause, AuditClause.entry_id)
    before = db.session.execute(every).all()
    assert [row.clause for row in before] == ["4.2", "4.2", "8.8", "ü 1", "ü 1"]
    migration = Path(__file__).parents[2] / "migrations" / "versions" / "0028_clauses.py"
    fill = run_path(str(migration))["FILL"][db.engine.dialect.name]
    db.session.rollback()
    with db.engine.execution_options(makegood_migration=True, sqlite_begin="IMMEDIATE").begin() as connection:
        connection.execute(delete(AuditClause))
        connection.execute(text(fill))
    assert db.session.execute(every).all() == before
