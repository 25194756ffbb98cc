"""Sending a letter, kept exactly as it was sent; and writing the words that letters begin from."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Literal

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.attachments import actions as attachments
from app.audit import actions as audit
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.messages import letter_printing as printing
from app.messages import letter_queries as letters
from app.messages import letter_rules as rules
from app.messages import mail_actions as mails
from app.messages.letter_models import Letter, LetterText
from app.messages.letter_printing import Sheet
from app.messages.letter_rules import Words
from app.messages.models import Message
from app.people.models import Employee, Site
from app.people.permissions import require
from app.ui.filters import date

SENT = audit.declare(
    "letter:send", "letter", "kind", "language", "words", "channel", "bytes", "sha256",
    sentence=_l("sent the customer a letter"),
)  # fmt: skip
WRITTEN = audit.declare(
    "letter-text:write", "kind", "language", "number", sentence=_l("wrote the words that letters begin from")
)
Way = Literal["email", "letter", "page"]
WAYS: tuple[Way, ...] = ("email", "letter", "page")


def sheet_of(
    *, case: Case, words: Words, language: str, actor: Actor, now: datetime, customer: Customer | None
) -> Sheet:
    """What would stand on the paper; the day is the site's."""
    site = db.session.get_one(Site, case.site_id)
    writer = db.session.get(Employee, actor.id) if actor.id else None
    with force_locale(language):
        return Sheet(
            site=site.name,
            to=customer.name if customer else str(_("To our guest")),
            day=date(now, site.time_zone, "long"),
            ref=case.ref,
            language=language,
            words=words,
            signed=tuple(one for one in (writer.name if writer else "", site.name) if one),
        )


def send(
    *,
    case_id: int,
    kind: str,
    words: Words,
    language: str,
    text_number: int,
    way: str,
    actor: Actor,
    now: datetime,
    intent: str,
    to: str = "",
) -> Letter:
    """Send a letter: printed once, then the message, its mail with the PDF, and the record, all of it or nothing.

    way: "email" with the PDF in it, "letter" for paper that somebody posts, or "page" for her page alone, where each can be
    read. text_number: of the words that it began from. Raises BadInput naming the part that is missing: a final response
    without decision, reason, remedy, next step and how to disagree is not sent.
    """
    assert not in_transaction(), "a letter is printed before the deed"
    _check(kind, words, language, way)
    words = Words(**{name: text.strip() for name, text in asdict(words).items()})
    case = db.session.get(Case, case_id)
    if case is None:
        raise NotFound
    require(actor, "cases.write", site_id=case.site_id)
    customer = db.session.get(Customer, case.customer_id) if case.customer_id else None
    sheet = sheet_of(case=case, words=words, language=language, actor=actor, now=now, customer=customer)
    with force_locale(language):
        text, name = rules.as_text(words, sheet.signed), f"{rules.KINDS[kind]} {case.ref}"
        db.session.rollback()
        pdf = attachments.prepare_own(printing.pdf_of(sheet), name, "pdf")
    try:
        with transaction():
            message = mails.write(
                case_id=case_id, text=text, channel=way, subject=words.subject, to=to, files=[pdf], keeps_draft=True,
                intent=intent, actor=actor, now=now,
            )  # fmt: skip
            known = db.session.scalars(select(Letter).where(Letter.message_id == message.id)).one_or_none()
            return known or _keep(message, kind, words, language, text_number, pdf, actor, now)
    finally:
        attachments.discard([pdf])  # unless a row names it


def _check(kind: str, words: Words, language: str, way: str) -> None:
    if kind not in rules.KINDS or language not in letters.LANGUAGES:
        raise NotFound
    errors = rules.faults(kind, words)
    if way not in WAYS:
        errors["way"] = [_("Choose how it goes out.")]
    if errors:
        raise BadInput(errors)


def _keep(
    message: Message, kind: str, words: Words, language: str, text_number: int, pdf: attachments.Prepared, actor: Actor,
    now: datetime,
) -> Letter:  # fmt: skip
    case = db.session.get_one(Case, message.case_id)
    letter = Letter(
        case_id=case.id, message_id=message.id, attachment_id=letters.file_of(message.id), kind=kind, language=language,
        text_number=text_number, sha256=pdf.sha256, sent_by_id=actor.id, sent_at=now, **asdict(words),
    )  # fmt: skip
    db.session.add(letter)
    db.session.flush()
    audit.record(
        SENT, subject=letter.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, letter=letter.id, kind=kind,
        language=language, words=text_number, channel=message.channel, bytes=pdf.byte_count, sha256=pdf.sha256,
    )  # fmt: skip
    return letter


def write_text(*, kind: str, language: str, words: Words, number: int, actor: Actor, now: datetime) -> int:
    """Write the words of a kind of letter anew, and return their number; the same words make no new version.

    number: of the version that was changed. Raises BadInput by field, Conflict when there is a newer one by now.
    """
    require(actor, "mails.settings")
    if kind not in rules.KINDS or language not in letters.LANGUAGES:
        raise NotFound
    words = replace(words, subject=" ".join(words.subject.split()))
    if errors := rules.faults_of_text(words):
        raise BadInput(errors)
    with transaction():
        held = select(func.max(LetterText.number)).where(LetterText.kind == kind, LetterText.language == language)
        newest = letters.newest(kind, language)
        if (db.session.scalar(held) or 0) != number:
            raise Conflict
        if newest.words == words:
            return newest.number
        row = LetterText(
            kind=kind, language=language, number=number + 1, made_by_id=actor.id, made_at=now, **asdict(words)
        )
        db.session.add(row)
        db.session.flush()
        said: dict[str, Any] = {"kind": kind, "language": language, "number": row.number}
        audit.record(WRITTEN, subject=ref("letter_text", row.id), actor=actor, at=now, **said)
        return row.number


def ways_open(email: str | None, *, is_mail_on: bool) -> Sequence[Way]:
    """How a letter may go out to this customer; paper always."""
    can_mail = is_mail_on and bool(email) and (email or "").isascii()
    return WAYS if can_mail else WAYS[1:]
