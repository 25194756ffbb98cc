"""Taking in a mail: once, with its original, and to where it belongs."""

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.attachments import actions as attachments
from app.audit import actions as audit
from app.cases import actions as cases
from app.cases.models import Case
from app.cases.rules import SUMMARY_MAX
from app.customers import actions as customers
from app.customers.identity_queries import has_email
from app.customers.models import Customer
from app.kernel import actor as actors
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.messages import actions as messages
from app.messages import hooks, mail_rules
from app.messages import mail_actions as mails
from app.messages import mail_in_rules as reading
from app.messages.mail_in_rules import Came
from app.messages.mail_models import Mailbox, MailIn, MailOut
from app.messages.mail_place_rules import Known, Place, place
from app.messages.stores import ORIGINALS
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people.permissions import require
from app.people.queries import supervisors_for
from config import Settings

POSTMAN = actors.rule("mail-in")
TAKEN = audit.declare("mail:take", "kind", "why", "source", "bytes", "sha256", sentence=_l("took in a mail"))
UNSORTED = declare("mail:unsorted", _l("A mail belongs to no case yet. Say where it belongs."))
STRANGER = declare("mail:stranger", _l("%(case)s: a mail came from an address that isn't the customer's."))
Source = Literal["imap", "api"]


class MailTooLarge(Refusal):
    """More bytes than are taken; who sent it is told by the mail server."""

    status = 413
    code = "mail-too-large"
    sentence = _l("The mail is larger than 25 megabytes.")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail. is_repeat: it was taken in before."""

    mail_id: int
    kind: str
    case_id: int | None
    is_repeat: bool


class _Repeated(Exception):
    """The mail was taken in before, here or by another process: what was begun is undone."""

    def __init__(self, taken: Taken) -> None:
        super().__init__()
        self.taken = taken


def take_in(*, raw: bytes, source: Source, actor: Actor, now: datetime) -> Taken:
    """Take in one mail. The same Message-ID is taken in once, however often and over however many ways it comes."""
    require(actor, "mails.deliver")
    assert not in_transaction(), "files are painted and written before the deed"
    if len(raw) > reading.MAIL_BYTES_MAX:
        raise MailTooLarge
    settings: Settings = current_app.extensions["makegood_settings"]
    came = reading.read(raw, our_server=settings.mail_auth_server)
    if (known := _taken_before(came.key)) is not None:
        return known
    stored_as = ORIGINALS.put(raw)
    files, notes = prepared(came)
    came = replace(came, notes=notes)
    try:
        with transaction():
            row = _claim(came, source, stored_as, len(raw), now)
            _file(row, came, files, now)
            return Taken(row.id, row.kind, row.case_id, False)
    except _Repeated as repeated:
        return repeated.taken
    finally:
        attachments.discard(files)  # those that no row names


def note_only(*, head: bytes, why: str, byte_count: int, stored_as: str | None, now: datetime) -> None:
    """Put a mail on the list by its head alone: one too large to fetch stays in the mailbox, one that broke us is kept."""
    came = replace(reading.read(head), notes=("unreadable",))
    with suppress(_Repeated), transaction():
        row = _claim(came, "imap", stored_as, byte_count, now)
        _unsort(row, why, now)
        _record(row, now)


def _taken_before(key: str) -> Taken | None:
    row = db.session.execute(select(MailIn.id, MailIn.kind, MailIn.case_id).where(MailIn.rfc_key == key)).first()
    if not in_transaction():
        db.session.rollback()
    return Taken(row.id, row.kind, row.case_id, True) if row else None


def prepared(came: Came) -> tuple[list[attachments.Prepared], tuple[str, ...]]:
    """Check the files of a person's mail; what is not taken is noted, and stays in the original. Gives files and notes."""
    if came.nature != "person":
        return [], came.notes
    files: list[attachments.Prepared] = []
    notes = list(came.notes)
    for one in came.files:
        try:
            files.append(attachments.prepare(io.BytesIO(one.data), one.name))
        except Refusal:
            notes.append("file")
    return files, tuple(dict.fromkeys(notes))


def _claim(came: Came, source: Source, stored_as: str | None, byte_count: int, now: datetime) -> MailIn:
    """Write the mail's row; raises _Repeated when it is there."""
    dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
    made = db.session.scalar(
        dialect.insert(MailIn)
        .values(
            rfc_key=came.key, rfc_id=came.rfc_id, refs=" ".join(came.ids) or None, source=source, at=now,
            kind="unsorted", why="nowhere", sender=came.sender, sender_name=came.sender_name, subject=came.subject,
            opening=mail_rules.one_line(came.text[:2_000], 300), stored_as=stored_as, byte_count=byte_count,
        )
        .on_conflict_do_nothing(index_elements=["rfc_key"])
        .returning(MailIn.id)
    )  # fmt: skip
    if made is None:
        known = _taken_before(came.key)
        assert known is not None
        raise _Repeated(known)
    return db.session.get_one(MailIn, made)


