"""Races across processes, on both databases: no window is overspent and no intent pays twice."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

from flask import Flask

from app.budgets.checks import violations
from app.budgets.models import Purse
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.forked import at_once
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

PROCESSES = THREADS = 4


def limits(incident_minor: int, month_minor: int) -> list[dict[str, object]]:
    common = {"currency": "GBP", "role": "frontline"}
    return [
        {**common, "unit": "incident", "limit_minor": incident_minor, "clause": "4.1"},
        {**common, "unit": "customer_days", "days": 30, "limit_minor": 10_000_000, "clause": "4.2"},
        {**common, "unit": "employee_month", "limit_minor": month_minor, "clause": "5.1"},
        {**common, "unit": "team_month", "limit_minor": 10_000_000, "clause": "5.2"},
    ]


def race(app: Flask, person_id: int, case_id: int, intents: list[str]) -> list[str]:
    """Offer £100.00 once per intent, from four processes of four threads that start at the same moment."""

    def one(intent: str) -> str:
        with app.app_context():
            actor = people.person(person_id).actor  # type: ignore[union-attr]
            try:
                remedy = remedies.offer(
                    case_id=case_id, kind="refund", amount=Money(10_000, "GBP"), reason="race", intent=intent,
                    actor=actor, now=utc_now(),
                )  # fmt: skip
                return f"paid:{remedy.id}"
            except Refusal as refusal:
                return refusal.code

    def share(place: int) -> list[str]:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(one, intents[place::PROCESSES]))

    return list(chain.from_iterable(at_once([partial(share, place) for place in range(PROCESSES)])))


def test_fifty_parallel_offers_on_a_window_with_room_for_twenty_give_exactly_twenty(app: Flask) -> None:
    company = make_company()
    publish_policy(limits(200_000, 10_000_000))
    case_id = make_case(company.ana).id
    answers = race(app, company.ana.id, case_id, [f"race-intent-{n}" for n in range(50)])
    assert len([answer for answer in answers if answer.startswith("paid:")]) == 20
    assert set(answers) - {a for a in answers if a.startswith("paid:")} <= {"needs-approval", "purse-exhausted"}
    assert db.session.query(Purse).filter_by(unit="incident").one().reserved_minor == 200_000
    assert violations() == []


def test_the_hot_window_of_a_person_is_never_overspent_either(app: Flask) -> None:
    company = make_company()
    publish_policy(limits(10_000_000, 150_000))
    case_id = make_case(company.ana).id
    answers = race(app, company.ana.id, case_id, [f"race-intent-{n}" for n in range(40)])
    assert len([answer for answer in answers if answer.startswith("paid:")]) == 15
    assert violations() == []


def test_one_intent_pressed_forty_times_in_four_processes_pays_once(app: Flask) -> None:
    company = make_company()
    publish_policy(limits(10_000_000, 10_000_000))
    case_id = make_case(company.ana).id
    answers = race(app, company.ana.id, case_id, ["the-same-intent"] * 40)
    paid = {answer for answer in answers if answer.startswith("paid:")}
    assert len(paid) == 1
    assert set(answers) - paid <= {"intent-in-flight"}  # where the first takes longer than one waits for it
    assert db.session.query(Remedy).count() == 1
    assert violations() == []
