"""Reading the dialogue of a case, and of a customer over all of hers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.attachments.queries import FileRow, files_of_all
from app.cases.models import Case
from app.cases.queries import visible_to
from app.kernel.database import db
from app.kernel.references import ref
from app.messages.models import Message
from app.people.models import Employee
from app.people.permissions import Scope

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


def sent_files(case_id: int) -> tuple[FileRow, ...]:
    """The files that went to the customer with our messages about a case: letters, and what was added to a mail."""
    ours = select(Message.id).where(Message.case_id == case_id, Message.direction == "out")
    return files_of_all("message", ours)


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


@dataclass(frozen=True, slots=True)
class SpokenRow:
    """One message of any case of a customer, with the beginning of its text."""

    case_ref: str
    direction: str
    channel: str
    text: str
    at: datetime
    author: str | None


SPOKEN_CHARACTERS = 240


def messages_of_customer(customer_ids: Sequence[int], scope: Scope, limit: int = 10) -> tuple[SpokenRow, ...]:
    """The newest messages over all cases of a customer that this reader may open."""
    rows = db.session.execute(
        select(
            Message.case_id, Message.direction, Message.channel, func.substr(Message.text, 1, SPOKEN_CHARACTERS + 1),
            Message.at, Employee.name,
        )
        .join(Case, Case.id == Message.case_id)
        .outerjoin(Employee, Employee.id == Message.author_id)
        .where(Case.customer_id.in_(customer_ids), visible_to(scope))
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(limit)
    )  # fmt: skip
    return tuple(SpokenRow(ref("case", row[0]), row[1], row[2], _shortened(row[3]), row[4], row[5]) for row in rows)


def _shortened(text: str) -> str:
    return text if len(text) <= SPOKEN_CHARACTERS else text[:SPOKEN_CHARACTERS].rstrip() + "…"
