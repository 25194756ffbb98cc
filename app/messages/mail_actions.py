"""Mail to a customer: owed with the message it carries, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.attachments import actions as attachments
from app.audit import actions as audit
from app.cases import actions as cases
from app.cases import dialogue_actions as dialogue
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.transactions import transaction
from app.messages import actions as messages
from app.messages import mail_rules, template_rules
from app.messages.draft_actions import forget_draft
from app.messages.mail_models import Mailbox, MailIn, MailOut
from app.messages.models import Message
from app.notifications.mail_actions import is_mail_on
from app.notifications.outbox_actions import enqueue
from app.notifications.rules import declare
from app.people.models import Site
from config import Settings

CHANNEL = "message-mail"
COURIER = rule("mail-out")
QUEUED = audit.declare("mail:queue", "message", "mailbox", sentence=_l("gave a mail to the customer to the outbox"))
SENT = audit.declare("mail:send", "message", sentence=_l("handed a mail to the customer to the mail server"))
FAILED = audit.declare("mail:fail", "message", "reason", sentence=_l("gave up a mail to the customer"))
BOUNCED = audit.declare("mail:bounce", "message", "reason", sentence=_l("learnt that a mail to the customer came back"))
LINES = {
    "failed": declare("mail:failed", _l("%(case)s: the mail to the customer could not be sent. Telephone them.")),
    "bounced": declare("mail:bounced", _l("%(case)s: the mail to the customer came back. Telephone them.")),
}


class MailIsOff(Refusal):
    """No mail server is set, so nothing can go out."""

    code = "mail-is-off"
    sentence = _l("No mail server is set up here. Tell the customer another way.")


class AddressChanged(Refusal):
    """The customer's address is another one than the button said."""

    status = 409
    code = "address-changed"
    sentence = _l("The customer's address was changed meanwhile. Look at it, and send again.")


class TooManyMails(Refusal):
    """One address got as many mails within the hour as it may."""

    status = 429
    code = "too-many-mails"
    sentence = _l("This address has been sent many mails within the hour. Send the next one later.")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a case is resolved together with what is sent."""

    outcome: str
    root_cause: str
    note: str


def write(
    *,
    case_id: int,
    text: str,
    channel: str,
    actor: Actor,
    now: datetime,
    intent: str,
    subject: str = "",
    to: str = "",
    waits: bool = False,
    ending: Ending | None = None,
    files: Sequence[attachments.Prepared] = (),
    keeps_draft: bool = False,
) -> Message:
    """Write to the customer by mail or on her page, and at once wait for her or resolve the case: all of it, or nothing.

    to: the address that the button named. files: prepared before; they go along. keeps_draft: what the writer has begun
    otherwise stays. The same intent writes, waits and resolves once.
    """
    assert not (waits and ending)
    template_rules.check_filled(text, subject)
    with transaction():
        dialogue.locked(case_id, actor)  # a second click waits here for the first, and then finds what it sent
        known = _known(case_id, intent)
        message = messages.send(case_id=case_id, text=text, channel=channel, actor=actor, now=now, intent=intent)
        if known:
            return message
        attachments.add(subject_kind="message", subject_id=message.id, files=files, actor=actor, now=now)
        case = db.session.get_one(Case, case_id)
        if channel == "email":
            _owe(message, case, subject, to, actor, now)
        if waits:
            cases.wait(case_id=case_id, waiting_for="customer", reason="", actor=actor, now=now)
        if ending is not None:
            cases.resolve(
                case_id=case_id,
                outcome=ending.outcome,
                root_cause=ending.root_cause,
                note=ending.note,
                actor=actor,
                now=now,
            )
        if not keeps_draft:
            forget_draft(case_id, actor)
        return message


def _known(case_id: int, intent: str) -> bool:
    found = select(Message.id).where(Message.case_id == case_id, Message.intent == intent)
    return db.session.scalar(found) is not None


def _owe(message: Message, case: Case, subject: str, to: str, actor: Actor, now: datetime) -> None:
    """Write down whereto and under which id the message goes, and give it to the outbox."""
    settings: Settings = current_app.extensions["makegood_settings"]
    if not is_mail_on():
        raise MailIsOff
    customer = db.session.get(Customer, case.customer_id) if case.customer_id else None
    if customer is None or not customer.email:
        raise BadInput({"text": [str(_l("No e-mail address of the customer is known."))]})
    if not customer.email.isascii():
        raise BadInput({"text": [str(_l("Our mail server can't reach this address. Tell them another way."))]})
    if customer.email != to:
        raise AddressChanged
    _check_often(customer.email, now)
    site = db.session.get_one(Site, case.site_id)
    box = db.session.scalars(select(Mailbox).where(Mailbox.site_id == case.site_id)).one_or_none()
    address = box.address if box else settings.mail_from
    parent = _last_of_hers(case.id)
    db.session.add(
        MailOut(
            message_id=message.id,
            case_id=case.id,
            from_address=address,
            from_name=box.name if box else site.name,
            to_address=customer.email,
            subject=mail_rules.one_line(subject) or subject_for(case, parent.subject if parent else None),
            language=customer.language or site.locale,
            rfc_id=mail_rules.rfc_id(message.id, address, settings.secrets),
            answers=parent.rfc_id if parent else None,
            refs=mail_rules.references(parent.refs, parent.rfc_id) if parent else None,
            queued_at=now,
        )
    )
    db.session.flush()
    enqueue(channel=CHANNEL, key=f"message:{message.id}", payload={"message": message.id}, at=now)
    said = {"message": message.id, "mailbox": box.id if box else None}
    audit.record(QUEUED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)


def subject_for(case: Case, hers: str | None) -> str:
    """What an answer is called: as her last mail, or by the case's number; never by our own words about the case."""
    return mail_rules.answer_subject(hers) if hers else str(_l("What you told us (%(ref)s)", ref=case.ref))


