"""Say which segment a customer belongs to. Authority may depend on it, so it is not for whoever gives remedies."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.audit import actions as audit
from app.customers.models import Customer, CustomerSegment
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import parse_ref, ref
from app.kernel.transactions import transaction
from app.people.permissions import require

CHARACTERS_MAX, CUSTOMERS_MAX = 40, 500
SET = audit.declare("customer:segment", "segment", sentence=_l("set a customer's segment"))


def set_segment(*, customer_id: int, segment: str | None, actor: Actor, now: datetime) -> None:
    """Put a customer into a segment, e.g. "regular", or (None) into none; from now on rules of that segment hold."""
    require(actor, "settings.write")
    tag = (segment or "").strip().lower()
    if segment is not None and not (tag.replace("-", "").isalnum() and tag.isascii() and len(tag) <= CHARACTERS_MAX):
        raise BadInput({"segment": [str(_l("Use letters, digits and hyphens, at most 40."))]})
    with transaction():
        if db.session.get(Customer, customer_id) is None:
            raise NotFound
        db.session.execute(delete(CustomerSegment).where(CustomerSegment.customer_id == customer_id))
        if tag:
            db.session.add(CustomerSegment(customer_id=customer_id, segment=tag, set_at=now, set_by_id=actor.id))
        db.session.flush()
        audit.record(SET, subject=ref("customer", customer_id), actor=actor, at=now, segment=tag or None)


def set_segments(*, references: Sequence[str], segment: str | None, actor: Actor, now: datetime) -> int:
    """Put several customers, named by reference, into one segment or (None) into none: all or nobody; returns how many."""
    require(actor, "settings.write")
    wanted = {reference: parse_ref("customer", reference) for reference in references}
    ids = [identity for identity in wanted.values() if identity]
    known = set(db.session.scalars(select(Customer.id).where(Customer.id.in_(ids[:CUSTOMERS_MAX]))))
    wrong = [reference for reference, identity in wanted.items() if identity not in known]
    if len(wanted) > CUSTOMERS_MAX:
        raise BadInput({"customers": [str(_l("Name at most %(count)d at a time.", count=CUSTOMERS_MAX))]})
    if wrong or not wanted:
        raise BadInput({"customers": [str(_l("There is no customer %(names)s.", names=", ".join(wrong[:5])))]})
    with transaction():
        for customer_id in sorted(known):
            set_segment(customer_id=customer_id, segment=segment, actor=actor, now=now)
    return len(known)
