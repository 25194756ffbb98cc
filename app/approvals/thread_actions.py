"""Asking back and answering while a request waits, and changing what is asked."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.approvals import actions as approvals
from app.approvals import queries, writing
from app.approvals import step_actions as steps
from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionMessage, ExceptionRoute
from app.approvals.writing import clean_reason
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotPermitted
from app.kernel.money import Money
from app.kernel.transactions import transaction
from app.notifications.rules import declare
from app.people import permissions

ASKED_BACK = audit.declare("exception:ask-back", "text", sentence=_l("asked back about an exception"))
ANSWERED = audit.declare("exception:answer", "text", sentence=_l("answered a question about an exception"))
AMENDED = audit.declare(
    "exception:amend",
    "round",
    "before_minor",
    "amount_minor",
    "currency",
    "reason",
    "over",
    "terms_hash",
    "policy_version",
    sentence=_l("changed what an exception asks for"),
)
BACK_NOTICE = declare("exception:asked-back", _l("%(name)s has a question about %(amount)s in %(case)s"))
ANSWER_NOTICE = declare("exception:answered", _l("%(name)s answered about %(amount)s in %(case)s"))
AMENDED_NOTICE = declare("exception:amended", _l("%(name)s now asks for %(amount)s in %(case)s"))


def ask_back(*, exception_id: int, text: str, actor: Actor, now: datetime) -> None:
    """Ask the requester something before deciding; whoever may decide may ask. The clock runs on."""
    text = _text(text)
    if not permissions.has(actor, "exceptions.decide"):
        raise NotPermitted
    with transaction():
        request = approvals.locked(exception_id)
        row = queries.request_row(exception_id)
        assert row is not None
        approvals.allowed(request, queries.standing([row], now), actor)
        _say(request, "question", text, {}, actor, now)
        _record(ASKED_BACK, request, actor, now, text=text)
        writing.tell([request.requested_by_id], BACK_NOTICE, request, request.amount, actor, now)


def answer(*, exception_id: int, text: str, actor: Actor, now: datetime) -> None:
    """Answer as the one who asked for the exception; whoever may decide it is told."""
    text = _text(text)
    with transaction():
        request = _own(exception_id, actor)
        _say(request, "answer", text, {}, actor, now)
        _record(ANSWERED, request, actor, now, text=text)
        writing.tell(approvals.asked_ids(request, now), ANSWER_NOTICE, request, request.amount, actor, now)


def amend(
    *,
    exception_id: int,
    amount: Money,
    reason: str,
    terms_hash: str,
    over: list[dict[str, Any]],
    policy_version_id: int | None,
    actor: Actor,
    now: datetime,
) -> ExceptionRequest:
    """Change what one's own waiting request asks for. What was said about it is void, and it is asked anew.

    The earlier says stay where they are, in a round that is over; time limits start again.
    """
    reason = clean_reason(reason, required=True)
    with transaction():
        request = _own(exception_id, actor)
        if amount.currency != request.currency:
            raise BadInput({"amount": [_l("The amount must be in %(currency)s.", currency=request.currency)]})
        before = request.amount
        request.amount_minor, request.reason, request.terms_hash = amount.minor, reason, terms_hash
        request.over, request.policy_version_id = over, policy_version_id
        db.session.flush()
        kept = db.session.get(ExceptionRoute, exception_id)
        round = kept.round + 1 if kept else 1
        steps.open_route(request, actor, now, round=round)
        said = {"before": before.json(), "after": amount.json(), "round": round}
        _say(request, "amended", reason, said, actor, now)
        _record(
            AMENDED,
            request,
            actor,
            now,
            round=round,
            before_minor=before.minor,
            amount_minor=amount.minor,
            currency=amount.currency,
            reason=reason,
            over=over,
            terms_hash=terms_hash,
            policy_version=policy_version_id,
        )
        writing.note(request, "amended", actor, now, reason, amount.minor)
        writing.tell(approvals.asked_ids(request, now), AMENDED_NOTICE, request, amount, actor, now)
        return request


def _own(exception_id: int, actor: Actor) -> ExceptionRequest:
    """The actor's own request, as long as nobody has decided it."""
    request = approvals.locked(exception_id)
    permissions.require(actor, "exceptions.ask", site_id=request.site_id, team_id=request.team_id)
    if actor.id != request.requested_by_id:
        raise NotPermitted(_l("Only the person who asked can do this."))
    if request.state != "waiting":
        raise approvals.ended(request)
    return request


def _text(text: str) -> str:
    text = clean_reason(text, required=False)
    if not text:
        raise BadInput({"text": [str(_l("Write something first."))]})
    return text


def _say(request: ExceptionRequest, kind: str, text: str, said: dict[str, Any], actor: Actor, now: datetime) -> None:
    db.session.add(
        ExceptionMessage(exception_id=request.id, kind=kind, author_id=actor.id, at=now, text=text, said=said)
    )
    db.session.flush()


def _record(entry: audit.EntryType, request: ExceptionRequest, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(
        entry, subject=request.ref, actor=actor, at=now, case_id=request.case_id, site_id=request.site_id, **said
    )
