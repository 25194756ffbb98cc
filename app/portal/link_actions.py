"""Make, mail, take back and open the link to a customer's page. Its token is nowhere in the trail, the outbox or the log."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.transactions import transaction
from app.notifications.mail_actions import is_mail_on
from app.notifications.outbox_actions import enqueue
from app.people import permissions
from app.portal import rules
from app.portal.models import CustomerLink

CHANNEL = "customer-mail"
MADE = audit.declare("link:make", "serial", "replaces", sentence=_l("made a link to the customer's page"))
MAILED = audit.declare("link:mail", "serial", sentence=_l("sent the customer the link to their page"))
REVOKED = audit.declare("link:revoke", "serial", sentence=_l("took back the link to the customer's page"))
OPENED = audit.declare("link:open", "serial", sentence=_l("opened their page"))


def make_link(*, case_id: int, actor: Actor, now: datetime) -> CustomerLink:
    """Make a link to the page of a case; one that was made before opens nothing any more."""
    with transaction():
        case = _case(case_id, actor)
        if not rules.is_alive(case.resolved_at, case.closed_at, now):
            raise BadInput({"link": [str(_l("This case ended long ago. Open it again first."))]})
        before = _live(case.id)
        if before is not None:
            before.revoked_at = now
            db.session.flush()
        newest = db.session.scalar(select(func.max(CustomerLink.serial)).where(CustomerLink.case_id == case.id)) or 0
        link = CustomerLink(case_id=case.id, serial=newest + 1, made_by_id=actor.id, made_at=now)
        db.session.add(link)
        db.session.flush()
        _record(MADE, case, actor, now, serial=link.serial, replaces=before.serial if before else None)
        return link


def mail_link(*, case_id: int, actor: Actor, now: datetime, what: str = "link", key: str | None = None) -> CustomerLink:
    """Owe the customer a mail with the link to her page; a link is made where there is none.

    what: "link", "report" or "mail" for the acknowledgement of one. key: of the outbox, where it isn't a press of the button.
    """
    with transaction():
        case = _case(case_id, actor)
        customer = db.session.get(Customer, case.customer_id) if case.customer_id else None
        if customer is None or not customer.email:
            raise BadInput({"link": [str(_l("There is no e-mail address of the customer."))]})
        if not is_mail_on():
            raise BadInput({"link": [str(_l("No mail server is set here. Copy the link instead."))]})
        link = _live(case.id) or make_link(case_id=case.id, actor=actor, now=now)
        # One mail a minute is enough, however often the button is pressed.
        key = key or f"link:{link.id}:{int(now.timestamp()) // 60}"
        enqueue(channel=CHANNEL, key=key, payload={"what": what, "case": case.id, "link": link.id}, at=now)
        link.mailed_at = now
        _record(MAILED, case, actor, now, serial=link.serial)
        return link


def revoke_link(*, case_id: int, actor: Actor, now: datetime) -> None:
    """Take the link back: it and every visit that it began end at once."""
    with transaction():
        case = _case(case_id, actor)
        link = _live(case.id)
        if link is None:
            raise NotFound
        link.revoked_at = now
        _record(REVOKED, case, actor, now, serial=link.serial)


def open_link(*, case_id: int, serial: int, actor: Actor, now: datetime) -> None:
    """The button behind a link was pressed: a visit begins. Raises NotFound when the link opens nothing."""
    with transaction():
        case = _case(case_id, actor)
        link = _live(case.id)
        if link is None or link.serial != serial or not rules.is_alive(case.resolved_at, case.closed_at, now):
            raise NotFound
        link.opened_at = link.opened_at or now
        _record(OPENED, case, actor, now, serial=serial)


def _case(case_id: int, actor: Actor) -> Case:
    case = db.session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
    if case is None:
        raise NotFound
    permissions.require(actor, "cases.write", site_id=case.site_id)
    return case


def _live(case_id: int) -> CustomerLink | None:
    return db.session.scalars(
        select(CustomerLink).where(CustomerLink.case_id == case_id, CustomerLink.revoked_at.is_(None))
    ).one_or_none()


def _record(entry: audit.EntryType, case: Case, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
