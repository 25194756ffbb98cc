"""Mails to customers: the link to their page, and that we have their report. The token is signed here, and kept nowhere."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.database import db
from app.messages import mail_rules
from app.messages.mail_models import Mailbox
from app.notifications.mail_delivery import send
from app.notifications.outbox_rules import Message
from app.portal.link_queries import Visit, url_of, visit
from app.portal.models import CustomerLink
from app.portal.words import next_step
from app.ui.preferences import LANGUAGES, choose_locale
from config import Settings


def deliver(message: Message, now: datetime) -> None:
    """Send one mail to the customer of a case. A link that was replaced or has ended meanwhile is not sent any more."""
    link = db.session.get(CustomerLink, message.payload["link"])
    found = visit(link.case_id, link.serial, now) if link is not None else None
    if found is None or not found.email:
        db.session.rollback()
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    on_file = (found.language or "").split("_")[0].split("-")[0]
    with force_locale(choose_locale(on_file if on_file in LANGUAGES else None, found.locale)):
        mail = compose(message.payload["what"], found, next_step(found.case_id, found.zone, now))
    box = db.session.scalars(select(Mailbox.address).where(Mailbox.site_id == found.site_id)).one_or_none()
    db.session.rollback()
    mail["From"], mail["To"] = settings.mail_from, found.email
    if box:
        mail["Reply-To"] = mail_rules.reply_address(box, found.case_id, settings.secrets)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message.key.replace(':', '.')}@{settings.mail_from.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    send(mail, settings, message, now)


def compose(what: str, found: Visit, next_: str) -> EmailMessage:
    """The mail without its addresses. what: "link", "report" or "mail" for the acknowledgement of one.

    It names the case by its number alone: what the desk calls it stands on her page, behind the link's button.
    """
    mail = EmailMessage()
    url = url_of(found.case_id, found.serial)
    hello = _("Hello %(name)s,", name=found.name or _("guest"))
    if what == "report":
        mail["Subject"] = _("We have your report %(ref)s", ref=found.ref)
        body = [hello, "", _("we have your report. Its number is %(ref)s.", ref=found.ref)]
    elif what == "mail":
        mail["Subject"] = _("We have your mail (%(ref)s)", ref=found.ref)
        body = [hello, "", _("we have your mail. Its number is %(ref)s.", ref=found.ref)]
    else:
        mail["Subject"] = _("Your case %(ref)s with %(site)s", ref=found.ref, site=found.site)
        body = [hello, "", _("this is about what you told us, case %(ref)s.", ref=found.ref)]
    body += ["", next_, "", _("See how it stands, answer us and send photos here:"), url, ""]
    body += [_("Whoever has this link can open your case. Please keep it to yourself."), "", found.site]
    mail.set_content("\n".join(body))
    return mail
