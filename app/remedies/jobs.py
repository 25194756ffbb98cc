"""Offers that nobody answered in time are released; payouts whose end nobody told are looked up."""

from datetime import datetime

from app.kernel.actor import rule
from app.remedies import actions, payout_looking, queries


def expire_due(*, now: datetime, limit: int = 200) -> int:
    """Release what is due, at most `limit`; safe to run twice."""
    actor = rule("remedy-expiry")
    return sum(
        actions.expire(remedy_id=remedy_id, actor=actor, now=now) for remedy_id in queries.due_to_expire(now, limit)
    )


def look_up_payouts(*, now: datetime, limit: int = 20) -> int:
    """Ask providers for at most `limit` payouts that they took over and went silent about; safe to run twice."""
    return payout_looking.look_up_due(now=now, limit=limit)
