"""Note what somebody was refused: for the trail always, for later simulations where the policy itself refused it."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert

from app.audit import actions as audit
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import in_transaction
from app.policies import queries as policies
from app.remedies.attempt_models import RefusedOffer
from app.remedies.rules import Refused

REFUSED = audit.declare("remedy:refuse", "kind", "amount", "code", "intent", sentence=_l("was refused a remedy"))


def note(
    *, case_id: int, kind: str, nature: str, amount: Money, refusal: Refusal, intent: str, actor: Actor, now: datetime
) -> None:
    """Write a refusal down; it stays although the deed is undone."""
    assert in_transaction()
    case = db.session.get(Case, case_id)
    assert case is not None
    audit.record(
        REFUSED, subject=ref("case", case.id), actor=actor, at=now, case_id=case.id, site_id=case.site_id, kind=kind,
        amount=amount.json(), code=refusal.code, intent=intent,
    )  # fmt: skip
    in_force = policies.version_in_force(now)
    if nature != "goodwill" or not isinstance(refusal, Refused) or refusal.receipt is None or in_force is None:
        return
    db.session.execute(
        insert(RefusedOffer).values(
            case_id=case.id, customer_id=case.customer_id, employee_id=actor.id, site_id=case.site_id,
            team_id=case.team_id, kind=kind, amount_minor=amount.minor, currency=amount.currency,
            decision=refusal.receipt, policy_version_id=in_force.version.id, at=now,
        )
    )  # fmt: skip
