"""Any order of reserve, settle, release, expire and reverse leaves every window as a model of it says, on both databases."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count as numbers
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from app.budgets import actions as budgets
from app.budgets.actions import HoldEnded, PurseExhausted
from app.budgets.checks import violations
from app.budgets.models import Purse
from app.budgets.rules import Claim, Spending, purse_key
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.transactions import transaction
from tests.budgets.builders import ACTOR, AT
from tests.counts import examples

LIFE = timedelta(days=14)
FRESH = numbers(10_000)
DOLLARS = 2  # what a euro takes of the window that is held in dollars
CLAIMS = (
    ("incident", None, "EUR", 100),
    ("customer_incident", None, "EUR", 200),
    ("customer_cause", 3, "EUR", 110),
    ("customer_day", None, "EUR", 130),
    ("customer_days", 30, "EUR", 120),
    ("customer_days", 7, "XXX", 5),
    ("employee_month", None, "EUR", 150),
    ("team_month", None, "EUR", 300),
    ("site_month", None, "USD", 250),
)


@dataclass
class Held:
    remedy_id: int
    minor: int
    at: Any
    granted: bool
    state: str = "reserved"
    counted: int = 0

    def size(self, currency: str) -> int:
        """What it counts in a window of a currency now."""
        if currency == "XXX":
            return 1 if self.counted else 0
        return self.counted * (DOLLARS if currency == "USD" else 1)


class Purses(RuleBasedStateMachine):
    """One case, customer, person, team and site of its own each time; every unit is claimed by every hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.holds = AT, []
        one = next(FRESH)
        self.spending = Spending(one, one, one, one, one, "UTC", cause="5")

    def asked(self, currency: str, minor: int) -> int:
        return {"XXX": 1, "USD": minor * DOLLARS}.get(currency, minor)

    def used(self, unit: str, days: int | None, currency: str, *, granted: bool | None = None) -> int:
        same_day = {"customer_day": "%Y-%m-%d", "employee_month": "%Y-%m", "team_month": "%Y-%m", "site_month": "%Y-%m"}
        form = same_day.get(unit)
        return sum(
            held.size(currency)
            for held in self.holds
            if (granted is None or held.granted == granted)
            and (days is None or held.at > self.now - timedelta(days=days))
            and (form is None or held.at.strftime(form) == self.now.strftime(form))
        )

    @rule(minor=st.integers(1, 130), granted=st.sampled_from((False, False, False, True)))
    def reserve(self, minor: int, granted: bool) -> None:
        remedy_id = next(FRESH)
        claims = [
            Claim(unit, days, currency, limit, asked_minor=self.asked(currency, minor), said={"unit": unit})
            for unit, days, currency, limit in CLAIMS
        ]
        names = frozenset({budgets.writing.window_name(claim) for claim in claims}) if granted else frozenset()
        over = [
            unit
            for unit, days, currency, limit in CLAIMS
            if not granted and self.used(unit, days, currency, granted=False) + self.asked(currency, minor) > limit
        ]

        def take() -> None:
            with transaction():
                budgets.reserve(
                    remedy_id=remedy_id, amount=Money(minor, "EUR"), claims=claims, spending=self.spending, granted=names,
                    expires_at=self.now + LIFE, actor=ACTOR, now=self.now,
                )  # fmt: skip

        if over:
            with pytest.raises(PurseExhausted) as refusal:
                take()
            assert refusal.value.details["window"]["unit"] in over
            return
        take()
        self.holds.append(Held(remedy_id, minor, self.now, granted, counted=minor))

    def chosen(self, number: int) -> Held:
        return self.holds[number % len(self.holds)]

    @precondition(lambda self: self.holds)
    @rule(number=st.integers(0, 99), part=st.integers(1, 130))
    def settle(self, number: int, part: int) -> None:
        held = self.chosen(number)
        part = min(part, held.minor)
        can = held.state == "reserved" and self.now < held.at + LIFE
        self.end(held, can, lambda: budgets.settle(amount=Money(part, "EUR"), **self.about(held)), "settled", part)

    @precondition(lambda self: self.holds)
    @rule(number=st.integers(0, 99), why=st.sampled_from(("declined", "released", "expired")))
    def release(self, number: int, why: str) -> None:
        held = self.chosen(number)
        self.end(held, held.state == "reserved", lambda: budgets.release(why=why, **self.about(held)), "released", 0)

    @precondition(lambda self: self.holds)
    @rule(number=st.integers(0, 99))
    def reverse(self, number: int) -> None:
        held = self.chosen(number)
        self.end(held, held.state == "settled", lambda: budgets.reverse(why="error", **self.about(held)), "reversed", 0)

    @rule(hours=st.sampled_from((1, 24, 72, 24 * 14, 24 * 31)))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def about(self, held: Held) -> dict[str, Any]:
        return {"remedy_id": held.remedy_id, "actor": ACTOR, "now": self.now, "case_id": 1, "site_id": 1}

    def end(self, held: Held, can: bool, deed: Any, state: str, counted: int) -> None:
        def do() -> None:
            with transaction():
                deed()

        if not can:
            with pytest.raises(HoldEnded):
                do()
            return
        do()
        held.state, held.counted = state, counted

    def teardown(self) -> None:
        """The purses of this moment are the model's, and nothing that must hold of money is broken."""
        for unit, days, currency, limit in CLAIMS:
            key = purse_key(Claim(unit, days, currency, limit), self.spending, self.now)
            assert key is not None
            row = db.session.query(Purse).populate_existing().filter_by(key=key.key).one_or_none()
            if row is not None and not key.is_rolling:
                assert row.reserved_minor + row.settled_minor == self.used(unit, days, currency), unit
                assert row.approved_minor == self.used(unit, days, currency, granted=True), unit
                assert row.reserved_minor + row.settled_minor - row.approved_minor <= limit, unit
        assert violations() == []
        db.session.remove()


def test_any_order_of_deeds_keeps_every_window_as_the_model_says(app: Flask) -> None:
    is_sqlite = db.engine.dialect.name == "sqlite"
    full, reduced = (600, 6) if is_sqlite else (150, 2)
    run_state_machine_as_test(
        Purses, settings=settings(max_examples=examples(full, reduced), stateful_step_count=25, deadline=None)
    )  # type: ignore[no-untyped-call]