def _file(row: MailIn, came: Came, files: Sequence[attachments.Prepared], now: datetime) -> None:
    """Bring a mail to where it belongs, and write down that it came."""
    thread, case, is_proved = _thread(came)
    box = db.session.scalars(
        select(Mailbox).where(Mailbox.address.in_(_plain(came.recipients))).order_by(Mailbox.id).limit(1)
    ).first()
    customer = db.session.get(Customer, case.customer_id) if case and case.customer_id else None
    row.mailbox_id, row.site_id = (box.id if box else None), (case.site_id if case else box.site_id if box else None)
    known = Known(
        is_ours=_is_ours(came),
        case_id=case.id if case else None,
        is_proved=is_proved,
        customer_email=customer.email if customer else None,
        site_id=row.site_id,
        can_open=box is not None and box.category_id is not None,
        has_open_case=case is None and _has_open_case(came.sender, row.site_id),
        sent_today=_sent_today(came.sender, now),
    )
    found = place(came, known)
    row.kind, row.why = found.kind, found.why
    row.case_id = case.id if case and found.kind != "loop" else None
    _bring(row, came, found, case, box, thread, now)
    if row.case_id is not None and found.kind in ("customer", "opened", "stranger"):
        attach(row, files, now, is_refused=bool({"file", "files"} & set(came.notes)))
    db.session.flush()
    _record(row, now)


def _bring(
    row: MailIn, came: Came, found: Place, case: Case | None, box: Mailbox | None, thread: int | None, now: datetime
) -> None:
    if found.kind == "customer" and case is not None:
        hers = actors.customer(ref("customer", case.customer_id or 0), case.site_id)
        message = messages.receive(
            case_id=case.id, text=_words(came), channel="email", actor=hers, now=now, intent=f"mail:{row.id}"
        )
        row.message_id = message.id
    elif found.kind == "opened" and box is not None:
        _open(row, came, box, now)
    elif found.kind == "stranger" and case is not None:
        add_stranger(row, case, _words(came), now)
    elif found.kind == "bounce" and case is not None:
        bounced = thread or _newest_mail(case.id)
        if bounced is not None:
            reason = came.report.reason if came.report else came.subject
            mails.note_bounced(message_id=bounced, reason=reason, actor=POSTMAN, now=now)
    elif found.kind in ("auto", "delay") and case is not None:
        data = {"what": "delayed" if found.kind == "delay" else "auto", "address": came.sender or came.sender_name}
        cases.add_event(case_id=case.id, kind="mail", actor=POSTMAN, at=now, text=row.opening, data=data)
    elif found.kind == "unsorted":
        _unsort(row, found.why, now)


def add_stranger(row: MailIn, case: Case, text: str, now: datetime) -> None:
    """Put a mail of an address that isn't hers on the case: to be read, and not as the customer's word."""
    data = {"what": "stranger", "address": row.sender or row.sender_name, "why": row.why}
    cases.add_event(case_id=case.id, kind="mail", actor=POSTMAN, at=now, text=text, data=data)
    messages.tell_owner(case=case, line=STRANGER, now=now)


def _open(row: MailIn, came: Came, box: Mailbox, now: datetime) -> None:
    """Log a case with the same action as a person's; who wrote is found or made as its customer."""
    assert box.category_id is not None
    case = log_case(
        row,
        _words(came),
        site_id=box.site_id,
        category_id=box.category_id,
        severity=box.severity,
        actor=POSTMAN,
        now=now,
    )
    messages.tell_owner(case=case, line=messages.LINES["wrote"], now=now)
    tell_opened(case, now)


def tell_opened(case: Case, now: datetime) -> None:
    """Let the rooms above answer who wrote: she is told that we have it, and what comes next."""
    for told in hooks.on_opened:
        told(case, now)


def log_case(
    row: MailIn, text: str, *, site_id: int, category_id: int, severity: int, actor: Actor, now: datetime
) -> Case:
    """Log the case that a mail opens; its clocks count from when the mail came."""
    assert in_transaction()
    who = customers.find_or_make(
        name=row.sender_name or row.sender, email=row.sender, site_id=site_id, actor=actor, now=now
    )
    summary = mail_rules.one_line(row.subject or text, SUMMARY_MAX) or str(_l("A mail without words"))
    case = cases.log(
        site_id=site_id, team_id=None, owner_id=actor.id, customer_id=who.id, category_id=category_id,
        severity=severity, summary=summary, description=text, channel="email", received_at=row.at, actor=actor, now=now,
    )  # fmt: skip
    message = messages.keep_first(
        case_id=case.id, text=text, channel="email", intent=f"mail:{row.id}", came_at=row.at, actor=actor, now=now
    )
    row.case_id, row.site_id, row.message_id = case.id, site_id, message.id
    return case


