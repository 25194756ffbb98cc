"""Ask for an exception, decide it once, take it back, let it expire. Money moves in remedies, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, update

from app.approvals import hooks, queries, rules
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.audit import actions as audit
from app.cases import actions as cases
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted, Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.notifications import actions as notifications
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people

REASON_CHARACTERS_MAX = 2_000

ASKED = audit.declare(
    "exception:ask",
    "remedy",
    "kind",
    "amount_minor",
    "currency",
    "reason",
    "over",
    "terms_hash",
    "policy_version",
    "expires_at",
    sentence=_l("asked for an exception"),
)
APPROVED = audit.declare(
    "exception:approve",
    "kind",
    "amount_minor",
    "asked_minor",
    "currency",
    "reason",
    "requested_by",
    "terms_hash",
    sentence=_l("approved an exception"),
)
DECLINED = audit.declare(
    "exception:decline",
    "kind",
    "asked_minor",
    "currency",
    "reason",
    "requested_by",
    "terms_hash",
    sentence=_l("declined an exception"),
)
WITHDRAWN = audit.declare("exception:withdraw", "asked_minor", "currency", sentence=_l("took back an exception"))
EXPIRED = audit.declare("exception:expire", "asked_minor", "currency", sentence=_l("let an exception expire"))

ASKED_NOTICE = declare("exception:asked", _l("%(name)s asks for %(amount)s in %(case)s"))
APPROVED_NOTICE = declare("exception:approved", _l("%(name)s approved %(amount)s in %(case)s"))
DECLINED_NOTICE = declare("exception:declined", _l("%(name)s declined %(amount)s in %(case)s"))
EXPIRED_NOTICE = declare("exception:expired", _l("Nobody answered in time: %(amount)s in %(case)s has expired"))


class MayNotDecide(NotPermitted):
    """This person can't decide this request; the sentence says why."""

    code = "may-not-decide"


class AlreadyEnded(Refusal):
    """Somebody decided first, or the request was taken back or has expired."""

    code = "already-ended"


def ask(
    *,
    case_id: int,
    remedy_id: int | None,
    kind: str,
    amount: Money,
    reason: str,
    terms_hash: str,
    over: list[dict[str, Any]],
    policy_version_id: int | None,
    site_id: int,
    team_id: int | None,
    actor: Actor,
    now: datetime,
) -> ExceptionRequest:
    """Ask for more than the rules allow the asker; whoever may decide is told.

    over: the windows exceeded, each with clause, unit, days, currency and limit, used, requested, over in minor units.
    """
    permissions.require(actor, "exceptions.ask", site_id=site_id, team_id=team_id)
    assert actor.id is not None, "a person asks"
    reason = _reason(reason, required=True)
    with transaction():
        request = ExceptionRequest(
            case_id=case_id,
            remedy_id=remedy_id,
            requested_by_id=actor.id,
            kind=kind,
            amount_minor=amount.minor,
            currency=amount.currency,
            reason=reason,
            terms_hash=terms_hash,
            over=over,
            policy_version_id=policy_version_id,
            site_id=site_id,
            team_id=team_id,
            asked_at=now,
            due_at=rules.answer_due(now),
            expires_at=now + timedelta(hours=_expires_hours()),
            state="waiting",
        )
        db.session.add(request)
        db.session.flush()
        audit.record(
            ASKED,
            subject=request.ref,
            actor=actor,
            at=now,
            case_id=case_id,
            site_id=site_id,
            remedy=ref("remedy", remedy_id) if remedy_id else None,
            kind=kind,
            amount_minor=amount.minor,
            currency=amount.currency,
            reason=reason,
            over=over,
            terms_hash=terms_hash,
            policy_version=policy_version_id,
            expires_at=iso(request.expires_at),
        )
        _note(request, "asked", actor, now, reason, amount.minor)
        _tell(queries.deciders_for(request.id), ASKED_NOTICE, request, amount, actor, now)
        return request


def decide(
    *, exception_id: int, outcome: str, amount: Money | None, reason: str, actor: Actor, now: datetime
) -> ExceptionRequest:
    """Approve a request (wholly, or with a smaller amount) or decline it with a reason. Exactly one decision stands.

    amount: None for the whole; must not exceed what was asked. Raises MayNotDecide, AlreadyEnded (naming who decided),
    BadInput. The caller that spends money (remedies) runs this inside its own transaction.
    """
    assert outcome in ("approved", "declined")
    reason = _reason(reason, required=outcome == "declined")
    with transaction():
        request = _locked(exception_id)
        permissions.require(actor, "exceptions.decide", site_id=request.site_id, team_id=request.team_id)
        answer = queries.may_decide(exception_id, actor, now)
        if isinstance(answer, rules.Refused):
            if answer.code == "ended":
                raise _ended(request)
            raise MayNotDecide(answer.reason, reason=answer.code)
        assert actor.id is not None, "a person decides"
        granted = _granted(request, outcome, amount)
        if not _end(request, outcome, actor.id, now):
            raise _ended(request)
        db.session.execute(
            insert(ExceptionDecision).values(
                exception_id=exception_id,
                outcome=outcome,
                decided_by_id=actor.id,
                on_behalf_of_id=actor.on_behalf_of_id,
                at=now,
                reason=reason,
                amount_minor=granted.minor if granted else None,
            )
        )
        _record_decision(request, granted, reason, actor, now)
        _note(request, outcome, actor, now, reason, granted.minor if granted else None)
        notice = APPROVED_NOTICE if granted else DECLINED_NOTICE
        _tell([request.requested_by_id], notice, request, granted or request.amount, actor, now)
        return request


