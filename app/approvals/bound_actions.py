"""Set up to which amounts a batch may decide, and above which a decider proves a second factor."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.approvals.bound_models import DecisionBound
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Conflict
from app.kernel.money import Money
from app.kernel.transactions import transaction
from app.people.permissions import require

BOUNDED = audit.declare(
    "decisions:bound", "currency", "batch_max", "proof_above", "batch_max_before", "proof_above_before",
    sentence=_l("changed the bounds of deciding"),
)  # fmt: skip


def set_bounds(
    *, currency: str, batch_max: Money | None, proof_above: Money | None, version: int, actor: Actor, now: datetime
) -> None:
    """Set the bounds in one currency; None takes a bound away. Raises Conflict when somebody else changed them."""
    require(actor, "policies.publish")
    assert actor.id is not None, "a person sets bounds"
    assert all(amount is None or amount.currency == currency for amount in (batch_max, proof_above))
    with transaction():
        row = db.session.get(DecisionBound, currency, with_for_update=True)
        if (row.version if row else 0) != version:
            raise Conflict
        before = (row.batch_minor_max, row.proof_above_minor) if row else (None, None)
        if row is None:
            row = DecisionBound(currency=currency, version=0)
            db.session.add(row)
        row.batch_minor_max = batch_max.minor if batch_max else None
        row.proof_above_minor = proof_above.minor if proof_above else None
        row.changed_by_id, row.changed_at, row.version = actor.id, now, row.version + 1
        audit.record(
            BOUNDED, subject="authority-matrix", actor=actor, at=now, currency=currency,
            batch_max=row.batch_minor_max, proof_above=row.proof_above_minor,
            batch_max_before=before[0], proof_above_before=before[1],
        )  # fmt: skip
