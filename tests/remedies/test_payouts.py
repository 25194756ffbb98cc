"""Payouts: owed once by what was settled, sent through connectors, and never paid twice."""

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.budgets.checks import violations
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted, Refusal
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies.payout_models import Payout, PayoutEvent
from app.remedies.payout_rules import PayoutMoved, Route, Standing, after_telling, choose
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy
from tests.remedies.payout_builders import again, connect, route, settled, tries, work
from tests.remedies.stand_in import StandIn, stand_in


@pytest.fixture
def book(app: Flask) -> Iterator[StandIn]:
    with stand_in() as made:
        connect(app, made)
        yield made


def test_what_is_settled_is_owed_once_and_proved_by_hand(app: Flask) -> None:
    company = make_company()
    publish_policy()
    remedy = give(company.ana, make_case(company.ana).id, 12_000)
    assert db.session.query(Payout).count() == 0, "an offer owes nothing"
    remedies.accept(remedy_id=remedy.id, actor=company.ana.actor, now=utc_now())
    payout = db.session.query(Payout).one()
    assert (payout.connector, payout.state, payout.amount_minor) == ("manual", "pending", 12_000)
    now = utc_now()
    for reference, done_at in (("", now), ("R-1", now + timedelta(hours=1))):
        with pytest.raises(BadInput):
            payouts.prove(payout_id=payout.id, reference=reference, done_at=done_at, actor=company.ana.actor, now=now)
    assert company.nia is not None
    for stranger, refusal in ((company.nia, NotFound), (company.audra, NotPermitted)):
        with pytest.raises(refusal):
            payouts.prove(payout_id=payout.id, reference="R-1", done_at=now, actor=stranger.actor, now=now)
    payouts.prove(payout_id=payout.id, reference="R-1", done_at=now, actor=company.bo.actor, now=now)
    assert again(payout.id).state == "confirmed"
    with pytest.raises(PayoutMoved):
        payouts.prove(payout_id=payout.id, reference="R-2", done_at=now, actor=company.ana.actor, now=now)
    assert violations() == []


def test_a_kind_word_owes_nothing_and_a_reversal_cancels_what_has_not_begun(app: Flask) -> None:
    company = make_company()
    publish_policy()
    word = give(company.ana, make_case(company.ana).id, 0, kind="apology")
    remedies.accept(remedy_id=word.id, actor=company.ana.actor, now=utc_now())
    assert db.session.query(Payout).count() == 0
    payout = settled(company)
    remedies.reverse(remedy_id=payout.remedy_id, reason="wrong guest", actor=company.sam.actor, now=utc_now())
    assert again(payout.id).state == "cancelled"
    assert work() and tries() == []


def test_the_own_server_is_asked_until_it_answers_and_pays_once(app: Flask, book: StandIn) -> None:
    company = make_company()
    publish_policy()
    route(company, "webhook")
    payout = settled(company)
    book.faults = ["dead_after", "500_after", "429", "dead_before"]
    work(rounds=5)
    found = again(payout.id)
    assert (found.state, found.provider_ref, found.is_unknown) == ("confirmed", "BANK-1", False)
    assert book.paid == {payout.key: {"reference": "BANK-1", "amount": {"amount": "120.00", "currency": "GBP"}}}
    assert tries() == ["failed", "failed", "failed", "failed", "delivered"]


def test_stripe_refunds_once_though_it_times_out_after_acting_and_forgets_its_keys(app: Flask, book: StandIn) -> None:
    company = make_company()
    publish_policy()
    route(company, "stripe")
    payout = settled(company)
    work()
    assert (again(payout.id).state, book.requests) == ("pending", 0), "nothing is sent before the payment is named"
    with pytest.raises(BadInput):
        payouts.name_payment(payout_id=payout.id, payment_ref="4242", actor=company.ana.actor, now=utc_now())
    payouts.name_payment(payout_id=payout.id, payment_ref="pi_000001", actor=company.ana.actor, now=utc_now())
    book.faults = ["dead_after"]
    now = work()
    assert again(payout.id).is_unknown
    book.kept.clear()
    work(now, rounds=2)
    assert (again(payout.id).state, again(payout.id).provider_ref) == ("sent", "re_000001")
    assert len(book.alive(payout.key)) == 1
    assert book.broken == []


def test_an_answer_about_another_amount_is_no_answer(app: Flask, book: StandIn) -> None:
    company = make_company()
    publish_policy()
    route(company, "stripe")
    payout = settled(company, payment="pi_000001")
    book.currency = "usd"
    work(rounds=2)
    assert (again(payout.id).state, again(payout.id).is_unknown) == ("sent", True)
    assert len(book.alive(payout.key)) == 1


