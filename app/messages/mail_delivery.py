"""The outbox's channel for mails to customers: composes one from its row and hands it to the SMTP server."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from flask import current_app

from app.attachments.queries import FileRow, files_of
from app.attachments.rules import MIMETYPES
from app.attachments.store import FILES
from app.kernel.database import db
from app.messages import mail_actions as mails
from app.messages import mail_rules
from app.messages.mail_models import MailOut
from app.messages.models import Message
from app.notifications.mail_delivery import send
from app.notifications.outbox_rules import Message as Owed
from config import Settings


def deliver(owed: Owed, now: datetime) -> None:
    """Send one mail, and write down that it went. One that went already is not sent again.

    Its Message-ID is the same at every try, so that one that somebody sends again reaches the customer's program as one.
    """
    mail = db.session.get(MailOut, owed.payload["message"])
    message = db.session.get(Message, owed.payload["message"])
    db.session.rollback()
    if mail is None or message is None or mail.sent_at is not None:
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    made = compose(mail, message.text, settings, now)
    enclose(made, files_of("message", message.id))
    db.session.rollback()
    send(made, settings, owed, now)
    mails.note_sent(message_id=mail.message_id, now=now)


def give_up(owed: Owed, reason: str, now: datetime) -> None:
    """The outbox tries no more: the case says so, and who answers for it is told."""
    mails.note_failed(message_id=owed.payload["message"], reason=reason, now=now)


def compose(mail: MailOut, text: str, settings: Settings, now: datetime) -> EmailMessage:
    """The mail as it goes out. A person wrote it, so it is not marked as automatic; X-Loop tells it when it comes back."""
    made = EmailMessage(policy=SMTP)
    reply_to = mail_rules.reply_address(mail.from_address, mail.case_id, settings.secrets)
    made["From"] = _address(mail.from_name, mail.from_address)
    made["To"] = _address("", mail.to_address)
    made["Reply-To"] = _address(mail.from_name, reply_to)
    made["Subject"] = mail_rules.one_line(mail.subject)
    made["Date"] = format_datetime(now)
    made["Message-ID"] = mail.rfc_id
    if mail.answers:
        made["In-Reply-To"] = mail_rules.one_line(mail.answers, 900)
    if mail.refs:
        made["References"] = mail_rules.one_line(mail.refs, 20_000)
    made["X-Loop"] = mail.from_address
    made.set_content(text, cte="quoted-printable")
    made.add_alternative(
        mail_rules.as_html(text, mail.language.replace("_", "-")), subtype="html", cte="quoted-printable"
    )
    made["Content-Language"] = mail.language.replace("_", "-")
    return made


class FileGone(Exception):
    """A file that goes along is not in the folder: the mail waits for who brings it back, and goes whole or not at all."""


def enclose(made: EmailMessage, files: Sequence[FileRow]) -> None:
    """Put the files into the mail, each as it is kept."""
    for file in files:
        data = FILES.get(file.stored_as)
        if data is None:
            raise FileGone(file.ref)
        main, _slash, sub = MIMETYPES[file.kind].partition("/")
        made.add_attachment(data, maintype=main, subtype=sub, filename=file.name)


def _address(name: str, address: str) -> Address:
    return Address(mail_rules.one_line(name, 120), addr_spec=address)
