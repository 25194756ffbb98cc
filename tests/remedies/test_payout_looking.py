"""Payouts whose end no message told: they are looked up, seldom enough, and what is found is taken in as if it were told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from app.kernel.database import db
from app.kernel.time import utc_now
from app.remedies import payout_actions as payouts
from app.remedies.jobs import look_up_payouts
from app.remedies.payout_models import Payout, PayoutEvent, PayoutLook
from app.remedies.payout_rules import next_look
from tests.people.builders import Company, make_company
from tests.remedies.builders import publish_policy
from tests.remedies.payout_builders import again, connect, route, settled, work
from tests.remedies.stand_in import StandIn, stand_in

HOUR = timedelta(hours=1)


@pytest.fixture
def book(app: Flask) -> Iterator[StandIn]:
    with stand_in() as made:
        connect(app, made)
        yield made


@pytest.fixture
def company(app: Flask, book: StandIn) -> Company:
    made = make_company()
    publish_policy()
    route(made, "stripe")
    return made


def sent(company: Company, minor: int = 12_000, payment: str = "pi_000001") -> Payout:
    """A refund that Stripe has taken over, and says nothing more about."""
    payout = settled(company, minor, payment=payment)
    work()
    assert again(payout.id).state == "sent"
    return payout


def events(payout: Payout) -> list[str]:
    rows = db.session.query(PayoutEvent).filter_by(payout_id=payout.id).order_by(PayoutEvent.id)
    return [event.what for event in rows]


@pytest.mark.parametrize(
    ("status", "state"), [("succeeded", "confirmed"), ("failed", "failed"), ("canceled", "failed")]
)
def test_a_refund_whose_message_never_came_is_looked_up_and_ends(
    app: Flask, book: StandIn, company: Company, status: str, state: str
) -> None:
    payout, now = sent(company), utc_now()
    book.refunds[0]["status"] = status
    assert look_up_payouts(now=now + HOUR / 2) == 0, "a message may still come"
    assert look_up_payouts(now=now + 2 * HOUR) == 1
    assert (again(payout.id).state, book.looks, book.broken) == (state, 1, [])
    assert events(payout)[-1] == state
    assert look_up_payouts(now=now + 48 * HOUR) == 0, "it has ended"
    body, headers = book.message(book.refunds[0], status, 1, utc_now())
    assert app.test_client().post("/hooks/stripe", data=body, headers=headers).status_code == 200
    assert events(payout).count(state) == 1, "the message that comes late says nothing new"
    assert book.broken == []


def test_what_is_still_under_way_is_asked_for_ever_more_seldom(book: StandIn, company: Company) -> None:
    sent(company)
    began = utc_now()
    for minutes in range(0, 48 * 60, 20):
        look_up_payouts(now=began + timedelta(minutes=minutes))
    assert book.looks == 6  # after 1, 2, 4, 8, 16 and 32 hours
    assert [next_look(count, began) - began for count in (1, 3, 5, 6, 45)] == [
        HOUR,
        4 * HOUR,
        16 * HOUR,
        24 * HOUR,
        24 * HOUR,
    ]


def test_a_provider_that_isnt_there_is_left_alone_until_the_next_run(book: StandIn, company: Company) -> None:
    for number in range(5):
        sent(company, 1_000 + number, f"pi_{number:06d}")
    book.faults = ["dead_before"] * 9
    now = utc_now() + 2 * HOUR
    assert look_up_payouts(now=now) == 3
    assert all((look.error or "").startswith("no answer") for look in db.session.query(PayoutLook))
    book.faults = []
    assert look_up_payouts(now=now, limit=2) == 2, "those that were asked a moment ago wait for their turn"
    assert {again(one.id).state for one in db.session.query(Payout).all()} == {"sent"}


def test_a_look_says_nothing_about_another_round_or_another_refund(book: StandIn, company: Company) -> None:
    payout, now = sent(company), utc_now()
    book.refunds[0]["metadata"]["makegood_payout"] = "mg-somebody-elses"
    assert look_up_payouts(now=now + 2 * HOUR) == 1
    assert again(payout.id).state == "sent"
    assert db.session.get_one(PayoutLook, payout.id).error == "the answer is about another refund"
    book.refunds[0]["metadata"]["makegood_payout"] = again(payout.id).key
    book.refunds[0]["status"] = "failed"
    assert look_up_payouts(now=now + 5 * HOUR) == 1
    payouts.retry(payout_id=payout.id, actor=company.sam.actor, now=now + 6 * HOUR)
    work(now + 6 * HOUR)
    assert (again(payout.id).state, again(payout.id).round, len(book.alive(payout.key))) == ("sent", 2, 1)
    book.refunds[1]["status"] = "succeeded"
    assert look_up_payouts(now=now + 6 * HOUR + HOUR / 2) == 0, "the new round begins anew"
    assert look_up_payouts(now=now + 9 * HOUR) == 1
    assert again(payout.id).state == "confirmed"
