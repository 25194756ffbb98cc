"""Ask for an exception, decide it once, take it back, let it expire. Money moves in remedies, in the same transaction."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update

from app.approvals import appeal_actions as appeals
from app.approvals import hooks, queries, rules, step_queries, writing
from app.approvals import step_actions as steps
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.approvals.writing import (
    AGREED,
    APPROVED,
    APPROVED_NOTICE,
    ASKED,
    ASKED_NOTICE,
    DECLINED,
    DECLINED_NOTICE,
    EXPIRED,
    EXPIRED_NOTICE,
    WITHDRAWN,
    clean_reason,
)
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import permissions
from app.people import queries as people
from app.sla import approval_actions as clocks


class MayNotDecide(NotPermitted):
    """This person can't decide this request; the sentence says why."""

    code = "may-not-decide"


class Changed(Conflict):
    """The requester changed the request after the decider had read it."""

    code = "request-changed"
    sentence = _l("The request was changed while you read it. Look at it again, then decide.")


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
    reason = clean_reason(reason, required=True)
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
        steps.open_route(request, actor, now)
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
        writing.note(request, "asked", actor, now, reason, amount.minor)
        writing.tell(asked_ids(request, now), ASKED_NOTICE, request, amount, actor, now)
        return request


def decide(
    *,
    exception_id: int,
    outcome: str,
    amount: Money | None,
    reason: str,
    actor: Actor,
    now: datetime,
    terms_hash: str | None = None,
) -> ExceptionRequest:
    """Approve the open step of a request (wholly, or with a smaller amount) or decline the request with a reason.

    It is decided by the last say that its route needs, or by the first refusal; until then it goes on waiting, for
    somebody else. amount: None for all that is still asked. terms_hash: what the decider has read; a request changed
    since is not decided (Conflict). Raises MayNotDecide, AlreadyEnded (naming who decided), BadInput. The caller that
    spends money (remedies) runs this inside its own transaction.
    """
    assert outcome in ("approved", "declined")
    reason = clean_reason(reason, required=outcome == "declined")
    if not permissions.has(actor, "exceptions.decide"):
        raise NotPermitted
    with transaction():
        request = locked(exception_id)
        row = queries.request_row(exception_id)
        assert row is not None
        standing = queries.standing([row], now)
        answer = allowed(request, standing, actor)
        if terms_hash is not None and terms_hash != request.terms_hash:
            raise Changed
        step = standing.facts[exception_id].step
        granted = _granted(request, outcome, amount, step_queries.least_granted(exception_id))
        by = replace(actor, on_behalf_of_id=answer.on_behalf_of_id)
        settled = steps.say(
            request,
            step,
            outcome=outcome,
            amount_minor=granted.minor if granted else None,
            reason=reason,
            decider=standing.roster.decider(actor.id),
            on_behalf_of_id=by.on_behalf_of_id,
            actor=by,
            now=now,
        )
        if settled is None:
            _go_on(request, step, granted, reason, by, now)
            return request
        _decided(request, settled, granted, reason, by, now)
        return request


def allowed(request: ExceptionRequest, standing: queries.Standing, actor: Actor) -> rules.Allowed:
    answer = standing.answer(request.id, actor)
    if isinstance(answer, rules.Allowed):
        return answer
    scope = permissions.scope_of(actor, "exceptions.decide")
    # Outside of one's own reach there is nothing to see but what one may decide for somebody else.
    if scope is None or not scope.covers(site_id=request.site_id, team_id=request.team_id):
        raise NotFound
    if answer.code == "ended":
        raise ended(request)
    raise MayNotDecide(answer.reason, reason=answer.code)


def _decided(
    request: ExceptionRequest, outcome: str, granted: Money | None, reason: str, actor: Actor, now: datetime
) -> None:
    """Write down the decision that ends a request."""
    assert actor.id is not None, "a person decides"
    if not _end(request, outcome, actor.id, now):
        raise ended(request)
    clocks.end_approval(case_id=request.case_id, subject=request.ref, is_withdrawn=False, actor=actor, now=now)
    db.session.execute(
        insert(ExceptionDecision).values(
            exception_id=request.id,
            outcome=outcome,
            decided_by_id=actor.id,
            on_behalf_of_id=actor.on_behalf_of_id,
            at=now,
            reason=reason,
            amount_minor=granted.minor if granted else None,
        )
    )
    _record_decision(request, granted, reason, actor, now)
    writing.note(request, outcome, actor, now, reason, granted.minor if granted else None)
    notice = APPROVED_NOTICE if granted else DECLINED_NOTICE
    writing.tell([request.requested_by_id], notice, request, granted or request.amount, actor, now)
    if granted:
        appeals.credit(request=request, granted=granted, actor=actor, now=now)


