"""What decisions teach: worked values, and the page for whom it is about first."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.approvals import actions as approvals
from app.approvals.appeal_rules import Appeal
from app.cases import actions as cases
from app.insights.approval_queries import learned, mirror
from app.insights.approval_rules import Outcome, band, latency, matched_difference, overturns
from app.kernel.time import UTC, utc_now
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_the_overturn_rate_of_twelve_in_twenty_is_said_with_its_interval() -> None:
    found = overturns([Appeal(1, AT, AT, AT if number < 12 else None) for number in range(20)])
    assert (found.successes, found.trials) == (12, 20)
    assert (round(found.low or 0, 3), round(found.high or 0, 3)) == (0.387, 0.781)
    assert overturns([Appeal(1, AT, AT, AT)] * 9).ratio is None, "nine are too few to say"


def test_latency_is_the_sum_of_what_customers_waited() -> None:
    half_an_hour, three = timedelta(minutes=30), timedelta(hours=3)
    found = latency([(AT, AT + half_an_hour), (AT, AT + three)])
    assert (found.hours, found.count, found.half.value) == (3.5, 2, None)
    assert latency([(AT, AT + timedelta(seconds=n)) for n in range(1, 21)]).half.value == 10


@pytest.mark.parametrize(("minor", "number"), [(0, 0), (2_500, 0), (2_501, 1), (100_000, 5), (100_001, 6)])
def test_an_edge_belongs_to_the_band_below_it(minor: int, number: int) -> None:
    assert band(minor) == number


def offers(match: str, waited: tuple[int, int], others: tuple[int, int]) -> list[Outcome]:
    return [
        Outcome(match, side, number < taken)
        for side, (taken, count) in ((True, waited), (False, others))
        for number in range(count)
    ]


def test_the_difference_is_taken_within_strata() -> None:
    one = matched_difference(offers("refund", (12, 20), (16, 20)))
    assert (round(one.value or 0, 3), round(one.low or 0, 3), round(one.high or 0, 3)) == (-0.2, -0.452, 0.088)
    # Without matching it would be 30 of 40 against 25 of 40; within each stratum nothing differs.
    same = matched_difference(offers("a", (27, 30), (9, 10)) + offers("b", (3, 10), (9, 30)))
    assert same.value == pytest.approx(0)
    # A stratum with one side only says nothing; below ten on a side nothing is said.
    assert matched_difference(offers("a", (5, 50), (0, 0)) + offers("b", (9, 9), (50, 50))).value is None


def test_a_certain_looking_stratum_keeps_an_interval() -> None:
    found = matched_difference(offers("a", (10, 10), (10, 10)))
    assert found.value == 0
    assert found.low is not None and found.high is not None
    assert found.low < -0.1 and found.high > 0.1


def test_the_page_shows_a_decider_themselves_first_and_others_only_what_they_lead(app: Flask) -> None:
    company = make_company()
    for outcome in ("approved", "declined"):
        case = make_case(company.ana)
        cases.resolve(
            case_id=case.id, outcome="declined", root_cause="process", note="No", actor=company.ana.actor, now=utc_now()
        )
        cases.reopen(case_id=case.id, reason="Again", actor=company.bo.actor, now=utc_now())
        approvals.decide(
            exception_id=make_request(company.bo, case=case).id, outcome=outcome, amount=None, reason="So.",
            actor=company.sam.actor, now=utc_now(),
        )  # fmt: skip
    assert (
        mirror(company.sam.id, utc_now()).overturned.successes,
        mirror(company.sam.id, utc_now()).overturned.trials,
    ) == (1, 2)
    found = learned([company.quayside.id], utc_now())
    assert (found.overturned.successes, found.overturned.trials, found.latency.count, len(found.credits)) == (
        1,
        2,
        2,
        1,
    )
    assert company.harbour is not None
    assert learned([company.harbour.id], utc_now()).latency.count == 0
    sam = sign_in(app.test_client(), company.sam).get("/metrics/appeals").text
    assert sam.index("You first") < sam.index("Quayside</h2>")
    assert "Ana" not in sam, "nobody is named"
    hana = sign_in(app.test_client(), company.hana).get("/metrics/appeals").text
    assert "You first" not in hana and "2: too few to say" in hana and "1 of 2" not in hana
    assert "Propose a higher limit" in sign_in(app.test_client(), company.max).get("/metrics/appeals").text
    assert sign_in(app.test_client(), company.ana).get("/metrics/appeals").status_code == 403
