"""Offer, accept, decline, take back and reverse remedies; ask for exceptions and decide them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from app.approvals import actions as approvals
from app.approvals.models import ExceptionRequest
from app.audit import actions as audit
from app.budgets import actions as budgets
from app.budgets.models import Intent
from app.cases import actions as cases
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions
from app.people import queries as people
from app.remedies import queries
from app.remedies.models import NATURES, Remedy
from app.remedies.queries import Judged
from app.remedies.rules import MOVES, IntentReused, RemedyEnded, ReplayedRefusal, fingerprint, over_of, refusal_of

OFFERED = audit.declare(
    "remedy:offer", "kind", "nature", "amount", "reason", "decision", "policy_version", sentence=_l("offered a remedy")
)
REQUESTED = audit.declare(
    "remedy:request", "kind", "amount", "reason", "decision", "policy_version", sentence=_l("asked to give a remedy")
)
REFUSED = audit.declare("remedy:refuse", "kind", "amount", "code", "intent", sentence=_l("was refused a remedy"))
ACCEPTED = audit.declare("remedy:accept", "amount", sentence=_l("recorded that the customer accepted"))
DECLINED = audit.declare("remedy:decline", "amount", "reason", sentence=_l("recorded that the customer declined"))
WITHDRAWN = audit.declare("remedy:withdraw", "amount", "reason", sentence=_l("took an offer back"))
EXPIRED = audit.declare("remedy:expire", "amount", sentence=_l("let an offer expire"))
REVERSED = audit.declare("remedy:reverse", "amount", "reason", sentence=_l("reversed a settled remedy"))
APPROVED = audit.declare("remedy:approve", "amount", "exception", sentence=_l("reserved a remedy by an exception"))
NOT_APPROVED = audit.declare("remedy:drop", "exception", "state", sentence=_l("dropped a remedy that was not approved"))


def offer(
    *,
    case_id: int,
    kind: str,
    amount: Money,
    reason: str,
    intent: str,
    actor: Actor,
    now: datetime,
    nature: str = "goodwill",
) -> Remedy:
    """Reserve a remedy inside the actor's own authority, with no approver.

    The same intent key never pays twice: with the same content it returns the first answer, also a refusal; with other
    content it raises IntentReused. Raises NeedsApproval, Refused or PurseExhausted with the whole decision.
    """

    def deed(judged: Judged, case: Case) -> Remedy:
        if judged.decision.outcome != "allowed":
            raise refusal_of(judged.decision)
        remedy = _insert(case, judged, nature, "reserved", reason, actor, now)
        _record(
            OFFERED, remedy, actor, now, kind=kind, nature=nature, amount=amount.json(), reason=reason.strip(),
            decision=judged.decision.json(), policy_version=judged.in_force.version.number,
        )  # fmt: skip
        _hold(remedy, judged, actor, now, granted=False)
        return remedy

    return _intended("offer", case_id, kind, nature, amount, reason, intent, actor, now, deed)


def ask_exception(
    *, case_id: int, kind: str, amount: Money, reason: str, intent: str, actor: Actor, now: datetime
) -> ExceptionRequest:
    """Ask for a remedy above the actor's own authority. Nothing is reserved until somebody else approves it."""
    if not reason.strip():
        raise BadInput({"reason": [str(_l("Say why, so that it can be decided."))]})

    def deed(judged: Judged, case: Case) -> Remedy:
        if judged.decision.outcome == "refused":
            raise refusal_of(judged.decision)
        if judged.decision.outcome == "allowed":
            raise BadInput({"amount": [str(_l("You may give this yourself; no exception is needed."))]})
        remedy = _insert(case, judged, "goodwill", "requested", reason, actor, now)
        terms = fingerprint(case=case.id, kind=kind, amount=amount.json(), remedy=remedy.id)
        request = approvals.ask(
            case_id=case.id, remedy_id=remedy.id, kind=kind, amount=amount, reason=reason.strip(), terms_hash=terms,
            over=over_of(judged.decision.windows), policy_version_id=judged.in_force.version.id, site_id=case.site_id,
            team_id=case.team_id, actor=actor, now=now,
        )  # fmt: skip
        remedy.exception_id = request.id
        db.session.flush()
        _record(
            REQUESTED, remedy, actor, now, kind=kind, amount=amount.json(), reason=reason.strip(),
            decision=judged.decision.json(), policy_version=judged.in_force.version.number,
        )  # fmt: skip
        return remedy

    remedy = _intended("exception", case_id, kind, "goodwill", amount, reason, intent, actor, now, deed)
    request = db.session.get(ExceptionRequest, remedy.exception_id)
    assert request is not None
    return request


