"""Whatever fails, and in whatever order it is told: nothing is ever paid twice, and in the end all books agree."""

import os
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.audit import queries as trail
from app.audit.jobs import seal_pending
from app.budgets.checks import violations
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.time import UTC, utc_now
from app.notifications import outbox_jobs
from app.notifications.outbox_jobs import deliver_due
from app.remedies import payout_actions as payouts
from app.remedies import payout_delivery
from app.remedies import reconcile_queries as reconciling
from app.remedies.connectors.stripe import Stripe
from tests.cases.builders import make_case
from tests.counts import count, examples
from tests.forked import in_a_child
from tests.people.builders import Company, make_company
from tests.remedies.builders import publish_policy
from tests.remedies.payout_builders import again, connect, route, settled, work
from tests.remedies.stand_in import FAULTS, StandIn, stand_in

STEPS = (
    *(f"deliver:{fault}" for fault in (*FAULTS, "")),
    *(f"tell:{status}" for status in ("pending", "succeeded", "failed")),
    "retry", "give up", "forget keys", "fail there", "succeed there",
)  # fmt: skip


@pytest.fixture
def book(app: Flask) -> Iterator[StandIn]:
    with stand_in() as made:
        connect(app, made)
        yield made


def ready(connector: str) -> tuple[Company, int]:
    company = make_company()
    publish_policy()
    route(company, connector)
    return company, make_case(company.ana).id


class World:
    """One payout, its provider, and the time that passes."""

    def __init__(self, app: Flask, book: StandIn, company: Company, case_id: int) -> None:
        self.client, self.book, self.company = app.test_client(), book, company
        book.faults.clear()
        book.next_status = "pending"
        payment = f"pi_{len(book.refunds):06d}{len(book.kept):06d}{book.requests:06d}"
        self.id = settled(company, case_id=case_id, payment=payment).id
        self.now, self.number = utc_now() + timedelta(seconds=1), 0

    @property
    def key(self) -> str:
        return again(self.id).key

    def mine(self) -> list[dict[str, object]]:
        return [one for one in self.book.refunds if one["metadata"]["makegood_payout"] == self.key]

    def step(self, what: str) -> None:
        name, _, more = what.partition(":")
        self.now += timedelta(hours=2)
        if name == "deliver":
            self.book.faults = [more] if more else []
            deliver_due(now=self.now)
            self.book.faults.clear()
        elif name == "tell":
            self.tell(more)
        elif name in ("retry", "give up"):
            self.decide(name)
        elif name == "forget keys":
            self.book.kept.clear()
        else:
            for refund in self.mine():
                if name == "fail there":
                    refund["status"] = "failed"
                elif refund["status"] == "pending":
                    refund["status"] = "succeeded"

    def tell(self, status: str) -> None:
        """Send a message about any refund: late, early, twice; but never of an end that has not come."""
        for refund in self.mine():
            if (
                status == "pending"
                or status == refund["status"]
                or (status, refund["status"]) == ("succeeded", "failed")
            ):
                self.number += 1
                body, headers = self.book.message(refund, status, self.number // 2, utc_now())
                assert self.client.post("/hooks/stripe", data=body, headers=headers).status_code == 200

    def decide(self, what: str) -> None:
        sam = self.company.sam.actor
        try:
            if what == "retry":
                payouts.retry(payout_id=self.id, actor=sam, now=self.now)
            else:
                payouts.give_up(payout_id=self.id, reason="enough", actor=sam, now=self.now)
        except Refusal:
            db.session.rollback()

    def check(self) -> None:
        alive = self.book.alive(self.key)
        assert len(alive) <= 1, f"paid {len(alive)} times"
        assert self.book.broken == []

    def settle_down(self) -> None:
        """No more faults: everything that is owed is done and told."""
        for _ in range(6):
            self.step("deliver:")
        for refund in self.mine():
            if refund["status"] == "pending":
                refund["status"] = "succeeded"
            self.number += 2
            body, headers = self.book.message(refund, str(refund["status"]), self.number, utc_now())
            self.client.post("/hooks/stripe", data=body, headers=headers)


def test_no_order_of_faults_messages_and_decisions_pays_twice(app: Flask, book: StandIn) -> None:
    company, case_id = ready("stripe")

    @settings(max_examples=examples(200, 8), database=None)
    @given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=14))
    @example(["deliver:dead_after", "forget keys", "deliver:"])
    @example(["deliver:500_after", "deliver:500_before", "forget keys", "deliver:429", "deliver:"])
    @example(["deliver:refused", "retry", "deliver:dead_after", "forget keys", "deliver:", "tell:succeeded"])
    @example(
        [
            "deliver:",
            "succeed there",
            "tell:succeeded",
            "fail there",
            "tell:failed",
            "tell:succeeded",
            "retry",
            "deliver:",
        ]
    )
    # A late word of an earlier round says paid; then that refund fails.
    @example(["deliver:500_after", "fail there", "deliver:500_before", "retry", "tell:succeeded"])
    def run(steps: list[str]) -> None:
        world = World(app, book, company, case_id)
        for step in steps:
            world.step(step)
            world.check()
        world.settle_down()
        world.check()
        alive, state = world.book.alive(world.key), again(world.id).state
        if state == "confirmed":
            assert len(alive) == 1
        elif state == "failed" and not again(world.id).is_unknown:
            assert alive == []
        elif state == "sent":
            assert again(world.id).is_unknown, "a stored 500 is told again until the provider forgets it"
        else:
            assert state in ("failed", "given_up")

    run()
    assert violations() == []


