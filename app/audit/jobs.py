"""The sealer: on PostgreSQL entries are chained a moment after their commit, by one process."""

from sqlalchemy import select, text

from app.audit import actions
from app.audit.models import AuditEntry, AuditSeal
from app.audit.queries import LOOK_BACK
from app.kernel.database import db
from app.kernel.transactions import transaction

_LOCK = 7_305_411


def seal_pending(*, limit: int = 5_000, everything: bool = False) -> int:
    """Chain entries that have no seal yet and return how many; safe to run twice or by two processes.

    everything: look through all entries instead of the last LOOK_BACK (at start and once a minute).
    """
    with transaction():
        session = db.session()
        if session.get_bind().dialect.name == "postgresql" and not session.scalar(
            text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}
        ):
            return 0
        floor = 0
        if not everything:
            floor = (
                session.scalar(select(AuditSeal.entry_id).order_by(AuditSeal.number.desc()).limit(1)) or 0
            ) - LOOK_BACK
        waiting = session.execute(
            select(AuditEntry.id, AuditEntry.content)
            .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
            .where(AuditEntry.id > floor, AuditSeal.number.is_(None))
            .order_by(AuditEntry.id)
            .limit(limit)
        ).all()
        actions.seal([(row.id, row.content) for row in waiting])
        return len(waiting)
