"""Count what strangers try, in the database, so that all processes count together. A technical table."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import transaction
from app.portal.models import PortalThrottle
from app.portal.rules import Limit

_FORGOTTEN_AFTER = timedelta(days=1)


class TooMuch(Refusal):
    """`details["retry_after_seconds"]` says how long to wait."""

    status = 429
    code = "too-many-attempts"
    sentence = _l("Too many at once from here. Wait a few minutes, then try again.")


def refuse_when_spent(key: str, limit: Limit, now: datetime) -> None:
    """Raise TooMuch when this key has nothing left; writes nothing."""
    row = db.session.execute(
        select(PortalThrottle.count.label("counted"), PortalThrottle.first_at).where(PortalThrottle.key == key)
    ).first()
    if row is not None and row.counted >= limit.count_max and row.first_at + limit.window > now:
        raise _too_much(row.first_at, limit, now)


def count(key: str, limit: Limit, now: datetime) -> None:
    """Count one; raises TooMuch above the limit. Joins the deed that it belongs to: a refused deed counts nothing."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    with transaction():
        db.session.execute(delete(PortalThrottle).where(PortalThrottle.first_at < now - _FORGOTTEN_AFTER))
        is_old = PortalThrottle.first_at <= now - limit.window
        statement = insert(PortalThrottle).values(key=key, count=1, first_at=now)
        counted, first_at = db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "count": case((is_old, 1), else_=PortalThrottle.count + 1),
                    "first_at": case((is_old, now), else_=PortalThrottle.first_at),
                },
            ).returning(PortalThrottle.count, PortalThrottle.first_at)
        ).one()
        if counted > limit.count_max:
            raise _too_much(first_at, limit, now)


def _too_much(first_at: datetime, limit: Limit, now: datetime) -> TooMuch:
    return TooMuch(retry_after_seconds=max(1, int((first_at + limit.window - now).total_seconds()) + 1))
