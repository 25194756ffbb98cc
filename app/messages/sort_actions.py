"""Saying where a mail belongs that found no place by itself. Its words and its files are read again from its original."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.attachments import actions as attachments
from app.audit import actions as audit
from app.cases.models import Case
from app.cases.place_checks import check_places
from app.customers.models import Customer
from app.kernel import actor as actors
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref, ref
from app.kernel.transactions import in_transaction, transaction
from app.messages import actions as messages
from app.messages import mail_in_actions as mail_in
from app.messages import mail_in_rules as reading
from app.messages.mail_models import MailIn
from app.messages.stores import ORIGINALS
from app.people.permissions import require

SORTED = audit.declare("mail:sort", "as", "case", sentence=_l("said where a mail belongs"))


NOT_ANSWERED = ("forged", "many")  # who seems to have written may not have; nothing goes there by itself


class SortedAlready(Refusal):
    """Somebody else was faster."""

    status = 409
    code = "mail-sorted"
    sentence = _l("A colleague has said already where this mail belongs.")


def open_case(
    *, mail_id: int, site_id: int, category_id: int | None, severity: int, actor: Actor, now: datetime
) -> Case:
    """Open a case from a mail; its clocks count from when the mail came."""
    if category_id is None:
        raise BadInput({"category_id": [_("Choose a category.")]})
    with _read_again(mail_id, actor) as mail, transaction():
        row = _waiting(mail_id, actor)
        if not row.sender:
            raise BadInput(
                {"category_id": [_("The mail names no sender; log the case by hand, and set the mail aside.")]}
            )
        check_places(site_id, None, None, category_id)
        case = mail_in.log_case(
            row, mail.text, site_id=site_id, category_id=category_id, severity=severity, actor=actor, now=now
        )
        mail_in.attach(row, mail.files, now, is_refused=mail.is_refused)
        _sorted(row, "case", actor, now)
        if row.why not in NOT_ANSWERED:
            mail_in.tell_opened(case, now)
        return case


def join(*, mail_id: int, case_ref: str, actor: Actor, now: datetime) -> Case:
    """Put a mail on a case: as the customer's word when it comes from her address, else as a stranger's."""
    case_id = parse_ref("case", case_ref)
    with _read_again(mail_id, actor) as mail, transaction():
        row = _waiting(mail_id, actor)
        case = db.session.get(Case, case_id) if case_id else None
        if case is None:
            raise BadInput({"case": [_("There is no case of this number.")]})
        try:
            require(actor, "cases.write", site_id=case.site_id)
        except NotFound:
            raise BadInput({"case": [_("There is no case of this number.")]}) from None
        customer = db.session.get(Customer, case.customer_id) if case.customer_id else None
        row.case_id, row.site_id = case.id, case.site_id
        if customer is not None and row.sender and customer.email == row.sender and row.why != "forged":
            hers = actors.customer(ref("customer", customer.id), case.site_id)
            message = messages.receive(
                case_id=case.id, text=mail.text, channel="email", actor=hers, now=now, came_at=row.at,
                intent=f"mail:{row.id}",
            )  # fmt: skip
            row.message_id = message.id
        else:
            mail_in.add_stranger(row, case, mail.text, now)
        mail_in.attach(row, mail.files, now, is_refused=mail.is_refused)
        _sorted(row, "joined", actor, now)
        return case


def set_aside(*, mail_id: int, actor: Actor, now: datetime) -> None:
    """Say that a mail needs nothing; it and its original stay."""
    with transaction():
        _sorted(_waiting(mail_id, actor), "aside", actor, now)


@dataclass(frozen=True, slots=True)
class _Mail:
    """What was written in a mail, its checked files, and whether one was not taken."""

    text: str
    files: Sequence[attachments.Prepared]
    is_refused: bool


@contextmanager
def _read_again(mail_id: int, actor: Actor) -> Iterator[_Mail]:
    """Read a waiting mail from its original, before the deed; files that no row names then are let go of."""
    assert not in_transaction(), "files are painted and written before the deed"
    row = _waiting(mail_id, actor, is_locked=False)
    stored_as, said = row.stored_as, row.opening or row.subject or _("(no words)")
    db.session.rollback()
    raw = ORIGINALS.get(stored_as) if stored_as else None
    came = reading.read(raw) if raw is not None else None
    files, notes = mail_in.prepared(came) if came is not None else ([], ())
    text = came.text if came is not None and came.text.strip() else said
    try:
        yield _Mail(text, files, bool({"file", "files"} & set(notes)))
    finally:
        attachments.discard(files)


def _waiting(mail_id: int, actor: Actor, *, is_locked: bool = True) -> MailIn:
    row = db.session.get(MailIn, mail_id, with_for_update=True if is_locked else None)
    if row is None or row.kind != "unsorted":
        raise NotFound
    scope = require(actor, "mails.sort")
    if scope.kind != "company" and (row.site_id is None or not scope.covers(site_id=row.site_id)):
        raise NotFound
    if row.sorted_at is not None:
        raise SortedAlready
    return row


def _sorted(row: MailIn, how: str, actor: Actor, now: datetime) -> None:
    row.sorted_at, row.sorted_by_id, row.sorted_as = now, actor.id, how
    db.session.flush()
    said = {"as": how, "case": ref("case", row.case_id) if row.case_id else None}
    audit.record(
        SORTED, subject=ref("mail", row.id), actor=actor, at=now, case_id=row.case_id, site_id=row.site_id, **said
    )
