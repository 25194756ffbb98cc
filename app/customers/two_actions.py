"""Say of two customers who were looked at that they are two, so that nobody looks again; and take that back."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.customers.merge_actions import REASON_MAX
from app.customers.merge_models import CustomerTwo
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.people import permissions

TOLD_APART = audit.declare("customer:tell-apart", "other", "reason", sentence=_l("found that two customers are two"))
DOUBTED = audit.declare("customer:doubt-apart", "other", sentence=_l("took back that two customers are two"))


def tell_apart(*, one_id: int, other_id: int, reason: str, actor: Actor, now: datetime) -> CustomerTwo:
    """Say that two customers are two; they are offered as duplicates no more. Saying it twice is once."""
    said = reason.strip()
    if not said or len(said) > REASON_MAX:
        raise BadInput({"reason": [str(_l("Say why, in at most %(count)d characters.", count=REASON_MAX))]})
    with transaction():
        older_id, newer_id, site_id = _both(one_id, other_id, actor)
        known = _standing(older_id, newer_id)
        if known is not None:
            return known
        made = CustomerTwo(older_id=older_id, newer_id=newer_id, reason=said, at=now, by_id=actor.id)
        db.session.add(made)
        db.session.flush()
        audit.record(
            TOLD_APART, subject=ref("customer", older_id), actor=actor, at=now, site_id=site_id,
            other=ref("customer", newer_id), reason=said,
        )  # fmt: skip
        return made


def doubt_apart(*, one_id: int, other_id: int, actor: Actor, now: datetime) -> None:
    """Let two be looked at again; that they were told apart stays on record. Raises NotFound where they weren't."""
    with transaction():
        older_id, newer_id, site_id = _both(one_id, other_id, actor)
        known = _standing(older_id, newer_id)
        if known is None:
            raise NotFound
        known.undone_at, known.undone_by_id = now, actor.id
        db.session.flush()
        audit.record(
            DOUBTED, subject=ref("customer", older_id), actor=actor, at=now, site_id=site_id,
            other=ref("customer", newer_id),
        )  # fmt: skip


def _both(one_id: int, other_id: int, actor: Actor) -> tuple[int, int, int | None]:
    """The two numbers in their order, and the older one's site; whoever is out of scope isn't there."""
    found = db.session.execute(
        select(Customer.id, Customer.site_id).where(Customer.id.in_((one_id, other_id))).order_by(Customer.id)
    ).all()
    if len(found) != 2:
        raise NotFound
    for row in found:
        permissions.require(actor, "customers.merge", site_id=row.site_id)
    one_at_a_time("customer-two", f"{found[0].id}:{found[1].id}")
    return found[0].id, found[1].id, found[0].site_id


def _standing(older_id: int, newer_id: int) -> CustomerTwo | None:
    return db.session.scalars(
        select(CustomerTwo).where(
            CustomerTwo.older_id == older_id, CustomerTwo.newer_id == newer_id, CustomerTwo.undone_at.is_(None)
        )
    ).one_or_none()
