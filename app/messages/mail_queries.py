"""Reading mail: what became of what was sent, what came, what waits to be sorted, drafts and mailboxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, func, literal, or_, select, tuple_

from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.messages.mail_models import Mailbox, MailIn, MailOut, MessageDraft
from app.notifications.outbox_models import OutboxAttempt, OutboxMessage
from app.people.models import Site
from app.people.permissions import Scope

SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class OutRow:
    """A mail to the customer. at: when it was written. tries, next_at: of the outbox, while it is on its way.

    state: queued, sent, bounced, failed, or unknown (the server broke off before it answered; nobody sends it again
    blindly).
    """

    message_id: int
    at: datetime
    to: str
    state: str
    reason: str | None
    tries: int
    next_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class InRow:
    """A mail that came to a case."""

    id: int
    at: datetime
    kind: str
    why: str
    sender: str
    message_id: int | None


@dataclass(frozen=True, slots=True)
class CaseMails:
    out: tuple[OutRow, ...]
    came: tuple[InRow, ...]


def mails_of_case(case_id: int) -> CaseMails:
    """What was mailed and what came, newest SHOWN_MAX of each, in two queries."""
    last = (
        select(OutboxAttempt.message_id, func.max(OutboxAttempt.number).label("number"))
        .join(OutboxMessage, OutboxMessage.id == OutboxAttempt.message_id)
        .where(
            OutboxMessage.channel == "message-mail",
            OutboxMessage.key.in_(select(_key()).where(MailOut.case_id == case_id)),
        )
        .group_by(OutboxAttempt.message_id)
        .subquery()
    )
    rows = db.session.execute(
        select(MailOut, OutboxAttempt.state, OutboxAttempt.number, OutboxAttempt.due_at)
        .outerjoin(OutboxMessage, (OutboxMessage.channel == "message-mail") & (OutboxMessage.key == _key()))
        .outerjoin(last, last.c.message_id == OutboxMessage.id)
        .outerjoin(
            OutboxAttempt, (OutboxAttempt.message_id == last.c.message_id) & (OutboxAttempt.number == last.c.number)
        )
        .where(MailOut.case_id == case_id)
        .order_by(MailOut.message_id.desc())
        .limit(SHOWN_MAX)
    ).all()
    came = db.session.execute(
        select(MailIn.id, MailIn.at, MailIn.kind, MailIn.why, MailIn.sender, MailIn.message_id)
        .where(MailIn.case_id == case_id)
        .order_by(MailIn.id.desc())
        .limit(SHOWN_MAX)
    ).all()
    return CaseMails(
        tuple(_out(mail, state, number or 0, due) for mail, state, number, due in rows),
        tuple(InRow(*row) for row in came),
    )


def _key() -> ColumnElement[str]:
    return literal("message:") + cast(MailOut.message_id, String)


def _out(mail: MailOut, state: str | None, number: int, due_at: datetime | None) -> OutRow:
    said = "queued"
    if mail.bounced_at:
        said = "bounced"
    elif mail.sent_at:
        said = "sent"
    elif mail.failed_at:
        said = "failed"
    elif state == "dead":
        said = "unknown"
    on_its_way = said == "queued"
    return OutRow(
        mail.message_id, mail.queued_at, mail.to_address, said, mail.reason, max(0, number - 1),
        due_at if on_its_way and number > 1 else None, mail.sent_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DraftRow:
    subject: str
    text: str
    at: datetime


def draft_of(case_id: int, employee_id: int | None) -> DraftRow | None:
    """What somebody began to write to a case's customer."""
    row = db.session.execute(
        select(MessageDraft.subject, MessageDraft.text, MessageDraft.at).where(
            MessageDraft.case_id == case_id, MessageDraft.employee_id == employee_id
        )
    ).first()
    return DraftRow(*row) if row else None


@dataclass(frozen=True, slots=True)
class MailboxRow:
    site_id: int
    site: str
    id: int | None
    address: str | None
    name: str | None
    category_id: int | None
    severity: int | None
    version: int


def mailboxes() -> tuple[MailboxRow, ...]:
    """Every site with its mailbox, by the site's name; a company has few."""
    rows = db.session.execute(
        select(
            Site.id, Site.name, Mailbox.id, Mailbox.address, Mailbox.name, Mailbox.category_id, Mailbox.severity,
            func.coalesce(Mailbox.version, 0),
        )
        .outerjoin(Mailbox, Mailbox.site_id == Site.id)
        .order_by(Site.name, Site.id)
    )  # fmt: skip
    return tuple(MailboxRow(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail as the list of what waits to be sorted, and its own page, show it."""

    id: int
    at: datetime
    kind: str
    why: str
    sender: str
    sender_name: str
    subject: str
    opening: str
    site_id: int | None
    site: str | None
    case_id: int | None
    stored_as: str | None
    byte_count: int
    sorted_at: datetime | None
    sorted_as: str | None


_MAIL = (
    MailIn.id, MailIn.at, MailIn.kind, MailIn.why, MailIn.sender, MailIn.sender_name, MailIn.subject, MailIn.opening,
    MailIn.site_id, Site.name, MailIn.case_id, MailIn.stored_as, MailIn.byte_count, MailIn.sorted_at, MailIn.sorted_as,
)  # fmt: skip


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Mail of one's own site; mail of no known site is for those who see the whole company."""
    return literal(True) if scope.kind == "company" else MailIn.site_id == (scope.site_id or 0)


def unsorted(scope: Scope, page: Page) -> Slice[MailRow]:
    """What belongs nowhere yet, oldest first."""
    statement = (
        select(*_MAIL)
        .outerjoin(Site, Site.id == MailIn.site_id)
        .where(MailIn.kind == "unsorted", MailIn.sorted_at.is_(None), visible_to(scope))
    )
    if page.after and len(page.after) == 1 and type(page.after[0]) is int and abs(page.after[0]) < 2**63:
        statement = statement.where(tuple_(MailIn.id) > tuple_(page.after[0]))
    rows = [MailRow(*row) for row in db.session.execute(statement.order_by(MailIn.id).limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))


def mail(mail_id: int, scope: Scope) -> MailRow | None:
    """One mail that came, or None when there is none within the scope."""
    row = db.session.execute(
        select(*_MAIL).outerjoin(Site, Site.id == MailIn.site_id).where(MailIn.id == mail_id, visible_to(scope))
    ).first()
    return MailRow(*row) if row else None


def known_originals(names: Iterable[str]) -> set[str]:
    """Those of these stored originals that a mail's row names."""
    found = select(MailIn.stored_as).where(or_(MailIn.stored_as.in_(list(names))))
    return {name for name in db.session.scalars(found) if name}
