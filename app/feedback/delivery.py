"""The survey's mail: one sentence, one link, in the customer's language. Nothing in it counts who opened it."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.customers.models import Customer
from app.feedback.models import Survey
from app.feedback.queries import url_of
from app.kernel.database import db
from app.notifications.mail_delivery import send
from app.notifications.outbox_rules import Message
from app.people.models import Site
from app.ui.filters import locale_name
from app.ui.preferences import choose_locale, language_on_file
from config import Settings


def deliver(message: Message, now: datetime) -> None:
    """Send one survey; one that has its answer already, or whose customer has no address any more, is not sent."""
    row = db.session.execute(
        select(Survey.id, Survey.state, Customer.name, Customer.email, Customer.language, Site.name.label("site"), Site.locale)
        .join(Site, Site.id == Survey.site_id)
        .join(Customer, Customer.id == Survey.customer_id)
        .where(Survey.id == message.payload["survey"])
    ).first()  # fmt: skip
    if row is None or row.state != "sent" or not row.email:
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    with force_locale(choose_locale(language_on_file(row.language), row.locale)):
        mail = compose(row.name, row.site, url_of(row.id))
    db.session.rollback()
    mail["From"], mail["To"], mail["Date"] = settings.mail_from, row.email, format_datetime(now)
    mail["Message-ID"] = f"<survey.{row.id}@{settings.mail_from.rpartition('@')[2].rstrip('>')}>"
    mail["Auto-Submitted"] = "auto-generated"
    send(mail, settings, message, now)


def compose(name: str, site: str, url: str) -> EmailMessage:
    """The mail without its addresses: text, and the same as HTML, which loads nothing."""
    mail = EmailMessage()
    mail["Subject"] = _("How did we do? %(site)s", site=site)
    lines = [
        _("Hello %(name)s,", name=name),
        "",
        _("a few days ago we tried to put something right for you. Did we? It takes a minute, and somebody reads it."),
        "",
        url,
        "",
        _("The link is yours and works for 30 days. You need not answer; we ask once."),
        "",
        site,
    ]
    mail.set_content("\n".join(lines))
    html = current_app.jinja_env.get_template("feedback/survey_mail.html").render(
        title=mail["Subject"], name=name, site=site, url=url, language=locale_name().replace("_", "-")
    )
    mail.add_alternative(html, subtype="html")
    return mail
