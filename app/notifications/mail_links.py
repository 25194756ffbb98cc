"""Where a mailed notice leads: to its page, or to an address that a higher room makes for this reader alone."""

from collections.abc import Callable
from datetime import datetime

from app.notifications.models import Notification

# (line, now) -> a path of this site, or None to leave it as it is.
LinkMaker = Callable[[Notification, datetime], str | None]

makers: list[LinkMaker] = []


def add(maker: LinkMaker) -> None:
    """Register a maker once, however many applications one process makes."""
    if maker not in makers:
        makers.append(maker)


def path_of(line: Notification, now: datetime) -> str:
    """Return the path that a mail about this line leads to."""
    return next((path for maker in makers if (path := maker(line, now)) is not None), line.url)
