"""Hits of trials per person and stratum, for one review. The figures are those of the registry of measures; nothing is ever sorted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select

from app.insights import fact_queries
from app.insights.measures import MEASURES, Measure
from app.insights.queries import Part
from app.kernel.database import db
from app.people import queries as people
from app.people.models import Employee
from app.remedies.models import Remedy
from app.remedies.receipt_models import DecisionReceipt
from app.reviews.figure_rules import Counts, Stratum

# Those of the registry that may say something about one person; the money that a person decided stands beside them.
REVIEWED: tuple[Measure, ...] = tuple(one for one in MEASURES.values() if one.in_review)
CODES = (*(one.name for one in REVIEWED), "money")


@dataclass(frozen=True, slots=True)
class Span:
    """A period with the instant at which it is looked at; until exclusive."""

    since: datetime
    until: datetime
    now: datetime


def counts(name: str, span: Span, role: str) -> Counts:
    """Hits of trials of everybody with this role, by category, severity and channel."""
    facts = _facts(name, span)
    by = (facts.c.person_id, facts.c.category_id, facts.c.severity, facts.c.channel)
    statement = (
        select(*by, func.sum(facts.c.hit), func.count())
        .join_from(facts, Employee, Employee.id == facts.c.person_id)
        .where(Employee.role == role)
        .group_by(*by)
    )
    found: dict[int, dict[Stratum, tuple[int, int]]] = {}
    for person, category, severity, channel, k, n in db.session.execute(statement):
        found.setdefault(person, {})[(category, severity, channel)] = (int(k), int(n))
    return found


def cases_of(employee_id: int, span: Span) -> list[int]:
    """The cases behind a person's figures: what may be read and named in the review."""
    found: set[int] = set(
        db.session.scalars(
            select(Remedy.case_id).where(
                Remedy.employee_id == employee_id, Remedy.created_at >= span.since, Remedy.created_at < span.until,
                Remedy.historic.is_(False),
            )
        )
    )  # fmt: skip
    for measure in REVIEWED:
        facts = _facts(measure.name, span)
        found.update(db.session.scalars(select(facts.c.case_id).where(facts.c.person_id == employee_id)))
    return sorted(found)


def money_of(employee_id: int, span: Span) -> tuple[int, int]:
    """(inside the policy of its time and with a reason, all) of the goodwill money that a person decided."""
    statement = (
        select(DecisionReceipt.content, DecisionReceipt.occasion)
        .join(Remedy, Remedy.id == DecisionReceipt.remedy_id)
        .where(
            Remedy.employee_id == employee_id, Remedy.created_at >= span.since, Remedy.created_at < span.until,
            Remedy.nature == "goodwill", Remedy.historic.is_(False), DecisionReceipt.occasion != "request",
        )
    )  # fmt: skip
    rows = db.session.execute(statement).all()
    return sum(_is_inside(orjson.loads(row.content), row.occasion) for row in rows), len(rows)


def _is_inside(receipt: dict[str, Any], occasion: str) -> bool:
    is_inside = receipt["decision"]["outcome"] == "allowed" or occasion == "approval"
    return is_inside and bool(receipt["about"]["has_reason"])


def _facts(name: str, span: Span) -> Any:
    part = Part(tuple(site.id for site in people.sites()), None, span.since, span.until)
    return fact_queries.statement(name, part, span.now).subquery()
