"""One purse of 100 and holds on it, without a case or a policy around them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.budgets import actions as budgets
from app.budgets.models import Purse
from app.budgets.rules import Claim, Spending
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import UTC
from app.kernel.transactions import transaction

AT = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
ACTOR = command("test")
SPENDING = Spending(case_id=1, customer_id=1, employee_id=1, site_id=1, team_id=1, time_zone="UTC")
INCIDENT = Claim("incident", None, "EUR", 100)
MONTH = Claim("employee_month", None, "EUR", 150)
ROLLING = Claim("customer_days", 30, "EUR", 120)


def hold(
    remedy_id: int,
    minor: int,
    *,
    claims: Sequence[Claim] = (INCIDENT,),
    granted: frozenset[str] = frozenset(),
    now: datetime = AT,
) -> None:
    with transaction():
        budgets.reserve(
            remedy_id=remedy_id, amount=Money(minor, "EUR"), claims=claims, spending=SPENDING, granted=granted,
            expires_at=now + timedelta(days=14), actor=ACTOR, now=now,
        )  # fmt: skip


def post(remedy_id: int, minor: int | None = None, *, now: datetime = AT) -> None:
    with transaction():
        amount = None if minor is None else Money(minor, "EUR")
        budgets.settle(remedy_id=remedy_id, amount=amount, actor=ACTOR, now=now, case_id=1, site_id=1)


def void(remedy_id: int, why: str = "declined", *, now: datetime = AT) -> None:
    with transaction():
        budgets.release(remedy_id=remedy_id, why=why, actor=ACTOR, now=now, case_id=1, site_id=1)


def undo(remedy_id: int) -> None:
    with transaction():
        budgets.reverse(remedy_id=remedy_id, why="by mistake", actor=ACTOR, now=AT, case_id=1, site_id=1)


def state(unit: str = "incident") -> tuple[int, int, int]:
    """Return what a purse has reserved, settled, and standing on exceptions."""
    row = db.session.query(Purse).populate_existing().filter_by(unit=unit).one()
    return row.reserved_minor, row.settled_minor, row.approved_minor
