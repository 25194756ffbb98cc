"""The risk score on pages and in the queue: explained, in order, within the reader's scope, and nowhere while it is off."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry, AuditPayload
from app.cases import actions as cases
from app.cases.queries import Filters
from app.customers import actions as customers
from app.customers import care_actions, merge_actions
from app.insights import risk_actions, risk_queries, risk_ranking
from app.insights.risk_queries import Standing
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people.permissions import COMPANY, scope_of
from app.people.queries import PersonRow
from app.promises import actions as promises
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in

DAY = timedelta(days=1)
NOW = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - DAY


def turn_on() -> None:
    risk_actions.switch(is_on=True, reason="To call back first who needs it.", actor=command("test"), now=utc_now())


def resolve(case_id: int, person: PersonRow, ago: float) -> None:
    cases.resolve(
        case_id=case_id, outcome="made_good", root_cause="process", note="", actor=person.actor, now=NOW - ago * DAY
    )


def cleos_year(company: Company) -> int:
    """Cleo's story of the worked value: 50 points. Returns her open case."""
    ana = company.ana
    first = make_case(ana, now=NOW - 40 * DAY)
    resolve(first.id, ana, 32)
    second = make_case(ana, now=NOW - 20 * DAY)
    made = promises.make(
        case_id=second.id, what="A new room.", told_to="Cleo Marchetti", due_at=NOW - 19 * DAY + timedelta(hours=8), keeper_id=None,
        actor=ana.actor, now=NOW - 19 * DAY,
    )  # fmt: skip
    promises.keep(promise_id=made.id, version=made.version, actor=ana.actor, now=NOW - 18 * DAY)
    return second.id


def standing(person: PersonRow, *numbers: int) -> Standing | None:
    return risk_queries.of_customer(numbers, scope_of(person.actor, "cases.read") or COMPANY, utc_now())


def points(found: Standing | None) -> dict[str, int]:
    assert found and found.score
    return {term.code: term.points for term in found.score.terms}


def test_it_counts_what_happened_and_only_in_the_readers_scope(app: Flask) -> None:
    company = make_company()
    case = db.session.get_one(cases.Case, cleos_year(company))
    number = case.customer_id or 0
    assert standing(company.ana, number) is None, "off until somebody turns it on"
    turn_on()
    late = {"recent": 14, "earlier": 8, "open": 8, "again": 15, "broken": 5}
    found = points(standing(company.ana, number))
    assert {**found, "broken": 5} == late and found["broken"] >= 5
    assert company.nia and points(standing(company.nia, number)) == dict.fromkeys(late, 0), (
        "none of another site's cases"
    )
    other = make_case(company.ana, customer="Cleo Marchetti-Two", now=NOW - 2 * DAY)
    cases.change(case_id=other.id, version=other.version, values={"severity": 0}, actor=company.ana.actor, now=NOW)
    assert points(standing(company.ana, number, other.customer_id or 0)) == found, "a kind gesture is no failure"
    twin = customers.make(
        name="C. Marchetti", email=None, site_id=company.ana.site_id, actor=company.ana.actor, now=NOW
    )
    make_case(company.bo, customer=None, customer_id=twin.id, now=NOW - 1 * DAY)
    merge_actions.merge(
        customer_id=twin.id, into_id=number, reason="One and the same.", actor=company.sam.actor, now=NOW
    )
    merged = points(standing(company.ana, number, twin.id))
    assert merged == points(standing(company.ana, number)) and (merged["recent"], merged["earlier"]) == (20, 16)


def test_who_said_no_gets_none_and_the_page_says_so(app: Flask) -> None:
    company = make_company()
    case = db.session.get_one(cases.Case, cleos_year(company))
    turn_on()
    ana = sign_in(app.test_client(), company.ana)
    beside = f"/customers/CU-{case.customer_id}/latest-cases?but={case.ref}"
    for url in (beside, f"/customers/CU-{case.customer_id}"):
        said = re.sub(r"\s+", " ", ana.get(url).text)
        assert "Risk of losing this customer: high" in said and "because wrong again soon after a recovery" in said, url
        assert all(words in said for words in ("14 of 20", "8 of 24", "8 of 16", "15 of 25")), "every term is disclosed"
    care_actions.record_consent(
        customer_id=case.customer_id or 0, purpose="suggestions", given=False, source="phone", said_at=NOW, actor=company.ana.actor,
        now=utc_now(),
    )  # fmt: skip
    for url in (beside, f"/customers/CU-{case.customer_id}"):
        said = ana.get(url).text
        assert "Risk of losing this customer" not in said and "isn't worked out" in said, url
    ranked = ana.get("/cases?view=all&first=risk").text
    assert case.ref in ranked and "Risk " not in ranked, "still in the list, without a score"
    hana = sign_in(app.test_client(), company.hana)
    assert hana.get(beside).status_code == 403


