"""The note that a cause is fixed: in the customer's language, once, with the way to say that one wants no more of them."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.cases.models import Case
from app.customers.care_queries import consent
from app.customers.models import Customer
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.signing import Signer
from app.messages import mail_rules
from app.messages.mail_models import Mailbox
from app.notifications.mail_delivery import send
from app.notifications.outbox_rules import Message
from app.people.models import Site
from app.problems.models import CauseFix, CauseNote, CauseTelling
from app.problems.rules import PURPOSE
from app.problems.telling_actions import end_note
from app.ui.preferences import choose_locale
from config import Settings

STOP = "stop-updates"


def deliver(message: Message, now: datetime) -> None:
    """Send one note. Whoever said no meanwhile, has no address any more, or whose cause isn't fixed after all, gets none."""
    row = db.session.execute(
        select(
            CauseNote.id, CauseNote.customer_id, CauseNote.case_id, CauseNote.language, CauseNote.ended_as, Customer.name,
            Customer.email, CauseTelling.words, CauseFix.undone_at, Site.name.label("site"), Site.locale,
            Mailbox.address,
        )
        .join(Customer, Customer.id == CauseNote.customer_id)
        .join(CauseTelling, CauseTelling.id == CauseNote.telling_id)
        .join(CauseFix, CauseFix.id == CauseTelling.fix_id)
        .join(Case, Case.id == CauseNote.case_id)
        .join(Site, Site.id == Case.site_id)
        .outerjoin(Mailbox, Mailbox.site_id == Site.id)
        .where(CauseNote.id == message.payload["note"])
    ).first()  # fmt: skip
    if row is None or row.ended_as not in (None, "failed"):
        db.session.rollback()
        return
    agreed = consent(row.customer_id, PURPOSE).holds
    db.session.rollback()
    why = "undone" if row.undone_at else "withdrawn" if not agreed else None if row.email else "no-address"
    if why is not None:
        end_note(note_id=row.id, ended_as=why, now=now)
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    url = stop_url(row.customer_id)
    mail = compose(row.name, row.site, row.locale, ref("case", row.case_id), row.language, row.words[row.language], url)
    mail["From"], mail["To"], mail["Date"] = settings.mail_from, row.email, format_datetime(now)
    if row.address:
        mail["Reply-To"] = mail_rules.reply_address(row.address, row.case_id, settings.secrets)
    mail["Message-ID"] = f"<cause-note.{row.id}@{settings.mail_from.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["List-Unsubscribe"] = f"<{url}>"
    send(mail, settings, message, now)
    end_note(note_id=row.id, ended_as="sent", now=now)


def give_up(message: Message, reason: str, now: datetime) -> None:
    """The outbox tries no more."""
    end_note(note_id=message.payload["note"], ended_as="failed", now=now)


def compose(name: str, site: str, locale: str, case_ref: str, language: str, words: str, url: str) -> EmailMessage:
    """The mail without its addresses, all of it in one language. url: where to say that one wants no more of them."""
    mail = EmailMessage()
    with force_locale(choose_locale(language, locale)):
        mail["Subject"] = _("You said, we did (%(ref)s)", ref=case_ref)
        lines = [
            _("Hello %(name)s,", name=name),
            "",
            _("you told us about something that went wrong. We looked for its cause, and this is what we did:"),
            "",
            words,
            "",
            _("Thank you for telling us. You need not answer."),
            "",
            site,
            "",
            "-- ",
            _("You get this once, since you agreed to hear what becomes of what you tell us. No more such mails: %(url)s", url=url),
        ]  # fmt: skip
    mail.set_content("\n".join(lines))
    mail["Content-Language"] = language
    return mail


def stop_url(customer_id: int) -> str:
    """The address behind which a customer says no to further notes, by a button; its token is kept nowhere."""
    settings: Settings = current_app.extensions["makegood_settings"]
    return f"{settings.base_url}/updates/{_signer(settings).token(STOP, customer_id)}"


def stopping(token: str) -> Customer | None:
    """The customer whom such a link is for; None for anything else. Writes nothing."""
    settings: Settings = current_app.extensions["makegood_settings"]
    numbers = _signer(settings).read(STOP, token)
    return db.session.get(Customer, numbers[0]) if numbers and len(numbers) == 1 else None


def _signer(settings: Settings) -> Signer:
    return Signer(settings.base_url, settings.secrets)
