"""Sweep the folder of files: what was removed, and what a crash left behind."""

from datetime import datetime, timedelta

from app.attachments import queries
from app.attachments.store import FILES


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Delete files of removed rows and files that no row names; returns how many."""
    gone = sum(FILES.forget(name) for name in queries.removed_since(now - timedelta(days=1), limit))
    return gone + FILES.sweep(queries.stored_and_present, now=now, limit=max(0, limit - gone))
