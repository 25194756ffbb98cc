"""Taking in what became of customers; each line is named in the trail, and a line that is known already changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, tuple_

from app.audit import actions as audit
from app.customers.identity_queries import with_emails
from app.customers.models import Customer
from app.insights.outcome_models import LaterOutcome
from app.insights.outcome_rules import Line
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import parse_ref, ref
from app.kernel.transactions import transaction
from app.people import permissions

BATCH = 500
TAKEN = audit.declare(
    "outcome:import", "source", "source_ref", "on", "customer", sentence=_l("took in what became of a customer")
)


@dataclass(frozen=True, slots=True)
class Taken:
    """taken: new lines; known: there already; strangers: of the new ones, about customers who aren't known here."""

    taken: int
    known: int
    strangers: int


def take_outcomes(*, lines: Sequence[Line], source: str, currency: str, actor: Actor, now: datetime) -> Taken:
    """Take in at most BATCH lines in one transaction. A line is known by its source, reference and day."""
    permissions.require(actor, "cases.import")
    assert len(lines) <= BATCH
    with transaction():
        keys = [(line.ref, line.on) for line in lines]
        there = {
            tuple(row)
            for row in db.session.execute(
                select(LaterOutcome.source_ref, LaterOutcome.on_day).where(
                    LaterOutcome.source == source, tuple_(LaterOutcome.source_ref, LaterOutcome.on_day).in_(keys)
                )
            )
        }
        new = list({(line.ref, line.on): line for line in lines if (line.ref, line.on) not in there}.values())
        if not new:
            return Taken(0, len(lines), 0)
        customers = _customers(new)
        rows = [
            {
                "source": source, "source_ref": line.ref, "on_day": line.on, "customer_id": customers.get(line.customer),
                "segment": line.segment, "had_complaint": line.had_complaint, "has_stayed": line.has_stayed,
                "has_returned": line.has_returned, "value_millis": line.value_millis, "currency": currency,
                "imported_at": now,
            }
            for line in new
        ]  # fmt: skip
        db.session.execute(insert(LaterOutcome), rows)
        entries = []
        for line in new:
            found = customers.get(line.customer)
            subject = ref("customer", found) if found else f"{source}/{line.ref}"[:60]
            said = {
                "source": source,
                "source_ref": line.ref,
                "on": line.on.isoformat(),
                "customer": subject if found else "",
            }
            entries.append(audit.Entry(TAKEN, subject, said))
        audit.record_many(entries, actor=actor, at=now)
        return Taken(len(new), len(lines) - len(new), sum(row["customer_id"] is None for row in rows))


def _customers(lines: Sequence[Line]) -> dict[str, int]:
    """Who the lines are about: a reference, or the e-mail address of exactly one customer."""
    ids = {line.customer: number for line in lines if (number := parse_ref("customer", line.customer))}
    emails = {line.customer.lower(): line.customer for line in lines if "@" in line.customer}
    known = set(db.session.scalars(select(Customer.id).where(Customer.id.in_(list(ids.values())))))
    found = {said: number for said, number in ids.items() if number in known}
    by_email: dict[str, list[int]] = {}
    for one in with_emails(emails):
        by_email.setdefault(one.email, []).append(one.customer_id)
    found |= {emails[email]: numbers[0] for email, numbers in by_email.items() if len(numbers) == 1 and email in emails}
    return found