def test_a_slow_provider_is_not_waited_for(app: Flask, book: StandIn) -> None:
    company = make_company()
    publish_policy()
    route(company, "webhook")
    payout = settled(company)
    book.hang_seconds = 1.6
    now = work()
    assert again(payout.id).is_unknown
    book.hang_seconds = 0
    time.sleep(0.8)
    work(now)
    assert (again(payout.id).state, len(book.paid)) == ("confirmed", 1)


def test_a_refused_payout_fails_in_sight_and_a_supervisor_tries_again_or_gives_up(app: Flask, book: StandIn) -> None:
    company = make_company()
    publish_policy()
    route(company, "stripe")
    payout = settled(company, payment="pi_000001")
    book.faults = ["refused", "refused"]
    now = work()
    assert again(payout.id).state == "failed"
    for deed in (payouts.retry, payouts.give_up):
        extra = {"reason": "no"} if deed is payouts.give_up else {}
        with pytest.raises(NotPermitted):
            deed(payout_id=payout.id, actor=company.ana.actor, now=now, **extra)
    payouts.retry(payout_id=payout.id, actor=company.sam.actor, now=now, payment_ref="pi_000002")
    now = work(now)
    payouts.give_up(payout_id=payout.id, reason="paid in cash", actor=company.sam.actor, now=now)
    with pytest.raises(NotPermitted):
        payouts.prove(payout_id=payout.id, reference="cash 12", done_at=now, actor=company.ana.actor, now=now)
    payouts.prove(payout_id=payout.id, reference="cash 12", done_at=now, actor=company.sam.actor, now=now)
    assert [event.what for event in db.session.query(PayoutEvent).order_by(PayoutEvent.id)] == [
        "created", "payment", "sent", "failed", "retried", "sent", "failed", "given_up", "proved",
    ]  # fmt: skip
    assert book.refunds == []
    assert book.broken == []


def test_what_may_have_been_paid_is_proved_by_hand_only_after_a_look_and_both_are_told(
    app: Flask, book: StandIn
) -> None:
    company = make_company()
    publish_policy()
    route(company, "stripe")
    payout = settled(company, payment="pi_000001")
    book.faults = ["dead_after"]
    now = work()
    app.extensions["makegood_settings"] = replace(app.extensions["makegood_settings"], stripe_url="http://127.0.0.1:1")
    later = work(now, rounds=60)
    assert (again(payout.id).state, again(payout.id).is_unknown) == ("failed", True)
    with pytest.raises(BadInput):
        payouts.prove(payout_id=payout.id, reference="cash", done_at=now, actor=company.sam.actor, now=later)
    payouts.prove(
        payout_id=payout.id, reference="cash", done_at=now, actor=company.sam.actor, now=later, is_checked=True
    )
    body, headers = book.message(book.refunds[0], "succeeded", 1, utc_now())
    assert app.test_client().post("/hooks/stripe", data=body, headers=headers).status_code == 200
    events = [event.what for event in db.session.query(PayoutEvent).order_by(PayoutEvent.id)]
    assert events[-2:] == ["proved", "twice"]


def test_the_narrower_way_holds_and_a_site_counts_more_than_a_kind() -> None:
    routes = [Route(1, None, None, "webhook"), Route(2, None, "refund", "stripe"), Route(3, 7, None, "manual")]
    assert choose([], 7, "refund") == "manual"
    assert [choose(routes, site, kind) for site in (7, 8) for kind in ("refund", "credit")] == [
        "manual", "manual", "stripe", "webhook",
    ]  # fmt: skip


TOLD = ("waiting", "confirmed", "failed")


@given(st.lists(st.sampled_from(TOLD), max_size=4), st.randoms(use_true_random=False))
def test_messages_of_one_refund_end_the_same_in_any_order_and_however_often(
    told: list[str], luck: random.Random
) -> None:
    ends = set()
    for order in permutations(told):
        doubled = [message for message in order for _ in range(luck.randint(1, 3))]
        now = Standing("sent", luck.random() < 0.5, False, luck.choice((None, "re_1")))
        for message in doubled:
            step = after_telling(now, message, "re_1")  # type: ignore[arg-type]
            assert step.what != "twice"
            now = Standing(step.state, step.is_unknown, False, step.provider_ref)
        ends.add(now.state)
    wanted = "failed" if "failed" in told else "confirmed" if "confirmed" in told else "sent"
    assert ends == {wanted}


def test_a_payout_that_is_over_refuses_everything_else(app: Flask) -> None:
    company = make_company()
    publish_policy()
    payout, now = settled(company), utc_now()
    sam = company.sam.actor
    for deed in (
        lambda: payouts.retry(payout_id=payout.id, actor=sam, now=now),
        lambda: payouts.give_up(payout_id=payout.id, reason="no", actor=sam, now=now),
        lambda: payouts.name_payment(payout_id=payout.id, payment_ref="pi_000001", actor=sam, now=now),
    ):
        with pytest.raises(Refusal):
            deed()
    assert again(payout.id).state == "pending"
