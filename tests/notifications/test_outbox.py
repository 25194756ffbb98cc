"""The outbox: an effect is owed with its change, tried until it works, and shown when it doesn't."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.audit import actions as audit
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from app.kernel.paging import Page
from app.kernel.time import UTC
from app.kernel.transactions import transaction
from app.notifications import outbox_actions as outbox
from app.notifications import outbox_channels, outbox_queries
from app.notifications.outbox_jobs import deliver_due
from app.notifications.outbox_models import OutboxAttempt, OutboxMessage
from app.notifications.outbox_rules import ATTEMPTS_MAX, LEASE_SECONDS, Message, NotDelivered, wait
from tests.people.builders import make_company, sign_in

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TESTED = audit.declare("outbox:test", sentence="tested")


class Killed(BaseException):
    """Stands for a process that dies at once."""


@dataclass
class Receiver:
    """Does an effect once per key, as every receiver must, and fails as it is told."""

    faults: list[BaseException | None] = field(default_factory=list)
    effects: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    given_up: list[str] = field(default_factory=list)

    def deliver(self, message: Message, now: datetime) -> None:
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and not isinstance(fault, Killed):
            raise fault
        self.effects.setdefault(message.key, message.payload["n"])
        if fault is not None:
            raise fault

    def give_up(self, message: Message, reason: str, now: datetime) -> None:
        self.given_up.append(f"{message.key}: {reason}")


def receiver(app: Flask, *faults: BaseException | None) -> Receiver:
    made = Receiver(list(faults))
    outbox_channels.register(app, "test", outbox_channels.Channel(made.deliver, "Tests", made.give_up))
    return made


def owe(key: str = "one", n: int = 1, at: datetime = NOON) -> int:
    with transaction():
        audit.record(TESTED, subject="TS-1", actor=command("test"), at=at)
        return outbox.enqueue(channel="test", key=key, payload={"n": n}, at=at)


def states() -> list[str]:
    db.session.expire_all()
    return [attempt.state for attempt in db.session.query(OutboxAttempt).order_by(OutboxAttempt.id)]


def test_an_effect_is_owed_only_when_its_change_is_kept(app: Flask) -> None:
    made = receiver(app)
    with pytest.raises(RuntimeError), transaction():
        outbox.enqueue(channel="test", key="one", payload={"n": 1}, at=NOON)
        raise RuntimeError
    assert deliver_due(now=NOON) == 0
    assert owe() == owe(), "the same key is the same message"
    assert deliver_due(now=NOON - timedelta(seconds=1)) == 0
    assert deliver_due(now=NOON) == 1
    assert deliver_due(now=NOON + timedelta(days=9)) == 0
    assert (made.effects, made.calls, states()) == ({"one": 1}, 1, ["delivered"])


def test_a_failed_try_waits_longer_each_time_and_is_told(app: Flask) -> None:
    made = receiver(app, NotDelivered("busy"), RuntimeError("never shown"), None)
    owe()
    now = NOON
    for _ in range(2):
        assert deliver_due(now=now) == 1
        planned = db.session.query(OutboxAttempt).filter_by(state="waiting").one()
        assert planned.due_at > now
        assert deliver_due(now=planned.due_at - timedelta(seconds=1)) == 0
        now = planned.due_at
    assert deliver_due(now=now) == 1
    assert made.effects == {"one": 1}
    assert [row.error for row in db.session.query(OutboxAttempt).order_by(OutboxAttempt.id)] == [
        "busy",
        "RuntimeError",
        None,
    ]


def test_a_process_that_dies_after_acting_acts_once_in_the_end(app: Flask) -> None:
    made = receiver(app, Killed())
    owe()
    with pytest.raises(Killed):
        deliver_due(now=NOON)
    db.session.rollback()
    assert deliver_due(now=NOON + timedelta(seconds=LEASE_SECONDS - 1)) == 0
    assert deliver_due(now=NOON + timedelta(seconds=LEASE_SECONDS)) == 1
    assert (made.calls, made.effects, states()) == (2, {"one": 1}, ["lost", "delivered"])


def test_a_message_is_given_up_at_once_where_no_try_can_help_and_else_after_the_last(app: Flask) -> None:
    made = receiver(app, NotDelivered("refused for good", final=True))
    owe("final")
    deliver_due(now=NOON)
    assert made.given_up == ["final: refused for good"]
    made.faults = [NotDelivered("down")] * ATTEMPTS_MAX
    owe("slow")
    now = NOON
    for _ in range(ATTEMPTS_MAX):
        assert deliver_due(now=now) == 1
        now += timedelta(hours=2)
    assert deliver_due(now=now) == 0
    assert made.given_up[-1] == "slow: down"
    assert [row.key for row in outbox_queries.dead_letters(Page()).rows] == ["slow", "final"]


def test_a_channel_that_fails_again_and_again_keeps_the_others_waiting_no_longer(app: Flask) -> None:
    made = receiver(app, *[NotDelivered("down")] * 20)
    for number in range(10):
        owe(f"key-{number}")
    assert deliver_due(now=NOON) == 3
    assert made.calls == 3


def test_dead_letters_are_read_by_those_who_watch_and_tried_again_by_the_administrator(app: Flask) -> None:
    company = make_company()
    made = receiver(app, NotDelivered("refused <b>twice</b>", final=True))
    message_id = owe("secret-free-key")
    deliver_due(now=NOON)
    ada, audra, ana = (sign_in(app.test_client(), who) for who in (company.ada, company.audra, company.ana))
    assert "refused &lt;b&gt;twice&lt;/b&gt;" in audra.get("/outbox").text
    assert ana.get("/outbox").status_code == 403
    assert audra.post(f"/outbox/ME-{message_id}/tries").status_code == 403
    assert ada.post("/outbox/ME-999/tries").status_code == 404
    assert ada.post(f"/outbox/ME-{message_id}/tries").status_code == 303
    assert ada.post(f"/outbox/ME-{message_id}/tries").status_code == 409
    assert "secret-free-key" not in ada.get("/outbox").text
    planned = db.session.query(OutboxAttempt).filter_by(state="waiting").one()
    assert deliver_due(now=planned.due_at) == 1
    assert made.effects == {"secret-free-key": 1}
    with pytest.raises(NotPermitted):
        outbox.retry(message_id=message_id, actor=company.audra.actor, now=NOON)
    assert db.session.query(OutboxMessage).count() == 1


def test_the_waiting_times_take_two_days_and_differ_from_message_to_message() -> None:
    first = [wait(1, left).total_seconds() for left in range(ATTEMPTS_MAX, 0, -1)]
    assert 24 <= first[0] <= 36
    assert 2_880 <= first[-1] <= 4_320
    assert 38 <= sum(first) / 3_600 <= 46
    assert wait(1, ATTEMPTS_MAX) != wait(2, ATTEMPTS_MAX)


def test_several_workers_share_the_work_and_take_nothing_twice(app: Flask) -> None:
    made = receiver(app)
    for number in range(12):
        owe(f"key-{number}")

    def work() -> int:
        with app.app_context():
            try:
                return sum(deliver_due(now=NOON) for _ in range(6))
            finally:
                db.session.remove()

    with ThreadPoolExecutor(3) as pool:
        shares = [share.result() for share in [pool.submit(work) for _ in range(3)]]
    assert (sum(shares), made.calls, len(made.effects)) == (12, 12, 12)
    assert states() == ["delivered"] * 12