def attach(row: MailIn, files: Sequence[attachments.Prepared], now: datetime, *, is_refused: bool) -> None:
    """Give the files to the case, one by one; what its shares refuse is noted, and stays in the original.

    is_refused: one was not taken before.
    """
    assert row.case_id is not None
    for one in files:
        try:
            attachments.add(subject_kind="case", subject_id=row.case_id, files=[one], actor=POSTMAN, now=now)
        except BadInput:
            is_refused = True
    if is_refused:
        cases.add_event(case_id=row.case_id, kind="mail", actor=POSTMAN, at=now, data={"what": "file"})


def _unsort(row: MailIn, why: str, now: datetime) -> None:
    """Put a mail on the list, and tell who sorts; a list that is not empty has been told of."""
    row.kind, row.why = "unsorted", why
    same = MailIn.site_id == row.site_id if row.site_id else MailIn.site_id.is_(None)
    waiting = select(MailIn.id).where(MailIn.kind == "unsorted", MailIn.sorted_at.is_(None), same, MailIn.id != row.id)
    if db.session.scalar(waiting.limit(1)) is None:
        notify(
            employee_ids=supervisors_for(row.site_id or 0, None)[:1], kind=UNSORTED, subject="mail", url="/mails",
            text_key=UNSORTED, params={}, at=now,
        )  # fmt: skip


def _thread(came: Came) -> tuple[int | None, Case | None, bool]:
    """(our message that it answers, its case, whether we signed what names it), the surest sign first."""
    secrets = current_app.extensions["makegood_settings"].secrets
    for one in reversed(came.ids):
        message_id = mail_rules.message_of_id(one, secrets)
        mail = db.session.get(MailOut, message_id) if message_id else None
        if mail is not None:
            return mail.message_id, db.session.get(Case, mail.case_id), True
    for address in came.recipients:
        case_id = mail_rules.case_of_address(address, secrets)
        if case_id is not None and (case := db.session.get(Case, case_id)) is not None:
            return None, case, True
    keys = [reading.key_of(one) for one in came.ids]
    earlier = db.session.scalar(
        select(MailIn.case_id)
        .where(MailIn.rfc_key.in_(keys), MailIn.case_id.is_not(None), MailIn.kind.in_(("customer", "opened")))
        .order_by(MailIn.id.desc())
        .limit(1)
    )
    return None, (db.session.get(Case, earlier) if earlier else None), False


def _is_ours(came: Came) -> bool:
    """Tell whether a mail is one of ours that came back: by its id, or by an address under which we write.

    A site without a mailbox writes under the address of the settings.
    """
    settings: Settings = current_app.extensions["makegood_settings"]
    if came.rfc_id and mail_rules.message_of_id(came.rfc_id, settings.secrets) is not None:
        return True
    named = {*came.loops, came.sender} - {""}
    if settings.mail_from.lower() in named:
        return True
    ours = select(Mailbox.id).where(Mailbox.address.in_(named)).order_by(Mailbox.id).limit(1)
    return bool(named) and db.session.scalar(ours) is not None


def _newest_mail(case_id: int) -> int | None:
    newest = select(MailOut.message_id).where(MailOut.case_id == case_id).order_by(MailOut.message_id.desc())
    return db.session.scalar(newest.limit(1))


def _plain(recipients: Sequence[str]) -> list[str]:
    """The addresses without what stands behind a plus."""
    parts = (address.rpartition("@") for address in recipients)
    return [f"{local.partition('+')[0]}@{domain}" for local, _at, domain in parts]


def _has_open_case(sender: str, site_id: int | None) -> bool:
    if not sender or not site_id:
        return False
    found = select(Customer.email).join(Case, Case.customer_id == Customer.id).where(Case.resolved_at.is_(None))
    found = found.where(has_email([sender]), Case.site_id == site_id)
    return sender in set(db.session.scalars(found.limit(5)))


def _sent_today(sender: str, now: datetime) -> int:
    recent = select(func.count()).where(MailIn.sender == sender, MailIn.at > now - timedelta(days=1))
    return (db.session.scalar(recent) or 1) - 1


def _words(came: Came) -> str:
    """What stands on the case: what was written, or at least what it was called."""
    return came.text if came.text.strip() else came.subject or str(_l("(no words)"))


def _record(row: MailIn, now: datetime) -> None:
    audit.record(
        TAKEN, subject=ref("mail", row.id), actor=POSTMAN, at=now, case_id=row.case_id, site_id=row.site_id,
        kind=row.kind, why=row.why, source=row.source, bytes=row.byte_count, sha256=row.stored_as,
    )  # fmt: skip
