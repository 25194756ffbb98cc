"""Turning the risk score on or off for the whole company, and carrying its calibration away; both stand in the trail."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.insights.risk_models import RiskSwitch
from app.insights.risk_rules import WEIGHTS
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.texts import one_line
from app.kernel.transactions import transaction
from app.people import permissions

REASON_MAX = 300
SWITCHED = audit.declare(
    "risk:switch", "is_on", "reason", "weights", sentence=_l("turned the score of customers' risk on or off")
)


def switch(*, is_on: bool, reason: str, actor: Actor, now: datetime) -> None:
    """Let the score be worked out from now on, or nowhere. It decides nothing either way: no rule of authority reads it."""
    permissions.require(actor, "settings.write")
    reason = one_line(reason)
    if not reason or len(reason) > REASON_MAX:
        raise BadInput({"reason": [str(_l("Say why, in at most %(count)d characters.", count=REASON_MAX))]})
    with transaction():
        db.session.add(RiskSwitch(is_on=is_on, reason=reason, at=now, by_id=actor.id))
        db.session.flush()
        audit.record(SWITCHED, subject="risk-score", actor=actor, at=now, is_on=is_on, reason=reason, weights=WEIGHTS)
