"""Reading mail: what became of what was sent, what came, what waits to be sorted, drafts and mailboxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    bindparam,
    cast,
    exists,
    func,
    literal,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from app.attachments.models import Attachment
from app.cases.models import Case
from app.customers.identity_queries import has_email
from app.customers.models import Customer
from app.kernel.database import BigId, UTCDateTime, db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.messages.mail_models import Mailbox, MailIn, MailOut, MessageDraft
from app.messages.models import Message
from app.notifications.outbox_models import OutboxAttempt, OutboxMessage
from app.people.models import Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites

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
    """A mail that came to a case. at: when it came to the case: at once, or when somebody brought it there."""

    id: int
    at: datetime
    kind: str
    why: str
    sender: str


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that went to the customer with a message. at: when it was written."""

    ref: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DraftRow:
    subject: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseMails:
    """newest first; subject: of her last mail, which the next one answers; draft: of the one who asks."""

    out: tuple[OutRow, ...] = ()
    came: tuple[InRow, ...] = ()
    subject: str | None = None
    draft: DraftRow | None = None
    files: tuple[SentFile, ...] = ()


def mails_of_case(case_id: int, reader_id: int | None = None) -> CaseMails:
    """What was mailed, what came, and what the reader has begun to write: one query, the newest SHOWN_MAX of each."""
    values = {"case_id": case_id, "reader_id": reader_id}
    rows = db.session.execute(_CASE_MAILS, values).all()
    out = [row for row in rows if row.what == "out"]
    came = [row for row in rows if row.what == "in"]
    drafts = [DraftRow(row.subject, row.said, row.at) for row in rows if row.what == "draft"]
    hers = (row.subject for row in came if row.kind in ("customer", "opened"))
    return CaseMails(
        tuple(_out(row) for row in out),
        tuple(InRow(row.id, row.at, row.kind, row.said, row.address) for row in came),
        next(hers, None),
        drafts[0] if drafts else None,
        tuple(SentFile(ref("attachment", row.id), row.said, row.at) for row in rows if row.what == "file"),
    )


def draft_of(case_id: int, employee_id: int | None) -> DraftRow | None:
    """What somebody began to write to a case's customer."""
    return mails_of_case(case_id, employee_id).draft


_KEY = literal("message:") + cast(MailOut.message_id, String)
_LATER = aliased(OutboxAttempt)
_CASE = bindparam("case_id", type_=BigId)


def _nothing(kind: type[TypeEngine[Any]] | TypeEngine[Any]) -> ColumnElement[Any]:
    return cast(null(), kind)


def _columns(what: str, *columns: Any) -> Select[Any]:
    """The columns of each part: id, at, address, kind, said, subject, number, due_at, sent_at, failed_at, bounced_at."""
    names = ["id", "at", "address", "kind", "said", "subject", "number", "due_at", "sent_at", "failed_at", "bounced_at"]
    return select(
        literal(what).label("what"), *(column.label(name) for name, column in zip(names, columns, strict=True))
    )


_WHEN = UTCDateTime()
_OUT = (
    _columns(
        "out", MailOut.message_id, MailOut.queued_at, MailOut.to_address, OutboxAttempt.state, MailOut.reason,
        MailOut.subject, OutboxAttempt.number, OutboxAttempt.due_at, MailOut.sent_at, MailOut.failed_at,
        MailOut.bounced_at,
    )
    .outerjoin(OutboxMessage, (OutboxMessage.channel == "message-mail") & (OutboxMessage.key == _KEY))
    .outerjoin(
        OutboxAttempt,
        (OutboxAttempt.message_id == OutboxMessage.id)
        & ~exists().where(_LATER.message_id == OutboxAttempt.message_id, _LATER.number > OutboxAttempt.number),
    )
    .where(MailOut.case_id == _CASE)
    .order_by(MailOut.message_id.desc())
    .limit(SHOWN_MAX)
)  # fmt: skip
_IN = (
    _columns(
        "in", MailIn.id, func.coalesce(MailIn.sorted_at, MailIn.at, type_=_WHEN), MailIn.sender, MailIn.kind, MailIn.why,
        MailIn.subject, _nothing(BigId), *(_nothing(_WHEN) for _column in range(4)),
    )
    .where(MailIn.case_id == _CASE)
    .order_by(MailIn.id.desc())
    .limit(SHOWN_MAX)
)  # fmt: skip
_DRAFT = _columns(
    "draft", literal(0), MessageDraft.at, literal(""), literal(""), MessageDraft.text, MessageDraft.subject,
    *(_nothing(BigId),), *(_nothing(_WHEN) for _column in range(4)),
).where(MessageDraft.case_id == _CASE, MessageDraft.employee_id == bindparam("reader_id", type_=BigId))  # fmt: skip
_FILES = (
    _columns(
        "file", Attachment.id, Message.at, literal(""), literal(""), Attachment.name, literal(""), _nothing(BigId),
        *(_nothing(_WHEN) for _column in range(4)),
    )
    .join(Message, Message.id == Attachment.subject_id)
    .where(Attachment.subject_kind == "message", Attachment.removed_at.is_(None), Message.case_id == _CASE)
    .order_by(Attachment.id.desc())
    .limit(SHOWN_MAX)
)  # fmt: skip
_PARTS = [select(part.subquery()) for part in (_OUT, _IN, _DRAFT, _FILES)]
_CASE_MAILS = union_all(*_PARTS)


def _out(row: Any) -> OutRow:
    said = "queued"
    if row.bounced_at:
        said = "bounced"
    elif row.sent_at:
        said = "sent"
    elif row.failed_at:
        said = "failed"
    elif row.kind == "dead":
        said = "unknown"
    number = row.number or 0
    next_at = row.due_at if said == "queued" and number > 1 else None
    return OutRow(row.id, row.at, row.address, said, row.said, max(0, number - 1), next_at, row.sent_at)


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


_MAIL: tuple[Any, ...] = (
    MailIn.id, MailIn.at, MailIn.kind, MailIn.why, MailIn.sender, MailIn.sender_name, MailIn.subject, MailIn.opening,
    MailIn.site_id, Site.name, MailIn.case_id, MailIn.stored_as, MailIn.byte_count, MailIn.sorted_at, MailIn.sorted_as,
)  # fmt: skip


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Mail of one's own site; mail of no known site is for those who see the whole company."""
    return at_sites(MailIn.site_id, scope)


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
    found = select(MailIn.stored_as).where(MailIn.stored_as.in_(list(names)))
    return {name for name in db.session.scalars(found) if name}


def open_cases_of(sender: str, site_id: int | None) -> tuple[tuple[int, str], ...]:
    """(id, summary) of the open cases of who wrote, newest first; what a mail may belong to."""
    found = select(Case.id, Case.summary, Customer.email).join(Customer, Customer.id == Case.customer_id)
    found = found.where(has_email([sender]), Case.resolved_at.is_(None), Case.site_id == (site_id or 0))
    rows = db.session.execute(found.order_by(Case.id.desc()).limit(5)) if sender else ()
    return tuple((row.id, row.summary) for row in rows if row.email == sender)
