"""What a customer answers on her page. Each answer moves the offer, or opens the next step, together with its entry."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases import dialogue_actions as dialogue
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.messages import actions as messages
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people.queries import supervisors_for
from app.portal import throttle_actions
from app.portal.models import CustomerAnswer
from app.portal.rules import WRITTEN
from app.remedies import actions as remedies
from app.remedies.models import Remedy

INTENT_CHARACTERS = (8, 100)
ANSWERED = audit.declare(
    "customer:answer", "answer", "remedy", "reason", "intent", sentence=_l("answered on their own page")
)
ACCEPTED = declare("customer:accepted", _l("%(case)s: the customer accepted %(remedy)s. It is settled."))
DOUBTED = declare("customer:doubted", _l("%(case)s: the customer says that %(remedy)s isn't right."))


class AnsweredBefore(Refusal):
    """The same form was sent before with another answer."""

    code = "answered-before"
    sentence = _l("You answered this already. Your first answer counts; write to us if you changed your mind.")


class OpenAlready(Refusal):
    """The case didn't end, or was opened again meanwhile; her words are for the message."""

    status = 422
    code = "open-already"
    sentence = _l("Your case is open already. Send us your words as a message.")


def accept(*, case_id: int, remedy_id: int, intent: str, actor: Actor, now: datetime) -> CustomerAnswer:
    """She takes the offer: it is settled, and the others of its choice are free again."""
    with transaction():
        known = _begin(case_id, remedy_id, "accepted", intent, now)
        if known is not None:
            return known
        _mine(case_id, remedy_id)
        remedy = remedies.accept(remedy_id=remedy_id, actor=actor, now=now)
        case = dialogue.go_on(case_id=case_id, actor=actor, now=now)
        messages.tell_owner(case=case, line=ACCEPTED, now=now, remedy=remedy.ref)
        return _keep(case, remedy, "accepted", "", intent, actor, now)


def decline(*, case_id: int, remedy_id: int, reason: str, intent: str, actor: Actor, now: datetime) -> CustomerAnswer:
    """She doesn't want the offer: what was held for it is free again. Her reason, if she gives one, reaches the desk."""
    with transaction():
        known = _begin(case_id, remedy_id, "declined", intent, now)
        if known is not None:
            return known
        _mine(case_id, remedy_id)
        remedy = remedies.decline(remedy_id=remedy_id, actor=actor, now=now)
        if reason.strip():
            messages.receive(
                case_id=case_id, text=reason, channel="page", about=remedy.ref, what="declined", intent=f"{intent}:why",
                actor=actor, now=now,
            )  # fmt: skip
            case = db.session.get_one(Case, case_id)
        else:
            case = dialogue.go_on(case_id=case_id, actor=actor, now=now)
            messages.tell_owner(case=case, line=messages.LINES["declined"], now=now)
        return _keep(case, remedy, "declined", reason, intent, actor, now)


def disagree(
    *, case_id: int, remedy_id: int | None, reason: str, intent: str, actor: Actor, now: datetime
) -> CustomerAnswer:
    """She says what would be right instead. An offer is declined by it; a case that was resolved is open again."""
    _check_reason(reason)
    with transaction():
        known = _begin(case_id, remedy_id, "disagreed", intent, now)
        if known is not None:
            return known
        remedy = None
        if remedy_id is not None:
            _mine(case_id, remedy_id)
            remedy = remedies.decline(remedy_id=remedy_id, actor=actor, now=now)
        else:
            if dialogue.locked(case_id, actor).resolved_at is None:
                raise OpenAlready
            cases.reopen(case_id=case_id, reason=reason, actor=actor, now=now)
        messages.receive(
            case_id=case_id, text=reason, channel="page", about=remedy.ref if remedy else "", what="disagreed",
            intent=f"{intent}:why", actor=actor, now=now,
        )  # fmt: skip
        case = db.session.get_one(Case, case_id)
        return _keep(case, remedy, "disagreed", reason, intent, actor, now)


def doubt(*, case_id: int, remedy_id: int, reason: str, intent: str, actor: Actor, now: datetime) -> CustomerAnswer:
    """An amount in her name isn't right: the desk and who leads it are told, and her words stand beside it."""
    _check_reason(reason)
    with transaction():
        known = _begin(case_id, remedy_id, "not_right", intent, now)
        if known is not None:
            return known
        remedy = _mine(case_id, remedy_id)
        if remedy.state not in ("settled", "reversed"):
            raise NotFound
        messages.receive(
            case_id=case_id, text=reason, channel="page", about=remedy.ref, what="not_right", intent=f"{intent}:why",
            actor=actor, now=now,
        )  # fmt: skip
        case = db.session.get_one(Case, case_id)
        leads = [one for one in supervisors_for(case.site_id, case.team_id)[:1] if one != case.owner_id]
        if case.owner_id:
            notify(
                employee_ids=leads, kind=DOUBTED, subject=case.ref, url=f"/cases/{case.ref}", text_key=DOUBTED,
                params={"case": case.ref, "remedy": remedy.ref}, at=now,
            )  # fmt: skip
        return _keep(case, remedy, "not_right", reason, intent, actor, now)


def _mine(case_id: int, remedy_id: int) -> Remedy:
    """The remedy when it belongs to this case; any other is as if it weren't there."""
    remedy = db.session.get(Remedy, remedy_id)
    if remedy is None or remedy.case_id != case_id or remedy.historic or remedy.state == "requested":
        raise NotFound
    return remedy


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput({"reason": [str(_l("Tell us in a few words."))]})


def _begin(case_id: int, remedy_id: int | None, answer: str, intent: str, now: datetime) -> CustomerAnswer | None:
    """Return what this form answered before; else count one more answer. A second click waits here for the first."""
    if not INTENT_CHARACTERS[0] <= len(intent) <= INTENT_CHARACTERS[1]:
        raise BadInput({"intent": [str(_l("Open the page again: the form has lost its key."))]})
    one_at_a_time("customer-answer", f"{case_id}:{intent}")
    known = db.session.scalars(
        select(CustomerAnswer).where(CustomerAnswer.case_id == case_id, CustomerAnswer.intent == intent)
    ).one_or_none()
    if known is not None and (known.remedy_id, known.answer) != (remedy_id, answer):
        raise AnsweredBefore
    if known is None:
        throttle_actions.count(f"written:{case_id}", WRITTEN, now)
    return known


def _keep(
    case: Case, remedy: Remedy | None, answer: str, reason: str, intent: str, actor: Actor, now: datetime
) -> CustomerAnswer:
    kept = CustomerAnswer(
        case_id=case.id, remedy_id=remedy.id if remedy else None, answer=answer, reason=reason, intent=intent, at=now
    )
    db.session.add(kept)
    db.session.flush()
    said: dict[str, Any] = {"answer": answer, "reason": reason, "intent": intent}
    audit.record(
        ANSWERED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id,
        remedy=ref("remedy", remedy.id) if remedy else None, **said,
    )  # fmt: skip
    return kept
