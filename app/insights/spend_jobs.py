"""Due work: tell who leads somewhere that a pool of theirs runs dry before its month ends."""

from datetime import datetime

from app.insights import spend_actions, spend_queries
from app.kernel.actor import rule
from app.people import queries as people

ACTOR = rule("spend-alarm")


def tell_alarms(*, now: datetime, limit: int = 200) -> int:
    """Tell of each pool once in its month; returns how many were told of. May run twice."""
    found = spend_queries.alarms(people.sites(), now)[: limit - 1]
    return sum(spend_actions.tell(alarm=alarm, actor=ACTOR, now=now) for alarm in found)