def decide_exception(
    *,
    exception_id: int,
    outcome: Literal["approved", "declined"],
    amount: Money | None = None,
    reason: str,
    actor: Actor,
    now: datetime,
) -> ExceptionRequest:
    """Decide an exception; approved money is reserved in the same transaction, above exactly the windows it exceeds."""
    with transaction():
        request = approvals.decide(
            exception_id=exception_id, outcome=outcome, amount=amount, reason=reason, actor=actor, now=now
        )
        remedy = db.session.get(Remedy, request.remedy_id) if request.remedy_id else None
        assert remedy is not None, "an exception about money has its remedy"
        if remedy.state != "requested":
            raise RemedyEnded
        if outcome == "declined":
            _drop(remedy, "declined", request.id, actor, now)
            return request
        granted = amount or Money(remedy.amount_minor, remedy.currency)
        asker = people.person(request.requested_by_id)
        assert asker is not None
        case = db.session.get(Case, remedy.case_id)
        assert case is not None
        judged = _judge(case, remedy.kind, remedy.nature, granted, asker.actor, now)
        if judged.decision.outcome == "refused":
            raise refusal_of(judged.decision)
        remedy.amount_minor, remedy.state, remedy.version = granted.minor, "reserved", remedy.version + 1
        remedy.expires_at = _expires_at(now)
        db.session.flush()
        _record(APPROVED, remedy, actor, now, amount=granted.json(), exception=ref("exception", request.id))
        _hold(remedy, judged, actor, now, granted=True)
        return request


def accept(*, remedy_id: int, actor: Actor, now: datetime, amount: Money | None = None) -> Remedy:
    """The customer accepted: settle what was reserved (or less; the rest is released)."""
    with transaction():
        remedy = _moved(remedy_id, "accept", "remedies.settle", actor, now)
        if _is_held(remedy):
            settled = budgets.settle(
                remedy_id=remedy.id, amount=amount, actor=actor, now=now, case_id=remedy.case_id, site_id=remedy.site_id
            )
            remedy.amount_minor = settled.minor
        db.session.flush()
        if remedy.amount_minor and remedy.nature == "goodwill":
            cases.note_given(case_id=remedy.case_id, delta_minor=remedy.amount_minor)
        _event(remedy, "accepted", actor, now)
        _record(ACCEPTED, remedy, actor, now, amount=_money(remedy).json())
        return remedy


def decline(*, remedy_id: int, reason: str = "", actor: Actor, now: datetime) -> Remedy:
    """The customer declined: what was reserved is released."""
    with transaction():
        remedy = _moved(remedy_id, "decline", "remedies.settle", actor, now)
        _release(remedy, "declined", actor, now)
        _event(remedy, "declined", actor, now, reason)
        _record(DECLINED, remedy, actor, now, amount=_money(remedy).json(), reason=reason.strip())
        return remedy


def withdraw(*, remedy_id: int, reason: str = "", actor: Actor, now: datetime) -> Remedy:
    """Take an offer back before the customer answered."""
    with transaction():
        remedy = _moved(remedy_id, "withdraw", "remedies.give", actor, now)
        _release(remedy, "withdrawn", actor, now)
        _event(remedy, "withdrawn", actor, now, reason)
        _record(WITHDRAWN, remedy, actor, now, amount=_money(remedy).json(), reason=reason.strip())
        return remedy


def expire(*, remedy_id: int, actor: Actor, now: datetime) -> bool:
    """Release an offer that nobody answered in time; False when somebody was faster."""
    with transaction():
        try:
            remedy = _moved(remedy_id, "expire", "remedies.settle", actor, now)
        except RemedyEnded:
            return False
        _release(remedy, "expired", actor, now)
        _event(remedy, "expired", actor, now)
        _record(EXPIRED, remedy, actor, now, amount=_money(remedy).json())
        return True