def test_off_it_is_nowhere_and_each_turn_is_named_in_the_trail(app: Flask) -> None:
    company = make_company()
    case = db.session.get_one(cases.Case, cleos_year(company))
    ana = sign_in(app.test_client(), company.ana)
    urls = (f"/customers/CU-{case.customer_id}/latest-cases", f"/customers/CU-{case.customer_id}", "/cases?view=all",
            "/cases?view=all&first=risk", "/cases/rows?view=all&first=risk")  # fmt: skip
    for url in urls:
        said = ana.get(url).text.lower()
        assert "at risk" not in said and "risk of losing" not in said and "risk 5" not in said, url
    turn_on()
    assert "Most at risk first" in ana.get("/cases?view=all").text
    risk_actions.switch(is_on=False, reason="It told us nothing.", actor=command("test"), now=utc_now())
    assert "Most at risk first" not in ana.get("/cases?view=all").text and not risk_queries.is_on()
    said = select(AuditPayload.payload).join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
    entries = list(db.session.scalars(said.where(AuditEntry.type == "risk:switch").order_by(AuditEntry.id)))
    assert len(entries) == 2 and all(entry and "risk@1" in entry for entry in entries)
    with pytest.raises(NotPermitted):
        risk_actions.switch(is_on=True, reason="Mine.", actor=company.sam.actor, now=utc_now())
    with pytest.raises(BadInput):
        risk_actions.switch(is_on=True, reason=" ", actor=command("test"), now=utc_now())


def test_the_queue_by_risk_holds_every_case_once_page_by_page(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    company = make_company()
    hers, actor = cleos_year(company), company.ana.actor
    for number in range(5):
        make_case(company.ana, customer=f"Guest{number} Someone" if number else None, now=NOW - number * DAY)
    twice = make_case(company.bo, customer="Bea Lund", now=NOW - 3 * DAY)
    make_case(company.bo, customer="Bea Lund", now=NOW - 2 * DAY)
    turn_on()
    scope = scope_of(actor, "cases.read") or COMPANY

    def walk(size: int) -> list[int]:
        seen: list[int] = []
        page: Page | None = Page(size=size)
        while page is not None:
            found = risk_ranking.by_risk(scope, Filters(), page, me_id=actor.id, team_id=None, now=NOW + DAY)
            assert found is not None
            seen += [row.id for row in found.rows.rows]
            page = Page.of(found.rows.next_cursor, size) if found.rows.next_cursor else None
        return seen

    whole = walk(50)
    assert whole[0] == hers and set(whole[1:3]) == {twice.id, twice.id + 1}, "the higher score first"
    assert len(whole) == len(set(whole)) == 8 and walk(3) == whole
    monkeypatch.setattr(risk_queries, "RANKED_MAX", 4)
    cut = walk(3)
    assert sorted(cut) == sorted(whole), "what isn't ranked follows; nothing is hidden"


def test_the_queue_asks_at_most_once_more_however_many_customers(app: Flask, statements: list[str]) -> None:
    company = make_company()
    cleos_year(company)
    ana, counts = sign_in(app.test_client(), company.ana), []
    for is_on in (False, True):
        if is_on:
            turn_on()
        for _round in range(2):
            for first in ("", "&first=risk"):
                ana.get(f"/cases?view=all{first}")
                make_case(company.bo, customer=f"Guest{len(counts)} Someone")  # so that the page isn't unchanged
                statements.clear()
                assert ana.get(f"/cases?view=all{first}").status_code == 200
                counts.append(len(statements))
    assert len(set(counts[4:6])) == 1 and counts[4:6] == counts[6:8], counts
    assert counts[4] == counts[0] and max(counts) <= 15, counts
