"""Requests that nobody answered in time come to an end."""

from datetime import datetime

from app.approvals import actions, queries
from app.kernel.actor import rule

ACTOR = rule("exception-expiry")


def expire_due(*, now: datetime, limit: int = 200) -> int:
    """Expire due requests, oldest first, each in its own transaction, and return how many; safe to run twice."""
    return sum(actions.expire(exception_id=found, actor=ACTOR, now=now) for found in queries.expired(now, limit))