KILLED_AT = (
    ("before it is written that it is sent", payout_delivery, "_begin", "before"),
    ("after that, before the provider is asked", payout_delivery, "_begin", "after"),
    ("after the provider has acted", Stripe, "pay", "after"),
    ("before the answer is written", payout_delivery, "take_in", "before"),
    ("after the answer is written, inside its transaction", payout_delivery, "take_in", "after"),
    ("before the outbox says delivered", outbox_jobs, "_end", "before"),
    ("after the outbox says delivered, inside its transaction", outbox_jobs, "_end", "after"),
    ("while the try is claimed", outbox_jobs, "_claim", "after"),
)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_process_that_is_killed_at_any_step_leaves_books_that_agree(app: Flask, book: StandIn) -> None:
    company, case_id = ready("stripe")
    book.next_status = "succeeded"
    runs = count(200, len(KILLED_AT), least=len(KILLED_AT))
    ids = []
    for number in range(runs):
        payout = settled(company, 1_000 + number, case_id=case_id, payment=f"pi_{number:08d}")
        ids.append(payout.id)
        now = utc_now() + timedelta(seconds=1)
        assert killed(KILLED_AT[number % len(KILLED_AT)], now)
        work(now + timedelta(minutes=2), rounds=3)
    for payout_id in ids:
        payout = again(payout_id)
        assert (payout.state, len(book.alive(payout.key))) == ("confirmed", 1)
    assert len(book.refunds) == runs
    assert sum(refund["amount"] for refund in book.refunds) == sum(range(1_000, 1_000 + runs))
    assert reconciling.reconcile(utc_now()).json()["differences"] == []
    assert violations() == []
    while seal_pending(everything=True):  # nobody else seals here, and a long run waits longer than is allowed
        pass
    assert trail.verify(now=datetime.now(UTC)).is_whole


def killed(where: tuple[str, object, str, str], now: datetime) -> bool:
    """Deliver in a child process that is killed with SIGKILL at the step; True when it was."""
    _, owner, name, moment = where
    real = getattr(owner, name)

    def deadly(*args: object, **more: object) -> object:
        if moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        real(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    def deliver() -> None:
        setattr(owner, name, deadly)
        deliver_due(now=now)

    return in_a_child(deliver) == -signal.SIGKILL
