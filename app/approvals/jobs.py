"""Requests that wait: reminders, climbing, the orphan monitor, and the end of those that nobody answered."""

from datetime import datetime

from app.approvals import actions, clock_actions, queries, step_queries
from app.kernel.actor import rule

ACTOR = rule("exception-expiry")
CLOCK = rule("exception-clock")


def expire_due(*, now: datetime, limit: int = 200) -> int:
    """Expire due requests, oldest first, each in its own transaction, and return how many; safe to run twice."""
    return sum(actions.expire(exception_id=found, actor=ACTOR, now=now) for found in queries.expired(now, limit))


def watch(*, now: datetime, limit: int = 200) -> int:
    """Remind of steps at half of their clock's time and open them to who comes next at its end; once each, in working hours."""
    for found in step_queries.to_follow(limit):
        clock_actions.follow(step_id=found, actor=CLOCK, now=now)
    reminded = sum(
        clock_actions.remind(step_id=found, actor=CLOCK, now=now) for found in step_queries.to_remind(now, limit)
    )
    raised = sum(
        clock_actions.raise_step(step_id=found, actor=CLOCK, now=now) for found in step_queries.to_raise(now, limit)
    )
    return reminded + raised


def find_orphans(*, now: datetime, limit: int = 200) -> int:
    """Tell managers and administrators about requests whose open step has nobody who is there; once per step."""
    waiting = [row for row in queries.waiting_rows() if row.expires_at > now]
    if not waiting:
        return 0
    standing = queries.standing(waiting, now)
    alone = [row.id for row in waiting if not standing.roster.present(standing.facts[row.id], now)][:limit]
    steps = step_queries.open_step_ids(alone)
    return sum(
        clock_actions.alarm(exception_id=found, step_id=steps[found], actor=CLOCK, now=now)
        for found in alone
        if found in steps
    )