def reverse(*, remedy_id: int, reason: str, actor: Actor, now: datetime) -> Remedy:
    """Take back a settled remedy by new, linked ledger entries; the old ones stay."""
    if not reason.strip():
        raise BadInput({"reason": [str(_l("Say why it is reversed."))]})
    with transaction():
        remedy = _moved(remedy_id, "reverse", "remedies.reverse", actor, now)
        if _is_held(remedy):
            budgets.reverse(
                remedy_id=remedy.id, why=reason.strip(), actor=actor, now=now, case_id=remedy.case_id,
                site_id=remedy.site_id,
            )  # fmt: skip
        if remedy.amount_minor and remedy.nature == "goodwill":
            cases.note_given(case_id=remedy.case_id, delta_minor=-remedy.amount_minor)
        _event(remedy, "reversed", actor, now, reason)
        _record(REVERSED, remedy, actor, now, amount=_money(remedy).json(), reason=reason.strip())
        return remedy


def end_with_exception(*, exception_id: int, remedy_id: int | None, state: str, actor: Actor, now: datetime) -> None:
    """A request was taken back or has expired: its remedy ends with it. Registered as a hook of approvals."""
    remedy = db.session.get(Remedy, remedy_id) if remedy_id else None
    if remedy is not None and remedy.state == "requested":
        _drop(remedy, "expired" if state == "expired" else "withdrawn", exception_id, actor, now)


def _drop(remedy: Remedy, state: str, exception_id: int, actor: Actor, now: datetime) -> None:
    remedy.state, remedy.ended_at, remedy.version = state, now, remedy.version + 1
    db.session.flush()
    _record(NOT_APPROVED, remedy, actor, now, exception=ref("exception", exception_id), state=state)


def _intended(
    deed_name: str,
    case_id: int,
    kind: str,
    nature: str,
    amount: Money,
    reason: str,
    intent: str,
    actor: Actor,
    now: datetime,
    deed: Callable[[Judged, Case], Remedy],
) -> Remedy:
    """Do a deed once per intent key, and keep its answer, a refusal too."""
    if not 8 <= len(intent) <= 120:
        raise BadInput({"intent": [str(_l("Open the case again: the form has lost its key."))]})
    if nature not in NATURES:
        raise BadInput({"nature": [str(_l("Choose goodwill or redress."))]})
    print_of = fingerprint(
        deed=deed_name, case=case_id, kind=kind, nature=nature, amount=amount.json(), reason=reason.strip()
    )
    try:
        with transaction():
            known = _replayed(intent, print_of, actor)
            if known is not None:
                return known
            case = db.session.get(Case, case_id)
            if case is None:
                raise NotFound
            permissions.require(actor, "remedies.give", site_id=case.site_id)
            try:
                with db.session.begin_nested():
                    remedy = deed(_judge(case, kind, nature, amount, actor, now), case)
                    _keep_intent(intent, print_of, actor, now, {"remedy": remedy.id})
                    return remedy
            except (BadInput, NotFound):
                raise
            except Refusal as refusal:
                _keep_refusal(refusal, case, kind, amount, intent, print_of, actor, now)
                stored = refusal
    except IntegrityError as clash:
        if "intent" not in str(clash.orig):
            raise
        # The same key committed a moment ago from another desk: answer what it was answered.
        with transaction():
            known = _replayed(intent, print_of, actor)
        if known is None:
            raise
        return known
    raise stored


def _replayed(intent: str, print_of: str, actor: Actor) -> Remedy | None:
    row = db.session.execute(
        select(Intent.fingerprint, Intent.answer).where(Intent.actor == actor.label, Intent.key == intent)
    ).first()
    if row is None:
        return None
    if row.fingerprint != print_of:
        raise IntentReused
    if "refusal" in row.answer:
        kept = row.answer["refusal"]
        refusal = ReplayedRefusal(kept["sentence"], **kept["details"])
        refusal.code, refusal.status = kept["code"], kept["status"]
        raise refusal
    return db.session.get(Remedy, row.answer["remedy"])


def _keep_intent(intent: str, print_of: str, actor: Actor, now: datetime, answer: dict[str, Any]) -> None:
    db.session.execute(
        insert(Intent).values(actor=actor.label, key=intent, fingerprint=print_of, answer=answer, at=now)
    )


