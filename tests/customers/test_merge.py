"""Customers that were one: windows over the union, nothing lost, and everything back when they are taken apart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.approvals.history_queries import History, history_of
from app.audit.models import AuditEntry
from app.budgets.checks import violations
from app.cases import queries as cases
from app.cases import search_queries
from app.cases.models import Case
from app.customers import actions as customers
from app.customers import care_actions, care_queries, hooks, merge_actions, queries
from app.customers.merge_queries import members_of, merged_into, root_of
from app.customers.segment_actions import set_segment
from app.kernel.database import db
from app.kernel.errors import NotFound, NotPermitted, Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.permissions import COMPANY
from app.remedies import actions as remedies
from app.remedies import queries as given
from app.remedies.rules import NeedsApproval
from app.sla.wiring import traits_of
from tests.cases.builders import make_case
from tests.forked import at_once
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy


def limits(*, hard: bool = False) -> list[dict[str, object]]:
    common = {"currency": "GBP", "role": "frontline"}
    return [
        {**common, "unit": "customer_days", "days": 30, "limit_minor": 10_000, "clause": "4.2", "hard": hard},
        {**common, "unit": "customer_day", "limit_minor": 8_000, "clause": "4.3"},
        {**common, "unit": "employee_month", "limit_minor": 10_000_000, "clause": "5.1"},
    ]


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    publish_policy(limits())
    return made


def case_of(company: Company, name: str, **changes: object) -> Case:
    return make_case(company.ana, customer=name, **changes)  # type: ignore[arg-type]


def merge(company: Company, gone: Case, stays: Case) -> None:
    merge_actions.merge(
        customer_id=gone.customer_id or 0, into_id=stays.customer_id or 0, reason="same telephone",
        actor=company.sam.actor, now=utc_now(),
    )  # fmt: skip


def part(company: Company, case: Case) -> None:
    merge_actions.unmerge(
        customer_id=case.customer_id or 0, reason="two sisters", actor=company.sam.actor, now=utc_now()
    )


def left(company: Company, case: Case, unit: str = "customer_days") -> int:
    judged = given.can_i(case_id=case.id, kind="refund", amount=Money(1, "GBP"), actor=company.ana.actor, now=utc_now())
    (window,) = [one for one in judged.decision.windows if one.unit == unit]
    return window.limit_minor - window.settled_minor - window.reserved_minor


def test_merging_keeps_every_spend_and_counts_the_windows_over_the_union(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    give(company.ana, cleo.id, 3_000)
    settled = give(company.ana, clio.id, 4_000)
    remedies.accept(remedy_id=settled.id, actor=company.ana.actor, now=utc_now())
    assert (left(company, cleo), left(company, clio)) == (7_000, 6_000)
    merge(company, clio, cleo)
    assert left(company, cleo) == left(company, clio) == 3_000
    assert left(company, cleo, "customer_day") == left(company, clio, "customer_day") == 1_000
    with pytest.raises(NeedsApproval):
        give(company.ana, clio.id, 1_001)
    give(company.ana, clio.id, 1_000)
    numbers = members_of(cleo.customer_id or 0)
    assert numbers == members_of(clio.customer_id or 0)
    assert {row.amount.minor for row in given.remedies_of_customer(numbers, COMPANY)} == {1_000, 3_000, 4_000}
    assert given.given_total(numbers, COMPANY) == {"GBP": 4_000}
    assert {row.id for row in cases.cases_of_customer(numbers, COMPANY).rows} == {cleo.id, clio.id}
    part(company, clio)
    assert (left(company, cleo), left(company, clio)) == (7_000, 5_000)
    assert violations() == []


def test_a_window_that_the_union_overfills_gives_no_more_until_it_is_taken_apart(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    give(company.ana, cleo.id, 8_000)
    give(company.ana, clio.id, 7_000)
    merge(company, clio, cleo)
    for case in (cleo, clio):
        with pytest.raises(NeedsApproval):
            give(company.ana, case.id, 1)
    part(company, clio)
    assert give(company.ana, clio.id, 1_000).state == "reserved"
    assert violations() == []


def test_the_merged_number_leads_to_who_stays_wherever_it_is_asked(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    merge(company, clio, cleo)
    stays = cleo.customer_id or 0
    for term in ("clio", "clio@example.org", f"CU-{clio.customer_id}", "cleo"):
        assert [row.id for row in queries.matches(term, COMPANY)] == [stays]
    card = queries.card(clio.customer_id or 0, COMPANY)
    assert card is not None
    assert (card.id, card.numbers) == (stays, tuple(sorted((stays, clio.customer_id or 0))))
    assert case_of(company, "Clio Marcheti").customer_id == stays, "her old address finds who stays"
    found = customers.find_or_make(
        name="x", customer_id=clio.customer_id, site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now()
    )
    assert found.id == stays
    assert [row.ref for row in search_queries.search("cleo", COMPANY)].count(clio.ref) == 1, (
        "found by the name that stays"
    )
    assert search_queries.search("clio", COMPANY), "and still by her own"
    entry = db.session.query(AuditEntry).filter_by(type="customer:merge").one()
    assert (entry.subject, entry.site_id) == (f"CU-{clio.customer_id}", company.ana.site_id)


def test_the_page_of_a_merged_customer_stays_within_fifteen_queries(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    merge(company, clio, cleo)
    sam, url = sign_in(app.test_client(), company.sam), f"/customers/CU-{cleo.customer_id}"
    assert sam.get(url).status_code == 200  # the day's first look, which is written down
    counts: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: counts.append(args[2]))
    body = sam.get(url).get_data(as_text=True)
    assert "Clio Marcheti" in body
    assert len([one for one in counts if not one.startswith("BEGIN")]) <= 15


def test_consents_and_wishes_are_those_said_last_under_any_number(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    now = utc_now()
    for case, agreed, days in ((cleo, True, 3), (clio, False, 1)):
        care_actions.record_consent(
            customer_id=case.customer_id or 0, purpose="suggestions", given=agreed, source="phone",
            said_at=now - timedelta(days=days), actor=company.ana.actor, now=now,
        )  # fmt: skip
    assert care_queries.consent(cleo.customer_id or 0, "suggestions").holds
    merge(company, clio, cleo)
    assert not care_queries.consent(cleo.customer_id or 0, "suggestions").holds
    part(company, clio)
    assert care_queries.consent(cleo.customer_id or 0, "suggestions").holds


def test_segment_and_history_are_those_of_whom_she_counts_as(app: Flask, company: Company) -> None:
    cleo, clio, other = (case_of(company, name) for name in ("Cleo Marchetti", "Clio Marcheti", "Dora Klein"))
    set_segment(customer_id=cleo.customer_id or 0, segment="vip", actor=company.ada.actor, now=utc_now())
    merge(company, clio, cleo)
    ids = [case.id for case in (cleo, clio, other)]
    assert [traits_of(ids)[case_id][0] for case_id in ids] == ["vip", "vip", None]
    assert [given.place(case, company.ana.actor, utc_now()).segment for case in (cleo, clio, other)] == [
        "vip",
        "vip",
        None,
    ]
    offers = [
        given.can_i(case_id=one, kind="refund", amount=Money(1, "GBP"), actor=company.ana.actor, now=utc_now()).offer
        for one in ids
    ]
    assert [offer.segment for offer in offers] == ["vip", "vip", None]
    for one, earlier in ((clio, cleo), (cleo, clio)):
        history = history_of(one.customer_id or 0, one.id)
        assert history.count == 1 and history.last is not None and history.last.id == earlier.id
    assert history_of(other.customer_id or 0, other.id) == History()
    part(company, clio)
    assert traits_of(ids)[clio.id][0] is None


def test_chains_count_as_their_end_and_come_apart_link_by_link(app: Flask, company: Company) -> None:
    first, second, third = (case_of(company, name) for name in ("Ann Hill", "Anna Hill", "Annabel Hill"))
    for case, minor in ((first, 1_000), (second, 2_000), (third, 3_000)):
        give(company.ana, case.id, minor)
    merge(company, first, second)
    merge(company, second, third)
    assert {root_of(case.customer_id or 0) for case in (first, second, third)} == {third.customer_id}
    assert left(company, first) == 4_000
    with pytest.raises(merge_actions.AlreadyMerged):
        merge(company, third, first)  # no ring
    with pytest.raises(merge_actions.AlreadyMerged):
        merge(company, first, third)
    part(company, second)
    assert root_of(first.customer_id or 0) == second.customer_id, "what was one before the second merge stays one"
    assert (left(company, first), left(company, second), left(company, third)) == (7_000, 7_000, 7_000)
    part(company, first)
    assert (left(company, first), left(company, second)) == (9_000, 8_000)
    with pytest.raises(merge_actions.NotMerged):
        part(company, first)
    assert merged_into(third.customer_id or 0) == ()


def test_the_inner_link_of_a_chain_can_be_taken_apart_alone(app: Flask, company: Company) -> None:
    first, second, third = (case_of(company, name) for name in ("Ann Hill", "Anna Hill", "Annabel Hill"))
    merge(company, first, second)
    merge(company, second, third)
    part(company, first)
    assert members_of(third.customer_id or 0) == tuple(sorted((second.customer_id or 0, third.customer_id or 0)))
    assert members_of(first.customer_id or 0) == (first.customer_id,)


def test_taking_apart_gives_back_what_happened_meanwhile_in_each_name(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    give(company.ana, clio.id, 1_000)
    merge(company, clio, cleo)
    offered = give(company.ana, clio.id, 2_000)
    remedies.accept(remedy_id=offered.id, actor=company.ana.actor, now=utc_now())
    taken_back = give(company.ana, cleo.id, 500)
    remedies.decline(remedy_id=taken_back.id, reason="no", actor=company.ana.actor, now=utc_now())
    newer = case_of(company, "Clio Marcheti", summary="Breakfast was cold")
    part(company, clio)
    assert (left(company, cleo), left(company, clio)) == (10_000, 7_000)
    mine = {row.id for row in cases.cases_of_customer(members_of(clio.customer_id or 0), COMPANY).rows}
    assert mine == {clio.id}
    assert newer.customer_id == cleo.customer_id, "logged for whom she counted as: it stays there"
    assert violations() == []


def test_only_who_leads_merges_and_never_out_of_somebodys_sight(app: Flask, company: Company) -> None:
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    assert company.nia and company.tom
    theirs = make_case(company.nia, customer="Dora Klein")
    merged = {"reason": "same", "now": utc_now()}
    for actor, refusal in ((company.ana.actor, NotPermitted), (company.tom.actor, NotFound)):
        with pytest.raises(refusal):
            merge_actions.merge(
                customer_id=clio.customer_id or 0,
                into_id=cleo.customer_id or 0,
                actor=actor,
                **merged,  # type: ignore[arg-type]
            )
    with pytest.raises(merge_actions.KnownElsewhere):
        merge_actions.merge(
            customer_id=theirs.customer_id or 0, into_id=cleo.customer_id or 0, actor=company.max.actor,
            **merged,  # type: ignore[arg-type]
        )  # fmt: skip

    def refuses(_merge: hooks.Merge, _actor: object, _now: object) -> None:
        raise Refusal("a higher room says no")

    hooks.on_merge.append(refuses)
    try:
        with pytest.raises(Refusal, match="higher room"):
            merge(company, clio, cleo)
    finally:
        hooks.on_merge.remove(refuses)
    assert members_of(cleo.customer_id or 0) == (cleo.customer_id,)


def race(app: Flask, orders: list[list[dict[str, Any]]]) -> list[str]:
    """Do each list of orders in a process of four threads of its own; all start at the same moment."""

    def one(order: dict[str, Any]) -> str:
        with app.app_context():
            actor = people.person(order["person"]).actor  # type: ignore[union-attr]
            try:
                if order["deed"] == "merge":
                    merge_actions.merge(
                        customer_id=order["gone"], into_id=order["stays"], reason="race", actor=actor, now=utc_now()
                    )
                    return "merged"
                remedies.offer(
                    case_id=order["case"], kind="refund", amount=Money(order["minor"], "GBP"), reason="race",
                    intent=order["intent"], actor=actor, now=utc_now(),
                )  # fmt: skip
                return "paid"
            except Refusal as refusal:
                return refusal.code

    def share(own: list[dict[str, Any]]) -> list[str]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(one, own))

    return list(chain.from_iterable(at_once([partial(share, own) for own in orders])))


def offers(company: Company, case: Case, count: int) -> list[dict[str, Any]]:
    return [
        {"deed": "give", "person": company.ana.id, "case": case.id, "minor": 1_000, "intent": f"{case.ref}-{n:03}"}
        for n in range(count)
    ]


def test_twenty_parallel_offers_over_the_union_fill_the_window_and_no_more(app: Flask) -> None:
    company = make_company()
    publish_policy([*limits()[:1], {**limits()[2], "unit": "incident", "clause": "4.1"}, *limits()[2:]])
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    merge(company, clio, cleo)
    answers = race(app, [offers(company, cleo, 10), offers(company, clio, 10)])
    assert answers.count("paid") == 10
    assert set(answers) <= {"paid", "needs-approval", "purse-exhausted"}
    assert left(company, cleo) == 0
    assert violations() == []


def test_offers_while_customers_are_merged_never_exceed_the_union_afterwards(app: Flask) -> None:
    company = make_company()
    publish_policy([*limits()[:1], {**limits()[2], "unit": "incident", "clause": "4.1"}, *limits()[2:]])
    cleo, clio = case_of(company, "Cleo Marchetti"), case_of(company, "Clio Marcheti")
    both = {"deed": "merge", "person": company.sam.id, "gone": clio.customer_id, "stays": cleo.customer_id}
    mixed = offers(company, cleo, 9)
    mixed.insert(4, both)
    answers = race(app, [mixed, offers(company, clio, 9)])
    assert answers.count("merged") == 1
    assert set(answers) <= {"merged", "paid", "needs-approval", "purse-exhausted"}
    for case in (cleo, clio):
        with pytest.raises((NeedsApproval, Refusal)):
            give(company.ana, case.id, max(0, left(company, case)) + 1)
    assert violations() == []
