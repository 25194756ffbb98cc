"""Holds, posts and voids on a limit of 100: the facts of a two-phase ledger, then random walks against a model."""

import random
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.budgets.actions import HoldEnded, PurseExhausted
from app.budgets.checks import violations
from app.budgets.models import Hold, LedgerTransfer
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import transaction
from tests.budgets.builders import AT, INCIDENT, MONTH, ROLLING, hold, post, state, undo, void
from tests.counts import count

STEPS = count(1_000, 50)


def test_a_hold_fills_the_limit_exactly_and_one_more_stores_nothing(app: Flask) -> None:
    hold(1, 70)
    post(1)
    with pytest.raises(PurseExhausted):
        hold(2, 31)
    assert db.session.query(Hold).count() == 1
    hold(2, 30)
    assert state() == (30, 70, 0)
    assert violations() == []


def test_what_is_pending_counts(app: Flask) -> None:
    hold(1, 50)
    post(1)
    hold(2, 40)
    with pytest.raises(PurseExhausted):
        hold(3, 20)


@pytest.mark.parametrize(("minor", "after"), [(30, (0, 30, 0)), (20, (0, 20, 0)), (None, (0, 30, 0))])
def test_less_may_be_settled_and_the_rest_is_released(
    app: Flask, minor: int | None, after: tuple[int, int, int]
) -> None:
    hold(1, 30)
    post(1, minor)
    assert state() == after
    assert violations() == []


def test_more_than_was_held_is_refused_and_the_hold_stays(app: Flask) -> None:
    hold(1, 30)
    with pytest.raises(Refusal):
        post(1, 31)
    assert state() == (30, 0, 0)
    post(1)


def test_a_hold_ends_once(app: Flask) -> None:
    for remedy_id, first in ((1, post), (2, void)):
        hold(remedy_id, 30)
        first(remedy_id)
        for again in (post, void):
            with pytest.raises(HoldEnded):
                again(remedy_id)
    assert state() == (0, 30, 0)
    assert violations() == []


def test_a_hold_past_its_expiry_can_only_expire_once(app: Flask) -> None:
    hold(1, 30)
    later = AT + timedelta(days=14)
    with pytest.raises(HoldEnded):
        post(1, now=later)
    void(1, "expired", now=later)
    with pytest.raises(HoldEnded):
        void(1, "expired", now=later)
    assert state() == (0, 0, 0)


def test_a_reversal_is_a_new_linked_transfer_and_the_old_one_stays(app: Flask) -> None:
    hold(1, 20)
    post(1)
    undo(1)
    settled, reversal = db.session.query(LedgerTransfer).filter(LedgerTransfer.kind != "reserve").order_by("id")
    assert (settled.kind, settled.amount_minor) == ("settle", 20)
    assert (reversal.kind, reversal.amount_minor, reversal.reverses_id) == ("reverse", 20, settled.id)
    with pytest.raises(HoldEnded):
        undo(1)
    assert state() == (0, 0, 0)


def test_when_the_second_window_has_no_room_neither_is_taken(app: Flask) -> None:
    hold(1, 100, claims=(INCIDENT, MONTH))
    void(1)
    hold(2, 90, claims=(MONTH,))
    with pytest.raises(PurseExhausted):
        hold(3, 70, claims=(INCIDENT, MONTH))
    assert (state(), state("employee_month")) == ((0, 0, 0), (90, 0, 0))


def test_a_rolling_window_forgets_what_is_older_than_its_days(app: Flask) -> None:
    hold(1, 120, claims=(ROLLING,))
    just_inside = AT + timedelta(days=30) - timedelta(microseconds=1)
    with pytest.raises(PurseExhausted):
        hold(2, 1, claims=(ROLLING,), now=just_inside)
    hold(3, 120, claims=(ROLLING,), now=AT + timedelta(days=30))
    assert violations() == []


@pytest.mark.parametrize("table", ["ledger_transfer", "ledger_entry"])
@pytest.mark.parametrize("deed", ["UPDATE {table} SET amount_minor = 1", "DELETE FROM {table}"])
def test_the_database_itself_refuses_to_change_the_ledger(app: Flask, table: str, deed: str) -> None:
    hold(1, 30)
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(text(deed.format(table=table)))


def test_the_database_itself_refuses_to_overspend_a_purse(app: Flask) -> None:
    hold(1, 30)
    with pytest.raises(DatabaseError, match=r"ck_purse_limit|CHECK"), transaction():
        db.session.execute(text("UPDATE purse SET reserved_minor = 101"))


@pytest.mark.parametrize("seed", range(3))
def test_any_walk_of_holds_and_endings_leaves_what_a_model_says(app: Flask, seed: int) -> None:
    """The model: reserved + settled - granted <= limit always, every hold ends at most once, entries add up."""
    draw = random.Random(seed)
    held: dict[int, tuple[int, bool]] = {}
    settled: dict[int, tuple[int, bool]] = {}
    grant = frozenset({"incident:EUR"})
    for remedy_id in range(1, STEPS + 1):
        minor, is_granted = draw.randint(1, 120), draw.random() < 0.2
        own = sum(amount for amount, granted in [*held.values(), *settled.values()] if not granted)
        fits = is_granted or own + minor <= 100
        try:
            hold(remedy_id, minor, granted=grant if is_granted else frozenset())
        except PurseExhausted:
            assert not fits, (seed, remedy_id)
        else:
            assert fits, (seed, remedy_id)
            held[remedy_id] = (minor, is_granted)
        if held and draw.random() < 0.7:
            chosen = draw.choice(sorted(held))
            amount, granted = held.pop(chosen)
            if draw.random() < 0.5:
                part = draw.randint(1, amount)
                post(chosen, part)
                settled[chosen] = (part, granted)
            else:
                void(chosen)
        if settled and draw.random() < 0.4:
            undo(settled_id := draw.choice(sorted(settled)))
            settled.pop(settled_id)
    expected = (
        sum(amount for amount, _ in held.values()),
        sum(amount for amount, _ in settled.values()),
        sum(amount for amount, granted in [*held.values(), *settled.values()] if granted),
    )
    assert state() == expected
    assert violations() == []
