"""Offers that nobody answered in time are released."""

from datetime import datetime

from app.kernel.actor import rule
from app.remedies import actions, queries


def expire_due(*, now: datetime, limit: int = 200) -> int:
    """Release what is due, at most `limit`; safe to run twice."""
    actor = rule("remedy-expiry")
    return sum(
        actions.expire(remedy_id=remedy_id, actor=actor, now=now) for remedy_id in queries.due_to_expire(now, limit)
    )
