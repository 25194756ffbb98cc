"""Growing authority: what proposes a higher limit, what doesn't, and that accepting only makes a draft."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.insights import proposal_actions as proposals
from app.insights import proposal_queries as queries
from app.insights import proposal_rules
from app.insights.proposal_models import LimitProposal
from app.insights.proposal_rules import BOUND_MIN, Decided, Evidence, Need, band_of, evidence, is_capped, raised
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.policies import queries as policies
from app.policies.rules import Holder, Offer, Rule, judge
from tests.cases.builders import make_case
from tests.insights.past import ask, decide, rules_now, small_policy
from tests.people.builders import Company, make_company, sign_in

AT = datetime(2026, 3, 2, tzinfo=UTC)
NEEDS = (Need("incident", None, 25_000),)
REQUEST = Decided("refund", 5, "frontline", "GBP", NEEDS, 25_000, 25_000, 1_800, AT)
LIMIT = Rule(1, "frontline", 1, None, None, 0, 4, "incident", None, 20_000, "GBP", "4.2")
CAP = replace(LIMIT, id=2, role=None, limit_minor=100_000, hard=True, clause="3.1")

# What a page or a command says doesn't depend on the database; the queries behind it are tried on both.
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def incident(minor: int) -> tuple[Need, ...]:
    return (Need("incident", None, minor),)


def counted(granted: int, refused: int = 0, less: int = 0) -> Evidence:
    requests = [REQUEST] * granted + [replace(REQUEST, granted_minor=None)] * refused
    (row,) = evidence(requests + [replace(REQUEST, granted_minor=24_999)] * less)
    return row


def test_73_of_73_proposes() -> None:
    row = counted(73)
    assert row.is_enough
    assert row.low >= BOUND_MIN
    assert (row.granted, row.decided, row.more) == (73, 73, 0)


def test_72_of_72_does_not_propose_and_says_that_one_more_would() -> None:
    row = counted(72)
    assert not row.is_enough
    assert row.more == 1


def test_8_of_8_does_not_propose() -> None:
    row = counted(8)
    assert not row.is_enough
    assert row.more == 65


def test_one_refusal_in_73_stops_it_and_one_granted_for_less_as_well() -> None:
    assert not counted(72, refused=1).is_enough
    assert not counted(72, less=1).is_enough
    more = counted(5, refused=4).more
    assert more is not None
    assert counted(5 + more, refused=4).is_enough
    assert not counted(4 + more, refused=4).is_enough


def test_a_proposal_says_the_hours_waited_and_the_money_at_risk() -> None:
    row = counted(73, refused=0)
    assert (row.waited_seconds, row.at_risk_minor, row.limit_minor) == (73 * 1_800, 73 * 25_000, 25_000)


@pytest.mark.parametrize(
    ("minor", "currency", "over", "up_to"),
    [
        (10_000, "GBP", 7_500, 10_000),
        (10_001, "GBP", 10_000, 15_000),
        (15_000, "GBP", 10_000, 15_000),
        (500, "GBP", 0, 1_000),
        (31_200, "JPY", 30_000, 50_000),
    ],
)
def test_a_band_includes_its_upper_edge(minor: int, currency: str, over: int, up_to: int) -> None:
    band = band_of(replace(REQUEST, needs=incident(minor), currency=currency))
    assert (band.over, band.up_to) == (over, up_to)


def test_bands_are_kept_apart_and_stand_by_how_much_they_rest_on() -> None:
    rows = evidence(
        [
            REQUEST,
            replace(REQUEST, role="supervisor"),
            replace(REQUEST, kind="voucher"),
            replace(REQUEST, category_id=6),
        ]
        + [replace(REQUEST, needs=incident(45_000), granted_minor=None)] * 2
    )
    assert [(row.granted, row.decided) for row in rows] == [(0, 2), (1, 1), (1, 1), (1, 1), (1, 1)]


def outcome(rules: tuple[Rule, ...], minor: int, *, category: int = 5, level: int = 0) -> str:
    offer = Offer(Money(minor, "GBP"), "refund", "goodwill", True, 3, category)
    return judge(offer, Holder("frontline", 1, None, level), rules, {}).outcome


def test_a_raised_limit_holds_for_its_band_alone() -> None:
    rules = raised((LIMIT, CAP), counted(73).band, incident(25_000))
    assert rules is not None
    assert [outcome(rules, minor) for minor in (25_000, 25_001)] == ["allowed", "needs_approval"]
    assert [outcome(rules, minor, category=6) for minor in (20_000, 20_001)] == ["allowed", "needs_approval"]
    again = raised(rules, counted(73).band, incident(30_000))
    assert again is not None
    assert len(again) == len(rules), "a rule of exactly this band is raised, not doubled"


def test_a_raised_limit_never_takes_from_a_higher_level() -> None:
    trained = replace(LIMIT, id=3, level_min=2, limit_minor=40_000)
    rules = raised((LIMIT, trained, CAP), counted(73).band, incident(25_000))
    assert rules is not None
    assert [outcome(rules, minor, level=2) for minor in (40_000, 40_001)] == ["allowed", "needs_approval"]


def test_nothing_is_raised_above_the_cap_or_where_no_limit_binds() -> None:
    band = counted(73).band
    assert not is_capped((LIMIT, CAP), band, incident(100_000))
    assert is_capped((LIMIT, CAP), band, incident(100_001))
    assert raised((LIMIT, CAP), band, incident(100_001)) is None
    assert raised((LIMIT, CAP), band, incident(20_000)) is None
    assert raised((replace(LIMIT, kind="voucher"), CAP), band, incident(25_000)) is None


def test_all_limits_in_the_way_are_raised_together() -> None:
    customer = replace(LIMIT, id=5, unit="customer_days", days=30, limit_minor=22_000)
    both = (*NEEDS, Need("customer_days", 30, 26_000))
    (row,) = evidence([replace(REQUEST, needs=both)] * 73)
    rules = raised((LIMIT, customer, CAP), row.band, row.needs)
    assert rules is not None
    assert [outcome(rules, minor) for minor in (25_000, 25_001)] == ["allowed", "needs_approval"]
    assert [rule.limit_minor for rule in rules if rule.unit == "customer_days"] == [22_000, 26_000]


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    small_policy(now=utc_now() - timedelta(days=2))
    return made


def always_granted(company: Company, monkeypatch: pytest.MonkeyPatch) -> str:
    """Grant four requests of one band, and let four be enough; returns the band."""
    monkeypatch.setattr(proposal_rules, "BOUND_MIN", 0.5)
    now = utc_now() - timedelta(hours=5)
    for number in range(4):
        person = (company.ana, company.bo)[number % 2]  # two each: a third would also exceed the month
        case = make_case(person, customer=f"{'ABCD'[number]}lma Stone", now=now)
        request = ask(person, case.id, 24_000 + number, now)
        decide(company.sam, request.id, "approved", now + timedelta(minutes=30))
    (row,) = evidence(queries.decided((company.quayside.id,), utc_now()))
    assert (row.granted, row.waited_seconds, row.limit_minor) == (4, 4 * 1_800, 24_003)
    return row.band.key


def test_accepting_makes_a_draft_and_never_a_silent_change(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    band, before = always_granted(company, monkeypatch), rules_now()
    with pytest.raises(NotPermitted):
        proposals.accept(band=band, actor=company.sam.actor, now=utc_now())
    version = proposals.accept(band=band, actor=company.max.actor, now=utc_now())
    assert version.state == "draft"
    assert rules_now() == before, "the policy in force is as it was"
    new = [rule for rule in policies.rules_of(version.id) if rule.kind == "refund"]
    assert [(rule.limit_minor, rule.clause, rule.role) for rule in new] == [(24_003, "4.2", "frontline")]
    assert len(policies.rules_of(version.id)) == len(before) + 1
    entries = db.session.scalars(select(AuditEntry.type).order_by(AuditEntry.id.desc()).limit(2)).all()
    assert sorted(entries) == ["policy:draft", "proposal:accept"]
    assert db.session.scalars(select(LimitProposal.version_id)).all() == [version.id]
    assert invariants.violations("learning") == []
    with pytest.raises(proposals.DraftedAlready):
        proposals.accept(band=band, actor=company.max.actor, now=utc_now())


@one_database
def test_what_isnt_always_granted_can_not_be_accepted(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    band = always_granted(company, monkeypatch)
    monkeypatch.setattr(proposal_rules, "BOUND_MIN", 0.95)
    with pytest.raises(proposals.NotProposed):
        proposals.accept(band=band, actor=company.max.actor, now=utc_now())


@one_database
def test_the_page_lists_bands_with_n_and_why_not_yet(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    band = always_granted(company, monkeypatch)
    client = sign_in(app.test_client(), company.max)
    body = client.get("/authority-proposals").get_data(as_text=True)
    for words in ("4 of 4", "51%–100%", "Draft £240.03", "£960.06"):
        assert words in body, words
    main = body.split('id="main"')[1]
    assert "Ana Ruiz" not in main
    assert "Sam Okafor" not in main
    assert sign_in(app.test_client(), company.sam).post("/authority-proposals", data={"band": band}).status_code == 403
    assert client.post("/authority-proposals", data={"band": band}).headers["Location"].startswith("/policies/PO-")
    assert "Drafted as version 2" in client.get("/authority-proposals").get_data(as_text=True)
    assert client.post("/authority-proposals", data={"band": "nonsense"}).headers["Location"] == "/authority-proposals"
    monkeypatch.setattr(proposal_rules, "BOUND_MIN", 0.95)
    few = client.get("/authority-proposals").get_data(as_text=True)
    assert "4, too few" in few and "£960.06" not in few and "51%" not in few
    assert company.tom
    assert "4 of 4" not in sign_in(app.test_client(), company.tom).get("/authority-proposals").get_data(as_text=True)
    assert sign_in(app.test_client(), company.ana).get("/authority-proposals").status_code == 403