def _last_of_hers(case_id: int) -> MailIn | None:
    return db.session.scalars(
        select(MailIn)
        .where(MailIn.case_id == case_id, MailIn.kind.in_(("customer", "opened")), MailIn.rfc_id.is_not(None))
        .order_by(MailIn.id.desc())
        .limit(1)
    ).one_or_none()


def _check_often(address: str, now: datetime) -> None:
    recent = select(func.count()).where(MailOut.to_address == address, MailOut.queued_at > now - timedelta(hours=1))
    if (db.session.scalar(recent) or 0) >= mail_rules.RECIPIENT_MAILS_MAX:
        raise TooManyMails


def note_sent(*, message_id: int, now: datetime) -> None:
    """Write down that the mail server took the mail."""
    with transaction():
        mail, case = _locked(message_id)
        if mail.sent_at is None:
            mail.sent_at, mail.failed_at, mail.reason = now, None, None
            _record(SENT, case, COURIER, now, message=message_id)


def note_failed(*, message_id: int, reason: str, now: datetime) -> None:
    """Write down that a mail was given up, on the case and for who answers for it."""
    with transaction():
        mail, case = _locked(message_id)
        if mail.failed_at is not None or mail.sent_at is not None:
            return
        mail.failed_at, mail.reason = now, reason[:300]
        _tell(mail, case, "failed", reason, COURIER, now)
        _record(FAILED, case, COURIER, now, message=message_id, reason=mail.reason)


def note_bounced(*, message_id: int, reason: str, actor: Actor, now: datetime) -> Case:
    """Write down that a mail came back; the first report counts."""
    with transaction():
        mail, case = _locked(message_id)
        if mail.bounced_at is None:
            mail.bounced_at, mail.reason = now, reason[:300]
            mail.sent_at = mail.sent_at or mail.queued_at
            _tell(mail, case, "bounced", reason, actor, now)
            _record(BOUNCED, case, actor, now, message=message_id, reason=mail.reason)
        return case


def _locked(message_id: int) -> tuple[MailOut, Case]:
    mail = db.session.get(MailOut, message_id, with_for_update=True)
    if mail is None:
        raise NotFound
    return mail, db.session.get_one(Case, mail.case_id)


def _tell(mail: MailOut, case: Case, what: str, reason: str, actor: Actor, now: datetime) -> None:
    data = {"what": what, "address": mail.to_address, "message": mail.message_id}
    cases.add_event(case_id=case.id, kind="mail", actor=actor, at=now, text=reason[:300], data=data)
    messages.tell_owner(case=case, line=LINES[what], now=now)


def _record(entry: audit.EntryType, case: Case, actor: Actor, now: datetime, **said: object) -> None:
    audit.record(entry, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