def withdraw(*, exception_id: int, actor: Actor, now: datetime) -> ExceptionRequest:
    """Take one's own request back while nobody has decided it."""
    with transaction():
        request = _locked(exception_id)
        permissions.require(actor, "exceptions.ask", site_id=request.site_id, team_id=request.team_id)
        if actor.is_person and actor.id != request.requested_by_id:
            raise NotPermitted(_l("Only the person who asked can take this back."))
        return _close(request, "withdrawn", WITHDRAWN, actor, now)


def expire(*, exception_id: int, actor: Actor, now: datetime) -> bool:
    """End a request that nobody answered in time; False when it ended meanwhile or isn't due."""
    with transaction():
        request = _locked(exception_id)
        if request.state != "waiting" or request.expires_at > now:
            return False
        _close(request, "expired", EXPIRED, actor, now)
        _tell([request.requested_by_id], EXPIRED_NOTICE, request, request.amount, actor, now)
        return True


def _close(
    request: ExceptionRequest, state: str, entry_type: audit.EntryType, actor: Actor, now: datetime
) -> ExceptionRequest:
    if not _end(request, state, actor.id, now):
        raise _ended(request)
    audit.record(
        entry_type,
        subject=request.ref,
        actor=actor,
        at=now,
        case_id=request.case_id,
        site_id=request.site_id,
        asked_minor=request.amount_minor,
        currency=request.currency,
    )
    _note(request, state, actor, now, "", None)
    for hook in hooks.on_ended:
        hook(exception_id=request.id, remedy_id=request.remedy_id, state=state, actor=actor, now=now)
    return request


def _locked(exception_id: int) -> ExceptionRequest:
    """Read the request under its row lock, so that of two deciders the second one sees the first one's decision."""
    request = db.session.get(ExceptionRequest, exception_id, with_for_update=True, populate_existing=True)
    if request is None:
        raise NotFound()
    return request


def _end(request: ExceptionRequest, state: str, by_id: int | None, now: datetime) -> bool:
    """Leave `waiting` if nobody else has; the condition is in the statement, whatever was read before."""
    taken = db.session.execute(
        update(ExceptionRequest)
        .where(ExceptionRequest.id == request.id, ExceptionRequest.state == "waiting")
        .values(state=state, ended_at=now, ended_by_id=by_id)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(request)
    return taken.rowcount == 1  # type: ignore[attr-defined]


def _granted(request: ExceptionRequest, outcome: str, amount: Money | None) -> Money | None:
    if outcome == "declined":
        return None
    if amount is None:
        return request.amount
    if amount.currency != request.currency:
        raise BadInput({"amount": [_l("The amount must be in %(currency)s.", currency=request.currency)]})
    if not 1 <= amount.minor <= request.amount_minor:
        raise BadInput(
            {
                "amount": [
                    _l("Type more than zero and at most what was asked: %(asked)s.", asked=request.amount.format())
                ]
            }
        )
    return amount


def _ended(request: ExceptionRequest) -> AlreadyEnded:
    name = people.names([request.ended_by_id]).get(request.ended_by_id, "") if request.ended_by_id else ""
    sentences = {
        "approved": _l("%(name)s has already approved this.", name=name),
        "declined": _l("%(name)s has already declined this.", name=name),
        "withdrawn": _l("%(name)s has taken this request back.", name=name),
        "expired": _l("This request has expired. It can be asked again."),
    }
    return AlreadyEnded(sentences[request.state], state=request.state, by=name)


def _record_decision(
    request: ExceptionRequest, granted: Money | None, reason: str, actor: Actor, now: datetime
) -> None:
    said: dict[str, Any] = {
        "kind": request.kind,
        "asked_minor": request.amount_minor,
        "currency": request.currency,
        "reason": reason,
        "requested_by": request.requested_by_id,
        "terms_hash": request.terms_hash,
    }
    if granted is not None:
        said["amount_minor"] = granted.minor
    audit.record(
        DECLINED if granted is None else APPROVED,
        subject=request.ref,
        actor=actor,
        at=now,
        case_id=request.case_id,
        site_id=request.site_id,
        **said,
    )


def _note(
    request: ExceptionRequest, what: str, actor: Actor, now: datetime, reason: str, amount_minor: int | None
) -> None:
    """Put the deed on the case's timeline."""
    cases.add_event(
        case_id=request.case_id,
        kind="exception",
        actor=actor,
        at=now,
        text=reason,
        data={
            "ref": request.ref,
            "what": what,
            "kind": request.kind,
            "asked_minor": request.amount_minor,
            "amount_minor": amount_minor,
            "currency": request.currency,
        },
    )


def _tell(
    employee_ids: Sequence[int], key: str, request: ExceptionRequest, amount: Money, actor: Actor, now: datetime
) -> None:
    notifications.notify(
        employee_ids=employee_ids,
        kind="exception",
        subject=request.ref,
        url=f"/exceptions/{request.ref}",
        text_key=key,
        params={
            "name": people.names([actor.id]).get(actor.id or 0, actor.label),
            "amount": amount.format(),
            "case": ref("case", request.case_id),
        },
        at=now,
    )


def _reason(text: str, *, required: bool) -> str:
    text = text.strip()
    if required and not text:
        raise BadInput({"reason": [_l("Say why, in a sentence.")]})
    if len(text) > REASON_CHARACTERS_MAX:
        raise BadInput({"reason": [_l("Keep it under %(count)d characters.", count=REASON_CHARACTERS_MAX)]})
    return text


def _expires_hours() -> int:
    return int(current_app.extensions["makegood_settings"].exception_expires_hours)
