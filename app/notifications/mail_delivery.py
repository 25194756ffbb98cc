"""The mail channel of the outbox: says a notice in its reader's language and hands it to an SMTP server."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.database import db
from app.notifications.models import Notification
from app.notifications.outbox_rules import Message, NotDelivered
from app.notifications.rules import say
from app.people.models import Employee, Site
from config import Settings

SECONDS_MAX = 20


def deliver(message: Message, now: datetime) -> None:
    """Send one notice, or the digest of a day. A reader who has left gets nothing.

    The Message-ID is made of the outbox's key, so that a mail sent twice after a crash is recognised as one.
    """
    ids = message.payload.get("digest") or [message.payload["notice"]]
    lines = list(db.session.scalars(select(Notification).where(Notification.id.in_(ids)).order_by(Notification.id)))
    if not lines:
        return
    reader = db.session.execute(
        select(
            Employee.name, Employee.email, Employee.deactivated_at, Employee.locale, Site.locale.label("site_locale")
        )
        .join(Site, Site.id == Employee.site_id)
        .where(Employee.id == lines[0].employee_id)
    ).one()
    db.session.rollback()
    if reader.deactivated_at is not None:
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    with force_locale(reader.locale or reader.site_locale):
        mail = compose(lines, reader.name, settings.base_url)
    mail["From"], mail["To"] = settings.mail_from, reader.email
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.key.replace(':', '.')}@{settings.mail_from.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    _send(mail, settings)


def compose(lines: Sequence[Notification], name: str, base_url: str) -> EmailMessage:
    """The mail without its addresses: one notice with its link, or a list of them."""
    mail = EmailMessage()
    said = [(say(line.text_key, line.params), base_url + line.url) for line in lines]
    if len(said) == 1:
        mail["Subject"] = said[0][0]
    else:
        mail["Subject"] = _("%(count)s notices", count=len(said))
    body = [_("Hello %(name)s,", name=name), ""]
    for text, url in said:
        body += [text, url, ""]
    body.append(_("How notices arrive is yours to choose: %(url)s", url=f"{base_url}/me/notices"))
    mail.set_content("\n".join(body))
    return mail


def _send(mail: EmailMessage, settings: Settings) -> None:
    try:
        with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS_MAX) as server:
            if settings.smtp_starttls:
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as refusal:
        code = max((code for code, _text in refusal.recipients.values()), default=0)
        raise NotDelivered(f"the address was refused ({code})", final=code >= 500) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise NotDelivered(f"the mail server answered {refusal.smtp_code}", final=False) from refusal
    except (OSError, smtplib.SMTPException) as failure:
        raise NotDelivered(f"no mail server: {type(failure).__name__}") from failure
