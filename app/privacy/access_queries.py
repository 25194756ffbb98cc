"""Who looked at somebody's details, or took their data along: by day and role, as the trail keeps it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask_babel import lazy_gettext as _l
from sqlalchemy import String, cast, literal, select

from app.audit.models import AuditEntry, AuditPayload
from app.customers.merge_queries import counts_as, numbers_under
from app.kernel.database import db
from app.kernel.references import PREFIXES
from app.people.models import Employee

SHOWN_DAYS, SHOWN_MAX = 90, 500
WHAT_WORDS: dict[str, Any] = {
    "customer:open": _l("looked at the details"),
    "privacy:export": _l("took all data along"),
    "review:read": _l("read the review"),
}


@dataclass(frozen=True, slots=True)
class Access:
    """One look or export. role: None where no person did it. name: for whoever handles requests, never for the person."""

    at: datetime
    what: str
    role: str | None
    name: str | None = None


def accesses_of(refs: Any, since: datetime | None = None) -> tuple[Access, ...]:
    """The accesses to the records of these references, newest first; at most 500. refs: a list, or a query of one column."""
    statement = (
        select(AuditEntry.at, AuditEntry.type, AuditPayload.payload, Employee.name)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .outerjoin(Employee, Employee.id == AuditEntry.actor_id)
        # The database is to go by the subject: by type it would read every customer's looks.
        .where(AuditEntry.subject.in_(refs), (AuditEntry.type + "").in_(sorted(WHAT_WORDS)))
        .order_by(AuditEntry.id.desc())
        .limit(SHOWN_MAX)
    )
    if since is not None:
        statement = statement.where(AuditEntry.at >= since)
    return tuple(Access(row.at, row.type, _role(row.payload), row.name) for row in db.session.execute(statement))


def seen_by_the_customer(customer_id: int, now: datetime) -> tuple[Access, ...]:
    """The accesses of the last 90 days to all numbers that count as one customer, without names; one query."""
    every = numbers_under([counts_as(customer_id)]).subquery()
    refs = select(literal(f"{PREFIXES['customer']}-", String) + cast(every.c[0], String))
    found = accesses_of(refs, now - timedelta(days=SHOWN_DAYS))
    return tuple(Access(one.at, one.what, one.role) for one in found)


def _role(payload: str | None) -> str | None:
    """What the reader was at that moment; nobody knows once the entry's words are erased."""
    said: dict[str, Any] = orjson.loads(payload) if payload else {}
    return said.get("_role")
