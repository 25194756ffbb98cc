"""The acknowledgement of a case that a mail opened: it names the number, the next step and when, and brings the link."""

from datetime import datetime

from flask import current_app

from app.cases import actions as cases
from app.cases.models import Case
from app.customers.models import Customer
from app.customers.rules import email_key
from app.kernel.actor import rule
from app.kernel.database import db
from app.kernel.transactions import in_transaction
from app.notifications.mail_actions import is_mail_on
from app.portal import link_actions as links
from app.portal import rules, throttle_actions
from config import Settings

ACKNOWLEDGEMENT = rule("mail-acknowledgement")


def acknowledge(case: Case, now: datetime) -> None:
    """Owe the acknowledgement, a few a day for one address, together with public reports'; beyond that nobody is told.

    Mail of programs opens no case, and ours says that it is automatic, so that two robots don't keep each other busy.
    """
    assert in_transaction()
    customer = db.session.get(Customer, case.customer_id) if case.customer_id else None
    if customer is None or not customer.email or not customer.email.isascii() or not is_mail_on():
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    contact = rules.contact_key(settings.secrets[-1].encode(), email_key(customer.email), None)
    try:
        throttle_actions.refuse_when_spent(f"mail:{contact}", rules.MAILS, now)
        throttle_actions.count(f"mail:{contact}", rules.MAILS, now)
    except throttle_actions.TooMuch:
        return
    links.mail_link(case_id=case.id, what="mail", key=f"opened:{case.id}", actor=ACKNOWLEDGEMENT, now=now)
    cases.acknowledge(case_id=case.id, channel="email", actor=ACKNOWLEDGEMENT, now=now)
