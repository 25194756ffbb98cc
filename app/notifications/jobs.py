"""Due work of the inbox."""

from datetime import datetime

from app.notifications import mail_actions


def send_digests(*, now: datetime, limit: int = 200) -> int:
    """Owe the day's digest to whoever wants one; once a day each, also after a standstill."""
    return mail_actions.send_digests(now=now, limit=limit)
