"""Which case a link opens, and what is known of a case's link."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor, customer
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.signing import Signer
from app.people.models import Employee, Site
from app.portal import rules
from app.portal.models import CustomerLink
from config import Settings


@dataclass(frozen=True, slots=True)
class Visit:
    """A customer's view of one case: what a good link or cookie gives, and nothing beyond."""

    case_id: int
    serial: int
    site_id: int
    site: str
    zone: str
    locale: str
    currency: str
    customer_id: int | None
    name: str | None
    email: str | None
    language: str | None
    ends_at: datetime | None

    @property
    def ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def actor(self) -> Actor:
        """Who acts on the page: the customer's record, or the case's where none is on file."""
        return customer(ref("customer", self.customer_id) if self.customer_id else self.ref, self.site_id)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """The live link of a case, for the desk."""

    serial: int
    made_at: datetime
    made_by: str | None
    mailed_at: datetime | None
    opened_at: datetime | None


LINK_COLUMNS: Any = (
    CustomerLink.serial, CustomerLink.made_at, Employee.name, CustomerLink.mailed_at, CustomerLink.opened_at,
)  # fmt: skip


def signer() -> Signer:
    settings: Settings = current_app.extensions["makegood_settings"]
    return Signer(settings.base_url, settings.secrets)


def url_of(case_id: int, serial: int) -> str:
    """The address to give to the customer; made anew each time, since its token is kept nowhere."""
    settings: Settings = current_app.extensions["makegood_settings"]
    return f"{settings.base_url}/c/{signer().token(rules.LINK, case_id, serial)}"


def behind(token: str, now: datetime) -> Visit | None:
    """The visit that a link's token would begin; None for a guessed, revoked or ended one. Writes nothing."""
    numbers = signer().read(rules.LINK, token)
    return visit(numbers[0], numbers[1], now) if numbers and len(numbers) == 2 else None


def visit_token(case_id: int, serial: int, now: datetime) -> str:
    """What the cookie of a visit holds."""
    until = int((now + timedelta(minutes=rules.VISIT_MINUTES)).timestamp())
    return signer().token(rules.VISIT, case_id, serial, until)


def visiting(token: str, case_id: int, now: datetime) -> Visit | None:
    """The visit that a cookie stands for, while its link is the newest and its time isn't over."""
    numbers = signer().read(rules.VISIT, token)
    if not numbers or len(numbers) != 3 or numbers[0] != case_id or numbers[2] <= now.timestamp():
        return None
    return visit(numbers[0], numbers[1], now)


def visit(case_id: int, serial: int, now: datetime) -> Visit | None:
    row = db.session.execute(
        select(
            Case.id, CustomerLink.serial, Case.site_id, Site.name, Site.time_zone, Site.locale, Site.currency,
            Case.customer_id, Customer.name, Customer.email, Customer.language, Case.resolved_at, Case.closed_at,
        )
        .join(CustomerLink, CustomerLink.case_id == Case.id)
        .join(Site, Site.id == Case.site_id)
        .outerjoin(Customer, Customer.id == Case.customer_id)
        .where(Case.id == case_id, CustomerLink.serial == serial, CustomerLink.revoked_at.is_(None))
    ).first()  # fmt: skip
    if row is None or not rules.is_alive(row.resolved_at, row.closed_at, now):
        return None
    values: list[Any] = [*row[:-2], rules.ends_at(row.resolved_at, row.closed_at)]
    return Visit(*values)


def link_of(case_id: int) -> LinkRow | None:
    """The live link of a case; its reader's scope was checked with the case."""
    row = db.session.execute(
        select(*LINK_COLUMNS)
        .outerjoin(Employee, Employee.id == CustomerLink.made_by_id)
        .where(CustomerLink.case_id == case_id, CustomerLink.revoked_at.is_(None))
    ).first()
    return LinkRow(*row) if row else None