def _keep_refusal(
    refusal: Refusal, case: Case, kind: str, amount: Money, intent: str, print_of: str, actor: Actor, now: datetime
) -> None:
    kept = {"code": refusal.code, "status": refusal.status, "sentence": str(refusal), "details": refusal.details}
    _keep_intent(intent, print_of, actor, now, {"refusal": kept})
    audit.record(
        REFUSED, subject=ref("case", case.id), actor=actor, at=now, case_id=case.id, site_id=case.site_id, kind=kind,
        amount=amount.json(), code=refusal.code, intent=intent,
    )  # fmt: skip


def _judge(case: Case, kind: str, nature: str, amount: Money, actor: Actor, now: datetime) -> Judged:
    site = people.site(case.site_id)
    return queries.judged(
        case=case, kind=kind, nature=nature, amount=amount, actor=actor, now=now, currency=site.currency,
        time_zone=site.time_zone,
    )  # fmt: skip


def _insert(case: Case, judged: Judged, nature: str, state: str, reason: str, actor: Actor, now: datetime) -> Remedy:
    remedy = Remedy(
        case_id=case.id,
        customer_id=case.customer_id,
        employee_id=actor.id,
        site_id=case.site_id,
        team_id=case.team_id,
        kind=judged.offer.kind,
        nature=nature,
        amount_minor=judged.offer.amount.minor,
        currency=judged.offer.amount.currency,
        state=state,
        reason=reason.strip(),
        decision=judged.decision.json(),
        policy_version_id=judged.in_force.version.id,
        created_at=now,
        expires_at=_expires_at(now) if state == "reserved" else None,
        version=1,
    )
    db.session.add(remedy)
    db.session.flush()
    return remedy


def _hold(remedy: Remedy, judged: Judged, actor: Actor, now: datetime, *, granted: bool) -> None:
    _event(remedy, "offered", actor, now, remedy.reason)
    if not _is_held(remedy):
        return
    assert remedy.expires_at is not None
    budgets.reserve(
        remedy_id=remedy.id, amount=_money(remedy), windows=judged.decision.windows, rules=judged.rules,
        spending=judged.spending, expires_at=remedy.expires_at, actor=actor, now=now, granted=granted,
    )  # fmt: skip


def _is_held(remedy: Remedy) -> bool:
    """Goodwill money takes from purses; redress and what isn't money never do."""
    return remedy.amount_minor > 0 and remedy.nature == "goodwill"


def _moved(remedy_id: int, deed: str, permission: str, actor: Actor, now: datetime) -> Remedy:
    """Move a remedy once: the update names the state that it expects, so two at once give one outcome."""
    remedy = db.session.get(Remedy, remedy_id)
    if remedy is None:
        raise NotFound
    permissions.require(actor, permission, site_id=remedy.site_id)
    expected, state = MOVES[deed]
    if remedy.historic:
        raise RemedyEnded
    statement = update(Remedy).where(Remedy.id == remedy_id, Remedy.state == expected)
    if deed == "accept":
        statement = statement.where(Remedy.expires_at > now)
    done = db.session.execute(
        statement.values(state=state, ended_at=now, version=Remedy.version + 1).execution_options(
            synchronize_session=False
        )
    )
    if done.rowcount != 1:
        raise RemedyEnded
    db.session.refresh(remedy)
    return remedy


def _release(remedy: Remedy, why: str, actor: Actor, now: datetime) -> None:
    if _is_held(remedy):
        budgets.release(
            remedy_id=remedy.id, why=why, actor=actor, now=now, case_id=remedy.case_id, site_id=remedy.site_id
        )


def _event(remedy: Remedy, what: str, actor: Actor, now: datetime, text: str = "") -> None:
    data = {"remedy": remedy.ref, "what": what, "kind": remedy.kind, "amount": _money(remedy).json()}
    cases.add_event(case_id=remedy.case_id, kind="remedy", actor=actor, at=now, text=text.strip(), data=data)


def _money(remedy: Remedy) -> Money:
    return Money(remedy.amount_minor, remedy.currency)


def _expires_at(now: datetime) -> datetime:
    days: int = current_app.extensions["makegood_settings"].remedy_expires_days
    return now + timedelta(days=days)


def _record(entry: audit.EntryType, remedy: Remedy, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=remedy.ref, actor=actor, at=now, case_id=remedy.case_id, site_id=remedy.site_id, **said)
