"""Reading the dialogue of a case."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.kernel.database import db
from app.messages.models import Message
from app.people.models import Employee

SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as a page shows it. author: the employee's name; None for the customer and for rules."""

    id: int
    direction: str
    channel: str
    text: str
    at: datetime
    author: str | None
    about: str | None


def messages_of(case_id: int, limit: int = SHOWN_MAX) -> tuple[MessageRow, ...]:
    """The newest messages of a case, oldest first; the caller has checked whose case it is."""
    rows = db.session.execute(
        select(Message.id, Message.direction, Message.channel, Message.text, Message.at, Employee.name, Message.about)
        .outerjoin(Employee, Employee.id == Message.author_id)
        .where(Message.case_id == case_id)
        .order_by(Message.id.desc())
        .limit(limit)
    ).all()
    return tuple(MessageRow(*row) for row in reversed(rows))
