"""The mail channel of the outbox: says a notice in its reader's language and hands it to an SMTP server."""

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.database import db
from app.notifications import mail_links
from app.notifications.models import Notification
from app.notifications.outbox_jobs import hand_over
from app.notifications.outbox_rules import Message, NotDelivered
from app.notifications.rules import say
from app.people.models import AccessStop, Employee, Site
from config import Settings

SECONDS_MAX = 20


def deliver(message: Message, now: datetime) -> None:
    """Send one notice, or the digest of a day. Whoever has left or is let in no more gets nothing.

    The Message-ID is made of the outbox's key, so that a mail that somebody sends again is recognised as the same.
    """
    ids = message.payload.get("digest") or [message.payload["notice"]]
    lines = list(db.session.scalars(select(Notification).where(Notification.id.in_(ids)).order_by(Notification.id)))
    if not lines:
        return
    paths = {line.id: mail_links.path_of(line, now) for line in lines}
    reader = db.session.execute(
        select(
            Employee.name,
            Employee.email,
            Employee.deactivated_at,
            AccessStop.at.label("stopped_at"),
            Employee.locale,
            Site.locale.label("site_locale"),
        )
        .join(Site, Site.id == Employee.site_id)
        .outerjoin(AccessStop, AccessStop.employee_id == Employee.id)
        .where(Employee.id == lines[0].employee_id)
    ).one()
    db.session.rollback()
    if reader.deactivated_at is not None or reader.stopped_at is not None:
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    with force_locale(reader.locale or reader.site_locale):
        mail = compose(lines, reader.name, settings.base_url, paths)
    mail["From"], mail["To"] = settings.mail_from, reader.email
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.key.replace(':', '.')}@{settings.mail_from.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    send(mail, settings, message, now)


def compose(lines: Sequence[Notification], name: str, base_url: str, paths: Mapping[int, str]) -> EmailMessage:
    """The mail without its addresses: one notice with its link, or a list of them. paths: where each leads, by its id."""
    mail = EmailMessage()
    said = [(say(line.text_key, line.params), base_url + paths[line.id]) for line in lines]
    if len(said) == 1:
        mail["Subject"] = " ".join(said[0][0].split())  # somebody's words may hold a line end
    else:
        mail["Subject"] = _("%(count)s notices", count=len(said))
    body = [_("Hello %(name)s,", name=name), ""]
    for text, url in said:
        body += [text, url, ""]
    body.append(_("How notices arrive is yours to choose: %(url)s", url=f"{base_url}/me/notices"))
    mail.set_content("\n".join(body))
    return mail


def send(mail: EmailMessage, settings: Settings, message: Message, now: datetime) -> None:
    """Hand one mail with its addresses to the server; NotDelivered when it didn't take it, final where it never will.

    SMTP has no key by which a mail is taken once. So the try of `message` is written down as handed over, by itself,
    after the server has taken sender and recipient and before the text goes out; what dies or breaks off from then on is
    unknown, and isn't sent again blindly. Before that the server has nothing, and a further try is safe.
    """
    is_handed_over = False
    try:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS_MAX)
        try:
            _greet(server, settings)
            _address(server, mail)
            hand_over(message, now)
            is_handed_over = True
            code, text = server.data(mail.as_bytes(policy=SMTP))
            is_handed_over = False  # whatever it says, it is an answer
            if code != 250:
                raise smtplib.SMTPDataError(code, text)
        finally:
            server.close()  # no QUIT: a server that breaks off there has taken the mail all the same
    except smtplib.SMTPRecipientsRefused as refusal:
        code = max((code for code, _text in refusal.recipients.values()), default=0)
        raise NotDelivered(f"the address was refused ({code})", final=code >= 500) from refusal
    except smtplib.SMTPResponseException as refusal:
        raise NotDelivered(f"the mail server answered {refusal.smtp_code}", final=False) from refusal
    except (OSError, smtplib.SMTPException) as failure:
        if is_handed_over:
            raise NotDelivered("the mail server broke off before it answered", unknown=True) from failure
        raise NotDelivered(f"no mail server: {type(failure).__name__}") from failure


def _greet(server: smtplib.SMTP, settings: Settings) -> None:
    if settings.smtp_starttls:
        server.starttls(context=ssl.create_default_context())
    if settings.smtp_user:
        server.login(settings.smtp_user, settings.smtp_password)
    server.ehlo_or_helo_if_needed()


def _address(server: smtplib.SMTP, mail: EmailMessage) -> None:
    """Say from whom and to whom; raises what smtplib raises of refusals."""
    sender, recipient = parseaddr(mail["From"])[1], parseaddr(mail["To"])[1]
    code, text = server.mail(sender)
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, sender)
    code, text = server.rcpt(recipient)
    if code not in (250, 251):
        raise smtplib.SMTPRecipientsRefused({recipient: (code, text)})