def _go_on(
    request: ExceptionRequest, step: rules.StepFacts, granted: Money | None, reason: str, actor: Actor, now: datetime
) -> None:
    """One say of several: keep it, and tell those whose turn it is."""
    assert granted is not None, "one refusal ends a request"
    audit.record(
        AGREED,
        subject=request.ref,
        actor=actor,
        at=now,
        case_id=request.case_id,
        site_id=request.site_id,
        step=step.number,
        steps=step.of,
        amount_minor=granted.minor,
        currency=request.currency,
        reason=reason,
        terms_hash=request.terms_hash,
    )
    writing.note(request, "agreed", actor, now, reason, granted.minor)
    writing.tell(asked_ids(request, now), ASKED_NOTICE, request, granted, actor, now)


def asked_ids(request: ExceptionRequest, now: datetime) -> list[int]:
    row = queries.request_row(request.id)
    assert row is not None
    return queries.standing([row], now).asked_ids(request.id)


def withdraw(*, exception_id: int, actor: Actor, now: datetime) -> ExceptionRequest:
    """Take one's own request back while nobody has decided it."""
    with transaction():
        request = locked(exception_id)
        permissions.require(actor, "exceptions.ask", site_id=request.site_id, team_id=request.team_id)
        if actor.is_person and actor.id != request.requested_by_id:
            raise NotPermitted(_l("Only the person who asked can take this back."))
        return _close(request, "withdrawn", WITHDRAWN, actor, now)


def expire(*, exception_id: int, actor: Actor, now: datetime) -> bool:
    """End a request that nobody answered in time; False when it ended meanwhile or isn't due."""
    with transaction():
        request = locked(exception_id)
        if request.state != "waiting" or request.expires_at > now:
            return False
        _close(request, "expired", EXPIRED, actor, now)
        writing.tell([request.requested_by_id], EXPIRED_NOTICE, request, request.amount, actor, now)
        return True


def _close(
    request: ExceptionRequest, state: str, entry_type: audit.EntryType, actor: Actor, now: datetime
) -> ExceptionRequest:
    if not _end(request, state, actor.id, now):
        raise ended(request)
    clocks.end_approval(
        case_id=request.case_id, subject=request.ref, is_withdrawn=state == "withdrawn", actor=actor, now=now
    )
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
    writing.note(request, state, actor, now, "", None)
    for hook in hooks.on_ended:
        hook(exception_id=request.id, remedy_id=request.remedy_id, state=state, actor=actor, now=now)
    return request


def granted(request: ExceptionRequest) -> Money:
    """Return what a decided request was approved for, inside the same deed."""
    minor = db.session.scalar(
        select(ExceptionDecision.amount_minor).where(ExceptionDecision.exception_id == request.id)
    )
    assert minor is not None, "only an approval grants something"
    return Money(minor, request.currency)


def locked(exception_id: int) -> ExceptionRequest:
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
    if taken.rowcount == 1:  # type: ignore[attr-defined]
        writing.read_off(request, now)
    return taken.rowcount == 1  # type: ignore[attr-defined]


def _granted(request: ExceptionRequest, outcome: str, amount: Money | None, least_minor: int | None) -> Money | None:
    """What a say grants: never more than was asked, nor than an earlier step has granted."""
    if outcome == "declined":
        return None
    most = request.amount if least_minor is None else Money(least_minor, request.currency)
    if amount is None:
        return most
    if amount.currency != request.currency:
        raise BadInput({"amount": [_l("The amount must be in %(currency)s.", currency=request.currency)]})
    if not 1 <= amount.minor <= most.minor:
        raise BadInput(
            {"amount": [_l("Type more than zero and at most what was asked: %(asked)s.", asked=most.format())]}
        )
    return amount


def ended(request: ExceptionRequest) -> AlreadyEnded:
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


def _expires_hours() -> int:
    return int(current_app.extensions["makegood_settings"].exception_expires_hours)
