"""What a customer agreed to, how she wants to be reached, what she is worth. A customer is all whom she was merged of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.customers.care_rules import Consent, Said, consents
from app.customers.merge_queries import members_of
from app.customers.models import Customer, CustomerConsent, CustomerPreference, CustomerSegment, CustomerValue
from app.kernel.database import db
from app.kernel.money import Money
from app.people.models import Employee

SAID_MAX = 200


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a customer wants to be reached; version 0 while nothing was said."""

    channel: str | None = None
    do_not_call: bool = False
    wishes: str = ""
    set_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Worth:
    """Segment and yearly value, each with the instant it was set."""

    segment: str | None = None
    segment_at: datetime | None = None
    value: Money | None = None
    value_at: datetime | None = None


def said_by(customer_ids: Sequence[int]) -> tuple[Said, ...]:
    """Every answer about consents, the newest first."""
    rows = db.session.execute(
        select(
            CustomerConsent.id, CustomerConsent.purpose, CustomerConsent.given, CustomerConsent.said_at,
            CustomerConsent.source, CustomerConsent.recorded_at, Employee.name,
        )
        .outerjoin(Employee, Employee.id == CustomerConsent.recorded_by_id)
        .where(CustomerConsent.customer_id.in_(customer_ids))
        .order_by(CustomerConsent.said_at.desc(), CustomerConsent.id.desc())
        .limit(SAID_MAX)
    )  # fmt: skip
    return tuple(Said(*row) for row in rows)


def consent(customer_id: int, purpose: str) -> Consent:
    """Where one purpose stands for a customer, whatever number she is known by."""
    return next(one for one in consents(said_by(members_of(customer_id))) if one.purpose == purpose)


def standing_of(customer_ids: Sequence[int], own_id: int) -> tuple[Wishes, Worth]:
    """How a customer wants to be reached and what she is worth: of each, what was set last under any of her numbers.

    One query. The version of the wishes is that of her own row, against which a change is made.
    """
    rows = db.session.execute(
        select(
            Customer.id, CustomerPreference.channel, CustomerPreference.do_not_call, CustomerPreference.wishes,
            CustomerPreference.set_at.label("wished_at"), CustomerPreference.version, CustomerSegment.segment,
            CustomerSegment.set_at.label("segment_at"), CustomerValue.year_minor, CustomerValue.currency,
            CustomerValue.set_at.label("value_at"),
        )
        .outerjoin(CustomerPreference, CustomerPreference.customer_id == Customer.id)
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == Customer.id)
        .outerjoin(CustomerValue, CustomerValue.customer_id == Customer.id)
        .where(Customer.id.in_(customer_ids))
        .order_by(Customer.id)
    ).all()  # fmt: skip
    wished, placed, valued = (_latest(rows, name) for name in ("wished_at", "segment_at", "value_at"))
    version = next((row.version for row in rows if row.id == own_id), None) or 0
    wishes = Wishes(version=version)
    if wished is not None:
        wishes = Wishes(wished.channel, wished.do_not_call, wished.wishes, wished.wished_at, version)
    return wishes, Worth(
        placed.segment if placed else None, placed.segment_at if placed else None,
        Money(valued.year_minor, valued.currency) if valued else None, valued.value_at if valued else None,
    )  # fmt: skip


def _latest(rows: Sequence[Any], name: str) -> Any:
    set_rows = [row for row in rows if getattr(row, name) is not None]
    return max(set_rows, key=lambda row: getattr(row, name), default=None)


def is_not_called(customer_id: int) -> bool:
    """Whether the customer asked not to be called, under whatever number she said it last."""
    wishes, _worth = standing_of(members_of(customer_id), customer_id)
    return wishes.do_not_call
