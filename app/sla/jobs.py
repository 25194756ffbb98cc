"""Due work of the clocks."""

from datetime import datetime

from app.sla import notice_actions, rerun_actions, sweep_queries, task_actions

BATCH = 100  # a transaction stays short, so that pages get their turn on SQLite


def sweep(*, now: datetime, limit: int = 500) -> int:
    """Tell about clocks that passed a step of the ladder, each exactly once; returns how many were looked at.

    Reads only the clocks that are due, and may run twice or in two processes.
    """
    done = 0
    while done < limit and sweep_queries.due_ids(now, 1):
        told = notice_actions.notice_due(now=now, limit=min(BATCH, limit - done))
        done += told
        if told < BATCH:
            break
    return done


def end_long_pauses(*, now: datetime, limit: int = 200) -> int:
    """Let clocks run on whose pause lasted too long without a supervisor's word."""
    return task_actions.end_long_pauses(now=now, limit=limit)


def run_reruns(*, now: datetime, limit: int = 500) -> int:
    """Make one batch of the re-run that waits; returns how many cases it looked at."""
    return rerun_actions.run_waiting(now=now, limit=limit)
