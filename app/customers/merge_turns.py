"""Keeps merges of customers and what is given to them from coming between each other.

SQLite has one writer, so a transaction is a turn by itself. On PostgreSQL a merge waits until every spend under way has
ended, and holds back new ones for its own few statements; spends don't wait for each other by this.
"""

from collections.abc import Sequence

from sqlalchemy import func, select

from app.kernel.database import db
from app.kernel.transactions import in_transaction

_NUMBERS, _SPENDS = 7_305_414, 7_305_415
_MOST = 2**31 - 1


def keep_numbers() -> None:
    """Until this transaction ends no customer is merged or taken apart."""
    _wait(func.pg_advisory_xact_lock_shared(_NUMBERS, 0))


def change_numbers() -> None:
    """Wait until whoever counts on the customers' numbers has ended; asked first of all in the transaction."""
    _wait(func.pg_advisory_xact_lock(_NUMBERS, 0))


def one_spend_at_a_time(numbers: Sequence[int]) -> None:
    """For a customer of several numbers one spend goes on at a time, since her windows lie in several purses."""
    if len(numbers) > 1:
        _wait(func.pg_advisory_xact_lock(_SPENDS, min(numbers) % _MOST))


def _wait(lock: object) -> None:
    assert in_transaction(), "a turn ends with its transaction"
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(lock))  # type: ignore[call-overload]
