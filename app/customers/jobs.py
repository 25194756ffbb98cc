"""Due work: check-backs whose time has come."""

from datetime import datetime

from app.customers import check_back_actions, check_back_queries
from app.kernel.actor import rule

REMINDING = rule("check-back-due")


def remind_due(*, now: datetime, limit: int = 200) -> int:
    """Remind of what is due, once each; returns how many were told."""
    found = check_back_queries.due_to_remind(now, limit)
    return sum(check_back_actions.remind(task_id=task_id, actor=REMINDING, now=now) for task_id in found)
