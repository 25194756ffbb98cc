"""Reading the inbox."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.notifications.models import Notification
from app.notifications.rules import say

COUNT_MAX = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the inbox, already said in the reader's language."""

    id: int
    kind: str
    subject: str
    url: str
    text: str
    at: datetime
    is_read: bool


def inbox(employee_id: int, page: Page, *, unread_only: bool = False) -> Slice[Line]:
    """A person's lines, newest first."""
    wanted = select(Notification).where(Notification.employee_id == employee_id)
    if unread_only:
        wanted = wanted.where(Notification.read_at.is_(None))
    if page.after is not None and isinstance(page.after[0], int):
        wanted = wanted.where(Notification.id < page.after[0])
    found = db.session.scalars(wanted.order_by(Notification.id.desc()).limit(page.size + 1)).all()
    lines = [
        Line(row.id, row.kind, row.subject, row.url, say(row.text_key, row.params), row.at, row.read_at is not None)
        for row in found
    ]
    return slice_of(lines, page, lambda line: (line.id,))


UNREAD = select(func.count()).select_from(
    select(Notification.id)
    .where(Notification.employee_id == bindparam("employee_id"), Notification.read_at.is_(None))
    .limit(COUNT_MAX)
    .subquery()
)


def unread_count(employee_id: int) -> int:
    """How many lines wait, counted only up to COUNT_MAX."""
    return db.session.scalar(UNREAD, {"employee_id": employee_id}) or 0


def is_told(*, subject: str, text_key: str) -> bool:
    """Tell whether anybody was told this about something."""
    found = select(Notification.id).where(Notification.subject == subject, Notification.text_key == text_key).limit(1)
    return db.session.scalar(found) is not None
