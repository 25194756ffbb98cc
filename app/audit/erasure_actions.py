"""Empty what entries say, with the salt of their commitments: that they exist, and in which order, stays proven."""

from collections.abc import Sequence

from sqlalchemy import update

from app.audit.models import AuditPayload
from app.kernel.database import db
from app.kernel.transactions import in_transaction

_AT_ONCE = 500


def empty_payloads(entry_ids: Sequence[int]) -> int:
    """Empty these entries' readable parts, inside the erasure that names it; returns how many had one."""
    assert in_transaction(), "what entries say goes with the erasure that it goes for"
    count = 0
    for start in range(0, len(entry_ids), _AT_ONCE):
        done = db.session.execute(
            update(AuditPayload)
            .where(
                AuditPayload.entry_id.in_(entry_ids[start : start + _AT_ONCE]),
                AuditPayload.payload.is_not(None),
            )
            .values(payload=None, salt=None)
            .execution_options(synchronize_session=False)
        )
        count += int(done.rowcount)  # type: ignore[attr-defined]
    return count
