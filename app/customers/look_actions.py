"""Looking at a customer's details is a deed too: one entry per reader, customer and day."""

from datetime import date, datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.customers.look_models import CustomerLook
from app.customers.queries import is_looked_at
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.transactions import transaction

OPENED = audit.declare("customer:open", "how", sentence=_l("looked at a customer's details"))


def record_look(*, customer_id: int, how: str, actor: Actor, now: datetime) -> None:
    """Record that somebody looked, unless today's look (UTC) is recorded. how: `page` or `api`.

    The first look of the day waits for its turn to write; each further one costs at most one read of one row.
    """
    if actor.id is None or _is_recorded(customer_id, actor.id, now.date()):
        return
    with transaction():
        if _is_first(customer_id, actor.id, now.date()):
            audit.record(OPENED, subject=ref("customer", customer_id), actor=actor, at=now, how=how)


def _is_recorded(customer_id: int, employee_id: int, day: date) -> bool:
    return bool(db.session.scalar(select(is_looked_at(customer_id, employee_id, day))))


def _is_first(customer_id: int, employee_id: int, day: date) -> bool:
    """Take the day for this reader; of two tabs that open at once one takes it."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    statement = insert(CustomerLook).values(customer_id=customer_id, employee_id=employee_id, day=day)
    taken = statement.on_conflict_do_update(
        index_elements=["customer_id", "employee_id"], set_={"day": day}, where=CustomerLook.day < day
    )
    return db.session.scalar(taken.returning(CustomerLook.customer_id)) is not None
