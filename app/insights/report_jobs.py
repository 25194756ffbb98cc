"""Due work: take up the reports whose time has come; the outbox brings them."""

from datetime import datetime

from app.insights import report_actions, report_queries
from app.notifications.mail_actions import is_mail_on


def send_due(*, now: datetime, limit: int = 100) -> int:
    """Owe what is due, each period once also after a standstill; returns how many. Without a mail server nothing is owed."""
    if not is_mail_on():
        return 0
    found = report_queries.due(now, limit)
    return sum(report_actions.take_up(wish_id=wish_id, period=period, now=now) for wish_id, period in found)
