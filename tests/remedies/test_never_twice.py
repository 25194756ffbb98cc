"""Refunds and retries in any order never pay twice, from the intent through the ledger to the provider's own book.

A machine of random deeds: offers sent again under the same key, answers of the customer, tries that time out before or
after the provider acted, its messages late, doubled and out of order, looks, decisions of a supervisor, proofs by hand and
reversals. After each deed the provider has at most one effect for each intent; in the end ledger and provider agree.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count as numbers
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.budgets.checks import violations
from app.budgets.intent_actions import IntentReused
from app.budgets.models import Hold
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.notifications.outbox_jobs import deliver_due
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies.jobs import look_up_payouts
from app.remedies.models import Remedy
from app.remedies.payout_models import Payout, PayoutEvent
from app.remedies.reconcile_queries import reconcile
from app.remedies.rules import RemedyEnded
from tests.cases.builders import make_case
from tests.counts import examples
from tests.people.builders import Company, make_company
from tests.remedies.builders import publish_policy
from tests.remedies.payout_builders import connect, route
from tests.remedies.stand_in import FAULTS, StandIn, stand_in

FRESH = numbers(1)
INTENTS = 2
RULES = [
    {"role": "frontline", "unit": "incident", "limit_minor": 10**8, "currency": "GBP", "clause": "4.2"},
    {"role": "frontline", "unit": "employee_month", "limit_minor": 10**11, "currency": "GBP", "clause": "4.3"},
]


@dataclass
class Place:
    """What all runs of the machine share."""

    company: Company
    book: StandIn
    client: FlaskClient


PLACES: list[Place] = []


@dataclass
class Meant:
    """What the model knows of one intent: its content, the remedy that came of it, and how that stands."""

    minor: int
    remedy_id: int
    payment: str
    state: str = "reserved"
    settled_minor: int = 0


@dataclass
class Told:
    """Messages that the provider has written; each may arrive at any time, and again."""

    sent: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    number: int = 0


class Paying(RuleBasedStateMachine):
    """One case with up to two intents."""

    def __init__(self) -> None:
        super().__init__()
        self.place, self.run = PLACES[0], next(FRESH)
        self.book.faults.clear()
        self.book.next_status = "pending"
        self.now = utc_now() + timedelta(seconds=1)
        self.case_id = make_case(self.company.ana).id
        self.meant: dict[int, Meant] = {}
        self.told = Told()

    @property
    def company(self) -> Company:
        return self.place.company

    @property
    def book(self) -> StandIn:
        return self.place.book

    def later(self, hours: float = 2) -> datetime:
        self.now += timedelta(hours=hours)
        return self.now

    @initialize(minor=st.integers(1, 50_000))
    def settles_one(self, minor: int) -> None:
        """So that there is something to pay from the first step on."""
        self.offer(0, minor)
        self.settle(0, 0)

    # What Ana does.
    @rule(number=st.integers(0, INTENTS - 1), minor=st.integers(1, 50_000))
    def offer(self, number: int, minor: int) -> None:
        """The first use of a key offers; the same content under it gets the first answer, other content none."""
        known = self.meant.get(number)
        if known is None:
            remedy_id = self.sent(number, minor)
            self.meant[number] = Meant(minor, remedy_id, f"pi_{self.run:07d}{number}")
        elif known.minor == minor:
            assert self.sent(number, minor) == known.remedy_id
        else:
            with pytest.raises(IntentReused):
                self.sent(number, minor)

    @precondition(lambda self: self.meant)
    @rule(number=st.integers(0, 9))
    def offer_again(self, number: int) -> None:
        place, known = self.chosen(number)
        assert self.sent(place, known.minor) == known.remedy_id

    def sent(self, number: int, minor: int) -> int:
        made = remedies.offer(
            case_id=self.case_id, kind="refund", amount=Money(minor, "GBP"), reason="cold room",
            intent=f"run-{self.run}-intent-{number}", actor=self.company.ana.actor, now=self.now,
        )  # fmt: skip
        return made.id

    @precondition(lambda self: self.meant)
    @rule(number=st.integers(0, 9), less=st.integers(0, 3))
    def settle(self, number: int, less: int) -> None:
        """The customer accepts all or a little less; the payment that Stripe refunds is named at once."""
        _, one = self.chosen(number)
        part = max(1, one.minor - less)
        if self.ends(one, "reserved", "settled", lambda now: remedies.accept(
            remedy_id=one.remedy_id, amount=Money(part, "GBP"), actor=self.company.ana.actor, now=now
        )):  # fmt: skip
            one.settled_minor = part
            payouts.name_payment(
                payout_id=self.payout(one).id, payment_ref=one.payment, actor=self.company.ana.actor, now=self.now
            )

    @precondition(lambda self: self.meant)
    @rule(number=st.integers(0, 9))
    def decline(self, number: int) -> None:
        _, one = self.chosen(number)
        self.ends(one, "reserved", "declined", lambda now: remedies.decline(
            remedy_id=one.remedy_id, actor=self.company.ana.actor, now=now
        ))  # fmt: skip

    @precondition(lambda self: self.meant)
    @rule(number=st.integers(0, 9))
    def reverse(self, number: int) -> None:
        _, one = self.chosen(number)
        self.ends(one, "settled", "reversed", lambda now: remedies.reverse(
            remedy_id=one.remedy_id, reason="wrong guest", actor=self.company.sam.actor, now=now
        ))  # fmt: skip

    def ends(self, one: Meant, before: str, after: str, deed: Callable[[datetime], object]) -> bool:
        """Do a deed that is possible in one state only; returns whether it was."""
        if one.state != before:
            with pytest.raises(RemedyEnded):
                deed(self.now)
            return False
        deed(self.now)
        one.state = after
        return True

    # What the jobs, the provider and a supervisor do.
    @rule(fault=st.sampled_from((*FAULTS, "dead_after", "500_after", "", "")), forgets=st.booleans())
    def attempt(self, fault: str, forgets: bool = False) -> None:
        """The outbox tries what is due; the provider may have forgotten the keys of earlier tries."""
        if forgets:
            self.book.kept.clear()
        self.book.faults = [fault] if fault else []
        deliver_due(now=self.later())
        self.book.faults.clear()

    @rule(fault=st.sampled_from(("dead_before", "", "")))
    def look(self, fault: str) -> None:
        self.book.faults = [fault] if fault else []
        look_up_payouts(now=self.later())
        self.book.faults.clear()

    @rule(status=st.sampled_from(("pending", "succeeded", "failed")), number=st.integers(0, 9))
    def moves_there(self, status: str, number: int) -> None:
        """A refund moves on at the provider, which writes a message about it; when that arrives is another rule."""
        if not (mine := self.mine()):
            return
        refund = mine[number % len(mine)]
        if (refund["status"], status) in (("pending", "succeeded"), ("pending", "failed"), ("succeeded", "failed")):
            refund["status"] = status
        if refund["status"] == status:
            self.told.number += 1
            self.told.sent.append(self.book.message(refund, status, self.told.number, utc_now()))

    @precondition(lambda self: self.told.sent)
    @rule(number=st.integers(0, 30), times=st.integers(1, 2))
    def arrives(self, number: int, times: int) -> None:
        """Any message, late, doubled, out of order."""
        body, headers = self.told.sent[number % len(self.told.sent)]
        for _ in range(times):
            assert self.place.client.post("/hooks/stripe", data=body, headers=headers).status_code == 200

    @precondition(lambda self: self.meant)
    @rule(number=st.integers(0, 9), what=st.sampled_from(("retry", "retry", "give up", "prove")))
    def decide(self, number: int, what: str) -> None:
        _, one = self.chosen(number)
        if one.state not in ("settled", "reversed"):
            return
        sam: Any = {"payout_id": self.payout(one).id, "actor": self.company.sam.actor, "now": self.now}
        with suppress(Refusal, BadInput):
            if what == "retry":
                payouts.retry(**sam)
            elif what == "give up":
                payouts.give_up(**sam, reason="enough")
            else:  # by hand only after a look there: whoever has looked pays nothing that was paid
                is_paid = bool(self.book.alive(self.payout(one).key))
                if not is_paid:
                    payouts.prove(**sam, reference="CASH-1", done_at=self.now, is_checked=True)
        db.session.rollback()

    # What must hold.
    @invariant()
    def nothing_is_paid_twice(self) -> None:
        db.session.rollback()
        db.session.expire_all()
        for one in self.meant.values():
            rows = db.session.query(Payout).filter_by(remedy_id=one.remedy_id).all()
            assert len(rows) <= 1
            alive = self.book.alive(rows[0].key) if rows else []
            assert len(alive) <= 1, f"{len(alive)} refunds of one intent"
            assert [refund["amount"] for refund in alive] in ([], [one.settled_minor])
        assert self.book.broken == []

    def teardown(self) -> None:
        """No more faults, and everything is told; then each book says the same of each intent."""
        for _ in range(8):
            self.attempt("")
        for refund in self.mine():
            refund["status"] = "succeeded" if refund["status"] == "pending" else refund["status"]
            self.told.number += 1
            body, headers = self.book.message(refund, str(refund["status"]), self.told.number, utc_now())
            self.place.client.post("/hooks/stripe", data=body, headers=headers)
        self.nothing_is_paid_twice()
        for one in self.meant.values():
            self.agrees(one)
        db.session.remove()

    def agrees(self, one: Meant) -> None:
        remedy, hold = db.session.get_one(Remedy, one.remedy_id), self.hold(one)
        assert remedy.state == one.state
        assert hold.counted_minor == {"reserved": one.minor, "settled": one.settled_minor}.get(one.state, 0)
        if one.state not in ("settled", "reversed"):
            assert db.session.query(Payout).filter_by(remedy_id=one.remedy_id).count() == 0
            return
        payout = self.payout(one)
        alive, twice = self.book.alive(payout.key), self.has(payout, "twice")
        if payout.state == "confirmed" and not payout.by_hand:
            assert len(alive) == 1
        elif payout.state == "confirmed":
            assert bool(alive) == twice, "paid by hand and there: somebody is told"
        elif payout.state == "sent":
            assert payout.is_unknown, "a stored 500 is told again until the provider forgets it"
        else:
            assert alive == [] or payout.is_unknown, payout.state

    def has(self, payout: Payout, what: str) -> bool:
        return db.session.query(PayoutEvent).filter_by(payout_id=payout.id, what=what).count() > 0

    def chosen(self, number: int) -> tuple[int, Meant]:
        places = sorted(self.meant)
        place = places[number % len(places)]
        return place, self.meant[place]

    def payout(self, one: Meant) -> Payout:
        return db.session.query(Payout).filter_by(remedy_id=one.remedy_id).one()

    def hold(self, one: Meant) -> Hold:
        return db.session.query(Hold).filter_by(remedy_id=one.remedy_id).one()

    def mine(self) -> list[dict[str, Any]]:
        payments = {one.payment for one in self.meant.values()}
        return [refund for refund in self.book.refunds if refund["payment_intent"] in payments]


def test_refunds_and_retries_in_any_order_never_pay_twice(app: Flask) -> None:
    is_sqlite = db.engine.dialect.name == "sqlite"
    full, reduced = (600, 6) if is_sqlite else (150, 2)
    with stand_in() as book:
        connect(app, book)
        company = make_company()
        publish_policy(RULES)
        route(company, "stripe")
        PLACES[:] = [Place(company, book, app.test_client())]
        run_state_machine_as_test(
            Paying, settings=settings(max_examples=examples(full, reduced), stateful_step_count=30, deadline=None)
        )  # type: ignore[no-untyped-call]
    assert violations() == []
    named = {one.what for one in reconcile(utc_now()).differences}
    assert named <= {
        "reversed after it was sent: get it back", "given up: prove it or reverse the remedy",
        "paid by hand and by the provider: get one back",
    }  # fmt: skip
