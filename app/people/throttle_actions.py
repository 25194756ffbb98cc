"""Count failed sign-ins and refuse when there were too many. A technical table: nothing here is business."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import transaction
from app.people.models import SignInThrottle
from app.people.rules import ACCOUNT_ANYWHERE, Throttle, anywhere_key, throttle_keys

_FORGOTTEN_AFTER = timedelta(days=1)


class TooManyAttempts(Refusal):
    """`details["retry_after_seconds"]` says how long to wait."""

    status = 429
    code = "too-many-attempts"
    sentence = _l("Too many attempts. Wait a few minutes, then try again.")


def count_attempt(*, email: str, address: str | None, now: datetime) -> None:
    """Count an attempt within a session of the account's owner; see `count`."""
    count(throttle_keys(email, address), now)


def count_sign_in(*, email: str, address: str | None, now: datetime, browser: str | None) -> None:
    """Count an attempt to sign in; see `count`. browser: the cookie of one that the account's owner signed in from, if it is one."""
    keys = throttle_keys(email, address, browser)
    count(keys if browser else {**keys, anywhere_key(email): ACCOUNT_ANYWHERE}, now)


def count(keys: Mapping[str, Throttle], now: datetime) -> int:
    """Count an attempt as failed before it is checked, so that parallel guesses can't slip through.

    Returns how many more may fail. Raises TooManyAttempts; refused attempts don't prolong the wait.
    """
    with transaction():
        db.session.execute(delete(SignInThrottle).where(SignInThrottle.first_at < now - _FORGOTTEN_AFTER))
        return min(_count(key, throttle, now) for key, throttle in keys.items())


def take_back(keys: Iterable[str]) -> None:
    """Take back one counted attempt, which was right; failures of others stay counted."""
    with transaction():
        db.session.execute(
            update(SignInThrottle)
            .where(SignInThrottle.key.in_(list(keys)), SignInThrottle.failures > 0)
            .values(failures=SignInThrottle.failures - 1)
        )


def _count(key: str, throttle: Throttle, now: datetime) -> int:
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    is_old = SignInThrottle.first_at <= now - throttle.window
    statement = insert(SignInThrottle).values(key=key, failures=1, first_at=now)  # type: ignore[operator]
    failures, first_at = db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "failures": case((is_old, 1), else_=SignInThrottle.failures + 1),
                "first_at": case((is_old, now), else_=SignInThrottle.first_at),
            },
        ).returning(SignInThrottle.failures, SignInThrottle.first_at)
    ).one()
    if failures > throttle.failures_max:
        left = first_at + throttle.window - now
        raise TooManyAttempts(retry_after_seconds=max(1, int(left.total_seconds()) + 1))
    return int(throttle.failures_max - failures)


def forgive(*, email: str, address: str | None, browser: str | None = None) -> None:
    """Take back a counted attempt that was right: the account's own count starts anew, the address keeps its other failures."""
    account, *place = throttle_keys(email, address, browser)
    with transaction():
        db.session.execute(delete(SignInThrottle).where(SignInThrottle.key.in_((account, anywhere_key(email)))))
        take_back(place)
