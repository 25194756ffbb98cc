"""Due work of the API: old answers are forgotten, and so are counts of requests."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_

from app.api.models import IdempotencyAnswer
from app.kernel.database import db
from app.kernel.shared_limits import forget_counts
from app.kernel.transactions import transaction

# Far beyond any retry. Money is safe beyond it too: its deeds keep their own keys for ever (budgets: intent).
KEPT_DAYS = 30


def forget_answers(*, now: datetime, limit: int = 1_000) -> int:
    """Delete answers whose key was claimed more than KEPT_DAYS ago, the oldest first; returns how many.

    Counts of requests go with them: those whose minute is over.
    """
    forget_counts(now_seconds=now.timestamp(), limit=limit)
    old = (
        select(IdempotencyAnswer.actor_id, IdempotencyAnswer.key)
        .where(IdempotencyAnswer.created_at < now - timedelta(days=KEPT_DAYS))
        .order_by(IdempotencyAnswer.created_at)
        .limit(limit)
    )
    mine = tuple_(IdempotencyAnswer.actor_id, IdempotencyAnswer.key)
    with transaction():
        keys = [tuple(row) for row in db.session.execute(old)]
        for start in range(0, len(keys), 200):
            db.session.execute(delete(IdempotencyAnswer).where(mine.in_(keys[start : start + 200])))
    return len(keys)
