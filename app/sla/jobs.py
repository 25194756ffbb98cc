"""Due work of the clocks."""

from datetime import datetime

from app.sla import notice_actions, queries

BATCH = 100  # a transaction stays short, so that pages get their turn on SQLite


def sweep(*, now: datetime, limit: int = 500) -> int:
    """Tell about clocks past 75 % of their time or past due, each exactly once; returns how many were told about.

    Reads only the clocks that are due, and may run twice or in two processes.
    """
    done = 0
    while done < limit and queries.has_due_notices(now):
        told = notice_actions.notice_due(now=now, limit=min(BATCH, limit - done))
        done += told
        if told < BATCH:
            break
    return done
