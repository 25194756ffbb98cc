"""Changing an exception before it is decided: another amount, or giving the part within one's own authority now."""

from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.approvals import actions as approvals
from app.approvals import thread_actions as threads
from app.approvals.models import ExceptionRequest
from app.audit import actions as audit
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.remedies import actions as remedies
from app.remedies import receipt_actions as receipts
from app.remedies import writing
from app.remedies.models import Remedy
from app.remedies.rules import RemedyEnded, fingerprint, over_of, refusal_of

AMENDED = audit.declare(
    "remedy:amend",
    "amount",
    "reason",
    "exception",
    "decision",
    "policy_version",
    "receipt",
    sentence=_l("changed what is asked for"),
)


def amend_exception(*, exception_id: int, amount: Money, reason: str, actor: Actor, now: datetime) -> ExceptionRequest:
    """Change the amount or the reason of one's own waiting request; it is judged and asked anew."""
    with transaction():
        request, remedy, case = _open(exception_id, actor)
        return _ask_anew(request, remedy, case, amount, reason, actor, now)


def give_part(*, exception_id: int, part: Money, intent: str, actor: Actor, now: datetime) -> ExceptionRequest:
    """Give the part within one's own authority now; the request goes on about the rest.

    The part is counted in the same windows, so that dividing an amount never makes it larger.
    """
    with transaction():
        request, remedy, case = _open(exception_id, actor)
        if part.currency != request.currency or not 0 < part.minor < request.amount_minor:
            raise BadInput({"part": [str(_l("Give less than the whole now."))]})
        rest = request.amount - part
        remedies.offer(
            case_id=case.id, kind=remedy.kind, amount=part, reason=request.reason, intent=intent, actor=actor, now=now
        )
        return _ask_anew(request, remedy, case, rest, request.reason, actor, now)


def _open(exception_id: int, actor: Actor) -> tuple[ExceptionRequest, Remedy, Case]:
    request = approvals.locked(exception_id)
    if actor.id != request.requested_by_id:
        raise NotPermitted(_l("Only the person who asked can do this."))
    if request.state != "waiting":
        raise approvals.ended(request)
    remedy = db.session.get(Remedy, request.remedy_id) if request.remedy_id else None
    case = db.session.get(Case, request.case_id)
    assert remedy is not None and case is not None, "an exception about money has its remedy"
    if remedy.state != "requested":
        raise RemedyEnded
    return request, remedy, case


def _ask_anew(
    request: ExceptionRequest, remedy: Remedy, case: Case, amount: Money, reason: str, actor: Actor, now: datetime
) -> ExceptionRequest:
    judged = writing.judge(case, remedy.kind, remedy.nature, amount, actor, now)
    if judged.decision.outcome == "refused":
        raise refusal_of(judged.decision)
    if judged.decision.outcome == "allowed":
        raise BadInput({"amount": [str(_l("You may give this yourself: take the request back and offer it."))]})
    version = remedy.version + 1
    request = threads.amend(
        exception_id=request.id,
        amount=amount,
        reason=reason,
        terms_hash=fingerprint(case=case.id, kind=remedy.kind, amount=amount.json(), remedy=remedy.id, version=version),
        over=over_of(judged.decision.windows),
        policy_version_id=judged.in_force.version.id,
        actor=actor,
        now=now,
    )
    remedy.amount_minor, remedy.reason, remedy.version = amount.minor, request.reason, version
    remedy.decision, remedy.policy_version_id = judged.receipt(), judged.in_force.version.id
    db.session.flush()
    writing.record(
        AMENDED, remedy, actor, now, amount=amount.json(), reason=request.reason, exception=ref("exception", request.id),
        decision=judged.decision.json(), policy_version=judged.in_force.version.number,
        receipt=receipts.keep(remedy=remedy, judged=judged, occasion="request", now=now),
    )  # fmt: skip
    return request
