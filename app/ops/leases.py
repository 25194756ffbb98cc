"""Leases: of many processes exactly one acts, and another takes over soon after it fell silent."""

import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import and_, case, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite

from app.kernel.database import db
from app.kernel.transactions import transaction
from app.ops.models import Heartbeat, Lease


def claim(name: str, owner: str, ttl_ms: int) -> int | None:
    """Take or renew a lease for `ttl_ms`; returns the holder's fencing token, or None while somebody else holds it.

    The database's clock decides on PostgreSQL, the machine's on SQLite (which serves one machine).
    """
    held = db.session.execute(select(Lease.owner, Lease.expires_ms).where(Lease.name == name)).first()
    db.session.rollback()
    if held is not None and held.owner != owner and held.expires_ms >= _now_ms():
        return None  # a look costs no write lock; most claims of those who wait end here
    with transaction():
        now = _now_ms()
        is_mine = and_(Lease.owner == owner, Lease.expires_ms >= now)
        statement = _insert()(Lease).values(name=name, owner=owner, token=1, expires_ms=now + ttl_ms)
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "owner": statement.excluded.owner,
                "expires_ms": statement.excluded.expires_ms,
                "token": case((is_mine, Lease.token), else_=Lease.token + 1),
            },
            where=or_(Lease.owner == owner, Lease.expires_ms < now),
        ).returning(Lease.token)
        token: int | None = db.session.scalar(statement, execution_options={"populate_existing": True})
        return token


def release(name: str, owner: str) -> None:
    """Give a lease back at once, so that the next holder need not wait; the token goes on rising."""
    with transaction():
        lease = db.session.get(Lease, name)
        if lease is not None and lease.owner == owner:
            lease.expires_ms = 0


def beat(rows: Iterable[dict[str, Any]]) -> None:
    """Write signs of life; one with an older token than the stored one changes nothing."""
    with transaction():
        for row in rows:
            statement = _insert()(Heartbeat).values(**row)
            changes = {key: statement.excluded[key] for key in row if key != "name"}
            db.session.execute(
                statement.on_conflict_do_update(
                    index_elements=["name"], set_=changes, where=Heartbeat.token <= statement.excluded.token
                )
            )


def _insert() -> Any:
    return sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert


def _now_ms() -> int:
    if db.engine.dialect.name == "postgresql":
        return int(db.session.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")) or 0)
    return int(time.time() * 1000)
