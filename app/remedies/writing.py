"""How a remedy is judged and written down: its row, its hold, its line on the timeline, its audit entry."""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from app.audit import actions as audit
from app.budgets import actions as budgets
from app.budgets import queries as purses
from app.budgets.rules import Claim
from app.cases import actions as cases
from app.cases.models import Case
from app.customers import merge_turns as turns
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.money import NO_CURRENCY, Money
from app.people import permissions
from app.policies.rules import WindowAnswer
from app.remedies import queries
from app.remedies.choice_models import RemedyOption
from app.remedies.models import Remedy
from app.remedies.queries import Judged
from app.remedies.rules import MOVES, RemedyEnded


def judge(
    case: Case,
    kind: str,
    nature: str,
    amount: Money,
    actor: Actor,
    now: datetime,
    version_id: int | None = None,
    owed: Money | None = None,
) -> Judged:
    """Judge inside the deed: no merge of customers comes between the answer and what is taken by it."""
    if case.customer_id is not None:
        turns.keep_numbers()
    place = queries.place(case, actor, now)
    turns.one_spend_at_a_time(place.numbers)
    return queries.judged(
        case=case, kind=kind, nature=nature, amount=amount, actor=actor, now=now, place=place, version_id=version_id,
        owed=owed,
    )  # fmt: skip


def insert(case: Case, judged: Judged, nature: str, state: str, reason: str, actor: Actor, now: datetime) -> Remedy:
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
        decision=judged.receipt(),
        policy_version_id=judged.in_force.version.id,
        created_at=now,
        expires_at=expires_at(now) if state == "reserved" else None,
        version=1,
    )
    db.session.add(remedy)
    db.session.flush()
    return remedy


def moved(remedy_id: int, deed: str, permission: str, actor: Actor, now: datetime) -> Remedy:
    """Move a remedy once: the update names the state that it expects, so two at once give one outcome."""
    remedy = db.session.get(Remedy, remedy_id)
    if remedy is None:
        raise NotFound
    permissions.require(actor, permission, site_id=remedy.site_id)
    expected, state = MOVES[deed]
    if remedy.historic:
        raise RemedyEnded
    if deed == "accept":
        _lock_options(remedy_id)
    statement = update(Remedy).where(Remedy.id == remedy_id, Remedy.state == expected)
    if deed == "accept":
        statement = statement.where(Remedy.expires_at > now)
    if deed == "expire":
        statement = statement.where(Remedy.expires_at <= now)
    done = db.session.execute(
        statement.values(state=state, ended_at=now, version=Remedy.version + 1).execution_options(
            synchronize_session=False
        )
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise RemedyEnded
    db.session.refresh(remedy)
    return remedy


def _lock_options(remedy_id: int) -> None:
    """Of several offers to choose from, two taken at once wait for each other here, in one order."""
    mine = select(RemedyOption.choice_id).where(RemedyOption.remedy_id == remedy_id).scalar_subquery()
    options = select(RemedyOption.remedy_id).where(RemedyOption.choice_id == mine)
    db.session.execute(select(Remedy.id).where(Remedy.id.in_(options)).order_by(Remedy.id).with_for_update())


def hold(
    remedy: Remedy,
    judged: Judged,
    actor: Actor,
    now: datetime,
    *,
    granted: frozenset[str] = frozenset(),
) -> None:
    """Say on the timeline that it is offered, and hold it in every window; what isn't money is held as one piece."""
    event(remedy, "offered", actor, now, remedy.reason)
    claims = [claim_of(window) for window in judged.decision.windows]
    if remedy.nature != "goodwill" or not (remedy.amount_minor or claims):
        return
    assert remedy.expires_at is not None
    budgets.reserve(
        remedy_id=remedy.id, amount=money(remedy) if remedy.amount_minor else Money(1, NO_CURRENCY), claims=claims,
        spending=judged.spending, expires_at=remedy.expires_at, actor=actor, now=now, granted=granted,
    )  # fmt: skip


def claim_of(window: WindowAnswer) -> Claim:
    """What enforcement takes from a window: the rule's own limit, without what exceptions have added."""
    return Claim(
        unit=window.unit,
        days=window.days,
        currency=window.currency,
        limit_minor=window.limit_minor - window.approved_minor,
        hard=window.hard,
        said=window.json(),
        asked_minor=window.requested_minor,
        counted_kind=window.kind,
        pool=window.pool,
    )


def is_held(remedy: Remedy) -> bool:
    """Goodwill takes from purses: money always, anything else where a window counts it. Redress never does."""
    return remedy.nature == "goodwill" and (remedy.amount_minor > 0 or purses.has_hold(remedy.id))


def event(remedy: Remedy, what: str, actor: Actor, now: datetime, text: str = "") -> None:
    data = {"remedy": remedy.ref, "what": what, "kind": remedy.kind, "amount": money(remedy).json()}
    if actor.kind == "customer":
        data["by"] = "customer"
    cases.add_event(case_id=remedy.case_id, kind="remedy", actor=actor, at=now, text=text.strip(), data=data)


def money(remedy: Remedy) -> Money:
    return Money(remedy.amount_minor, remedy.currency)


def expires_at(now: datetime) -> datetime:
    days: int = current_app.extensions["makegood_settings"].remedy_expires_days
    return now + timedelta(days=days)


def record(entry: audit.EntryType, remedy: Remedy, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=remedy.ref, actor=actor, at=now, case_id=remedy.case_id, site_id=remedy.site_id, **said)
