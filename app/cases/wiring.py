"""Joins the room to customers and people: a case is found by its customer's new name, and keeps an owner when somebody leaves."""

from datetime import datetime

from flask import Flask
from sqlalchemy import select

from app.cases.actions import hand_over, index_case
from app.cases.models import Case
from app.cases.queries import categories
from app.customers import hooks as customers
from app.kernel.actor import Actor
from app.kernel.database import db
from app.people import hooks as people
from app.policies import hooks as policies
from app.policies.known_rules import KnownCategory

# A customer with more cases than this is a file's, not a person; the newest stay findable by the new name.
CASES_MAX = 500


def register(app: Flask) -> None:
    if index_cases_of not in customers.on_rename:
        customers.on_rename.append(index_cases_of)
    people.add(hand_over_cases)
    if known_categories not in policies.categories:
        policies.categories.append(known_categories)


def known_categories() -> tuple[KnownCategory, ...]:
    """The words that a policy's rules may name."""
    return tuple(KnownCategory(row.id, row.code, row.name, row.active) for row in categories())


def hand_over_cases(employee_id: int, actor: Actor, now: datetime) -> None:
    hand_over(employee_id=employee_id, actor=actor, now=now)


def index_cases_of(customer_id: int) -> None:
    statement = select(Case).where(Case.customer_id == customer_id).order_by(Case.id.desc()).limit(CASES_MAX)
    for case in db.session.scalars(statement):
        index_case(case, new=False)
