"""Offer, accept, decline, take back and reverse remedies; ask for exceptions and decide them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from flask_babel import lazy_gettext as _l

from app.approvals import actions as approvals
from app.approvals.models import ExceptionRequest
from app.attachments import actions as attachments
from app.audit import actions as audit
from app.budgets import actions as budgets
from app.budgets import intent_actions as intents
from app.budgets.rules import window_name
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
from app.remedies import attempt_actions as attempts
from app.remedies import choice_actions as choices
from app.remedies import payout_actions as payouts
from app.remedies import precedent_actions as precedents
from app.remedies import receipt_actions as receipts
from app.remedies import redress_actions as redress
from app.remedies import writing
from app.remedies.models import NATURES, Remedy
from app.remedies.queries import Judged
from app.remedies.rules import OutsideRequest, RemedyEnded, fingerprint, named_window, over_of, refusal_of

REASON_CHARACTERS_MAX = 2_000
OFFERED = audit.declare(
    "remedy:offer", "kind", "nature", "amount", "reason", "decision", "policy_version", "receipt",
    sentence=_l("offered a remedy"),
)  # fmt: skip
REQUESTED = audit.declare(
    "remedy:request", "kind", "amount", "reason", "decision", "policy_version", "receipt",
    sentence=_l("asked to give a remedy"),
)  # fmt: skip
ACCEPTED = audit.declare("remedy:accept", "amount", sentence=_l("recorded that the customer accepted"))
DECLINED = audit.declare("remedy:decline", "amount", "reason", sentence=_l("recorded that the customer declined"))
WITHDRAWN = audit.declare("remedy:withdraw", "amount", "reason", sentence=_l("took an offer back"))
RELEASED = audit.declare(
    "remedy:release", "amount", "reason", sentence=_l("released an offer that isn't needed any more")
)
EXPIRED = audit.declare("remedy:expire", "amount", sentence=_l("let an offer expire"))
REVERSED = audit.declare("remedy:reverse", "amount", "reason", sentence=_l("reversed a settled remedy"))
APPROVED = audit.declare(
    "remedy:approve", "amount", "exception", "receipt", sentence=_l("reserved a remedy by an exception")
)
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
    entitlement: str | None = None,
) -> Remedy:
    """Reserve a remedy inside the actor's own authority, with no approver.

    The same intent key never pays twice: with the same content it returns the first answer, also a refusal; with other
    content it raises IntentReused. Raises NeedsApproval, Refused or PurseExhausted with the whole decision.
    entitlement: the code of the rule by which redress is owed; then anybody who gives may give what it computes.
    """

    if nature == "redress" and entitlement is None and not reason.strip():
        raise BadInput({"reason": [str(_l("Name the law or the contract that it is owed by."))]})

    def deed(case: Case) -> Remedy:
        return _give(case, kind, nature, amount, reason, actor, now, entitlement)

    return _intended("offer", case_id, kind, nature, amount, reason, intent, actor, now, deed, entitlement=entitlement)


def ask_exception(
    *,
    case_id: int,
    kind: str,
    amount: Money,
    reason: str,
    intent: str,
    actor: Actor,
    now: datetime,
    part: Money | None = None,
    files: Sequence[attachments.Prepared] = (),
) -> ExceptionRequest:
    """Ask for a remedy above the actor's own authority. Nothing of it is reserved until somebody else approves it.

    part: what is given at once, inside the actor's own authority; the exception is then about the rest.
    files: what its deciders are to see; kept with the request, or neither is.
    """
    if not reason.strip():
        raise BadInput({"reason": [str(_l("Say why, so that it can be decided."))]})
    if part is not None and not 0 < part.minor < amount.minor:
        raise BadInput({"part": [str(_l("Give less than the whole now."))]})

    def deed(case: Case) -> Remedy:
        permissions.require(actor, "exceptions.ask", site_id=case.site_id)
        whole = writing.judge(case, kind, "goodwill", amount, actor, now)
        if whole.decision.outcome == "refused":
            raise refusal_of(whole.decision, whole.receipt())
        if whole.decision.outcome == "allowed":
            raise BadInput({"amount": [str(_l("You may give this yourself; no exception is needed."))]})
        if part is not None:
            _give(case, kind, "goodwill", part, reason, actor, now)
        asked = _ask(case, kind, amount - part if part else amount, reason, actor, now)
        attachments.add(subject_kind="exception", subject_id=asked.exception_id, files=files, actor=actor, now=now)  # type: ignore[arg-type]
        return asked

    remedy = _intended("exception", case_id, kind, "goodwill", amount, reason, intent, actor, now, deed, part=part)
    request = db.session.get(ExceptionRequest, remedy.exception_id)
    assert request is not None
    return request


def _give(
    case: Case,
    kind: str,
    nature: str,
    amount: Money,
    reason: str,
    actor: Actor,
    now: datetime,
    entitlement: str | None = None,
) -> Remedy:
    if entitlement is not None and nature != "redress":
        raise BadInput({"nature": [str(_l("An entitlement is given as redress."))]})
    line, left = redress.left_of(case, entitlement, kind, now) if entitlement else (None, None)
    judged = writing.judge(case, kind, nature, amount, actor, now, owed=left)
    if judged.decision.outcome != "allowed":
        raise refusal_of(judged.decision, judged.receipt())
    precedents.ask_reason(offer=judged.offer, reason=reason)
    reason = reason.strip() or (line.rule.source if line else "")
    remedy = writing.insert(case, judged, nature, "reserved", reason, actor, now)
    if line:
        redress.keep(remedy, line)
    writing.record(
        OFFERED, remedy, actor, now, kind=kind, nature=nature, amount=amount.json(), reason=reason.strip(),
        decision=judged.decision.json(), policy_version=judged.in_force.version.number,
        receipt=receipts.keep(remedy=remedy, judged=judged, occasion="offer", now=now),
    )  # fmt: skip
    writing.hold(remedy, judged, actor, now)
    return remedy


def _ask(case: Case, kind: str, amount: Money, reason: str, actor: Actor, now: datetime) -> Remedy:
    judged = writing.judge(case, kind, "goodwill", amount, actor, now)
    remedy = writing.insert(case, judged, "goodwill", "requested", reason, actor, now)
    terms = fingerprint(case=case.id, kind=kind, amount=amount.json(), remedy=remedy.id)
    request = approvals.ask(
        case_id=case.id, remedy_id=remedy.id, kind=kind, amount=amount, reason=reason.strip(), terms_hash=terms,
        over=over_of(judged.decision.windows), policy_version_id=judged.in_force.version.id, site_id=case.site_id,
        team_id=case.team_id, actor=actor, now=now,
    )  # fmt: skip
    remedy.exception_id = request.id
    db.session.flush()
    writing.record(
        REQUESTED, remedy, actor, now, kind=kind, amount=amount.json(), reason=reason.strip(),
        decision=judged.decision.json(), policy_version=judged.in_force.version.number,
        receipt=receipts.keep(remedy=remedy, judged=judged, occasion="request", now=now),
    )  # fmt: skip
    return remedy


def decide_exception(
    *,
    exception_id: int,
    outcome: Literal["approved", "declined"],
    amount: Money | None = None,
    reason: str,
    actor: Actor,
    now: datetime,
    terms_hash: str | None = None,
) -> ExceptionRequest:
    """Decide an exception; approved money is reserved in the same transaction, above exactly the windows it exceeds.

    Where its route needs more people, the request goes on waiting and nothing is reserved yet.
    """
    with transaction():
        request = approvals.decide(
            exception_id=exception_id, outcome=outcome, amount=amount, reason=reason, actor=actor, now=now,
            terms_hash=terms_hash,
        )  # fmt: skip
        if request.state == "waiting":
            return request
        remedy = db.session.get(Remedy, request.remedy_id) if request.remedy_id else None
        assert remedy is not None, "an exception about money has its remedy"
        if remedy.state != "requested":
            raise RemedyEnded
        if outcome == "declined":
            _drop(remedy, "declined", request.id, actor, now)
            return request
        granted = approvals.granted(request)
        asker = people.person(request.requested_by_id)
        case = db.session.get(Case, remedy.case_id)
        assert asker is not None
        assert case is not None
        # A request in flight keeps the policy under which it was asked.
        judged = writing.judge(case, remedy.kind, remedy.nature, granted, asker.actor, now, request.policy_version_id)
        if judged.decision.outcome == "refused":
            raise refusal_of(judged.decision)
        remedy.amount_minor, remedy.state, remedy.version = granted.minor, "reserved", remedy.version + 1
        remedy.expires_at = writing.expires_at(now)
        db.session.flush()
        kept = receipts.keep(remedy=remedy, judged=judged, occasion="approval", now=now)
        said = {"amount": granted.json(), "exception": ref("exception", request.id), "receipt": kept}
        writing.record(APPROVED, remedy, actor, now, **said)
        writing.hold(remedy, judged, actor, now, granted=_scope_of(request, judged))
        return request


def _scope_of(request: ExceptionRequest, judged: Judged) -> frozenset[str]:
    """The windows that an approval may exceed: exactly those that the request named."""
    named = {named_window(window) for window in request.over}
    exceeded = [window for window in judged.decision.exceeded if not window.hard]
    for window in exceeded:
        if named_window(window.json()) not in named:
            raise OutsideRequest(window=window.json())
    return frozenset(window_name(writing.claim_of(window)) for window in exceeded)


def accept(*, remedy_id: int, actor: Actor, now: datetime, amount: Money | None = None) -> Remedy:
    """The customer accepted: settle what was reserved (or less; the rest is released)."""
    with transaction():
        remedy = writing.moved(remedy_id, "accept", "remedies.settle", actor, now)
        is_held = writing.is_held(remedy)
        if amount is not None and (amount.currency != remedy.currency or not 0 < amount.minor <= remedy.amount_minor):
            raise BadInput({"amount": [str(_l("Not more than was offered can be accepted."))]})
        if amount is not None:
            remedy.amount_minor = amount.minor
            db.session.flush()
        if remedy.amount_minor and remedy.nature == "goodwill":
            cases.note_given(case_id=remedy.case_id, delta_minor=remedy.amount_minor)
        writing.event(remedy, "accepted", actor, now)
        writing.record(ACCEPTED, remedy, actor, now, amount=writing.money(remedy).json())
        if is_held:
            settled = writing.money(remedy) if remedy.amount_minor else None  # what isn't money is held as one piece
            budgets.settle(
                remedy_id=remedy.id, amount=settled, actor=actor, now=now, case_id=remedy.case_id,
                site_id=remedy.site_id,
            )  # fmt: skip
        payouts.start(remedy=remedy, actor=actor, now=now)
        precedents.note(remedy=remedy, answer="accepted", now=now)
        choices.release_others(remedy=remedy, actor=actor, now=now)
        return remedy


def decline(*, remedy_id: int, reason: str = "", actor: Actor, now: datetime) -> Remedy:
    """The customer declined: what was reserved is released."""
    with transaction():
        remedy = writing.moved(remedy_id, "decline", "remedies.settle", actor, now)
        _release(remedy, "declined", actor, now)
        writing.event(remedy, "declined", actor, now, reason)
        writing.record(DECLINED, remedy, actor, now, amount=writing.money(remedy).json(), reason=reason.strip())
        precedents.note(remedy=remedy, answer="declined", now=now)
        return remedy


def withdraw(*, remedy_id: int, reason: str = "", actor: Actor, now: datetime) -> Remedy:
    """Take an offer back before the customer answered."""
    with transaction():
        remedy = writing.moved(remedy_id, "withdraw", "remedies.give", actor, now)
        _release(remedy, "withdrawn", actor, now)
        writing.event(remedy, "withdrawn", actor, now, reason)
        writing.record(WITHDRAWN, remedy, actor, now, amount=writing.money(remedy).json(), reason=reason.strip())
        return remedy


def release(*, remedy_id: int, reason: str = "", actor: Actor, now: datetime) -> Remedy:
    """Give back what was reserved, e.g. since it was made good otherwise; nobody declined or offered it by mistake."""
    with transaction():
        remedy = writing.moved(remedy_id, "release", "remedies.settle", actor, now)
        _release(remedy, "released", actor, now)
        writing.event(remedy, "released", actor, now, reason)
        writing.record(RELEASED, remedy, actor, now, amount=writing.money(remedy).json(), reason=reason.strip())
        return remedy


def expire(*, remedy_id: int, actor: Actor, now: datetime) -> bool:
    """Release an offer that nobody answered in time; False when somebody was faster."""
    with transaction():
        try:
            remedy = writing.moved(remedy_id, "expire", "remedies.settle", actor, now)
        except RemedyEnded:
            return False
        _release(remedy, "expired", actor, now)
        writing.event(remedy, "expired", actor, now)
        writing.record(EXPIRED, remedy, actor, now, amount=writing.money(remedy).json())
        precedents.note(remedy=remedy, answer="none", now=now)
        return True


def reverse(*, remedy_id: int, reason: str, actor: Actor, now: datetime) -> Remedy:
    """Take back a settled remedy by new, linked ledger entries; the old ones stay."""
    if not reason.strip():
        raise BadInput({"reason": [str(_l("Say why it is reversed."))]})
    with transaction():
        remedy = writing.moved(remedy_id, "reverse", "remedies.reverse", actor, now)
        if writing.is_held(remedy):
            budgets.reverse(
                remedy_id=remedy.id, why=reason.strip(), actor=actor, now=now, case_id=remedy.case_id,
                site_id=remedy.site_id,
            )  # fmt: skip
        if remedy.amount_minor and remedy.nature == "goodwill":
            cases.note_given(case_id=remedy.case_id, delta_minor=-remedy.amount_minor)
        writing.event(remedy, "reversed", actor, now, reason)
        writing.record(REVERSED, remedy, actor, now, amount=writing.money(remedy).json(), reason=reason.strip())
        payouts.cancel(remedy_id=remedy.id, why=reason.strip(), actor=actor, now=now)
        precedents.note(remedy=remedy, answer="reversed", now=now)
        return remedy


def end_with_exception(*, exception_id: int, remedy_id: int | None, state: str, actor: Actor, now: datetime) -> None:
    """A request was taken back or has expired: its remedy ends with it. Registered as a hook of approvals."""
    remedy = db.session.get(Remedy, remedy_id) if remedy_id else None
    if remedy is not None and remedy.state == "requested":
        _drop(remedy, "expired" if state == "expired" else "withdrawn", exception_id, actor, now)


def _drop(remedy: Remedy, state: str, exception_id: int, actor: Actor, now: datetime) -> None:
    remedy.state, remedy.ended_at, remedy.version = state, now, remedy.version + 1
    db.session.flush()
    writing.record(NOT_APPROVED, remedy, actor, now, exception=ref("exception", exception_id), state=state)


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
    deed: Callable[[Case], Remedy],
    *,
    part: Money | None = None,
    entitlement: str | None = None,
) -> Remedy:
    """Do a deed about a case once per intent key, and keep its answer, a refusal too."""
    if nature not in NATURES:
        raise BadInput({"nature": [str(_l("Choose goodwill or redress."))]})
    if len(reason) > REASON_CHARACTERS_MAX:
        raise BadInput({"reason": [str(_l("Keep it under %(count)d characters.", count=REASON_CHARACTERS_MAX))]})
    owed_by = {"entitlement": entitlement} if entitlement else {}
    print_of = fingerprint(
        **owed_by, deed=deed_name, case=case_id, kind=kind, nature=nature, amount=amount.json(), reason=reason.strip(),
        part=part.json() if part else None,
    )  # fmt: skip

    def checked() -> int:
        case = db.session.get(Case, case_id)
        if case is None:
            raise NotFound
        permissions.require(actor, "remedies.give", site_id=case.site_id)
        return deed(case).id

    def refused(refusal: Refusal) -> None:
        attempts.note(
            case_id=case_id,
            kind=kind,
            nature=nature,
            amount=amount,
            refusal=refusal,
            intent=intent,
            actor=actor,
            now=now,
        )

    remedy_id = intents.once(
        name=deed_name, key=intent, fingerprint=print_of, actor=actor, now=now, deed=checked, on_refusal=refused
    )
    remedy = db.session.get(Remedy, remedy_id)
    assert remedy is not None, "a kept answer names its remedy"
    return remedy


def _release(remedy: Remedy, why: str, actor: Actor, now: datetime) -> None:
    if writing.is_held(remedy):
        budgets.release(
            remedy_id=remedy.id, why=why, actor=actor, now=now, case_id=remedy.case_id, site_id=remedy.site_id
        )
