"""Reads over remedies, and "Can I?"."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, true

from app.budgets import queries as budgets
from app.budgets.rules import Spending
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.references import ref
from app.people import permissions
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.policies import queries as policies
from app.policies.queries import InForce, KindRow
from app.policies.rules import Decision, Holder, Offer, Rule, applicable, judge
from app.remedies.models import Remedy
from app.remedies.rules import no_policy, unknown_kind, wrong_currency


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """A remedy as lists show it."""

    id: int
    case_id: int
    kind: str
    nature: str
    amount_minor: int
    currency: str
    state: str
    reason: str
    created_at: datetime
    expires_at: datetime | None
    exception_id: int | None
    employee_id: int | None
    employee: str | None
    historic: bool
    version: int

    @property
    def ref(self) -> str:
        return ref("remedy", self.id)

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer with everything that enforcement needs to act on it."""

    decision: Decision
    offer: Offer
    holder: Holder
    in_force: InForce
    rules: tuple[Rule, ...]
    spending: Spending

    def receipt(self) -> dict[str, Any]:
        """The answer with all that it depended on, so that it can be judged again at any time."""
        offer = self.offer
        asked = {
            "kind": offer.kind,
            "nature": offer.nature,
            "amount": offer.amount.json(),
            "severity": offer.severity,
            "category_id": offer.category_id,
            "role": self.holder.role,
            "site_id": self.holder.site_id,
        }
        return {**self.decision.json(), "asked": asked}


_ROWS: Any = select(
    Remedy.id, Remedy.case_id, Remedy.kind, Remedy.nature, Remedy.amount_minor, Remedy.currency, Remedy.state,
    Remedy.reason, Remedy.created_at, Remedy.expires_at, Remedy.exception_id, Remedy.employee_id, Employee.name,
    Remedy.historic, Remedy.version,
).outerjoin(Employee, Employee.id == Remedy.employee_id)  # fmt: skip


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Remedies are seen with their case's site."""
    if scope.kind == "company":
        return true()
    return Remedy.site_id == scope.site_id if scope.site_id else false()


def judged(
    *,
    case: Case,
    kind: str,
    nature: str,
    amount: Money,
    actor: Actor,
    now: datetime,
    currency: str,
    time_zone: str,
    version_id: int | None = None,
    known_kind: KindRow | None = None,
) -> Judged:
    """Ask the judge with what is in force and used now; at most four queries. The same for the panel and for the deed.

    known_kind: the kind's row where the caller has just read it. version_id: judge by this version instead, as a
    request in flight keeps the one under which it was asked.
    """
    in_force = policies.version_in_force(now) if version_id is None else policies.published(version_id)
    if in_force is None:
        raise no_policy()
    found = known_kind or policies.kind(kind)
    if found is None or not found.active:
        raise unknown_kind()
    if amount.currency != currency:
        raise wrong_currency(currency)
    offer = Offer(amount, kind, nature, found.monetary, case.severity, case.category_id)
    spending = Spending(case.id, case.customer_id, actor.id, case.site_id, case.team_id, time_zone)
    holder = Holder(actor.role, case.site_id)
    rules = _with_subject(tuple(rule for rule in in_force.rules if rule.currency == currency), spending)
    used = budgets.usage(applicable(offer, holder, rules), spending, now)
    return Judged(judge(offer, holder, rules, used), offer, holder, in_force, rules, spending)


def _with_subject(rules: tuple[Rule, ...], spending: Spending) -> tuple[Rule, ...]:
    """A window needs its subject: without a customer or a team there is nothing that it could count."""
    return tuple(
        rule
        for rule in rules
        if not (rule.unit == "customer_days" and spending.customer_id is None)
        and not (rule.unit == "team_month" and spending.team_id is None)
    )


def can_i(*, case_id: int, kind: str, amount: Money, actor: Actor, now: datetime, nature: str = "goodwill") -> Judged:
    """Answer "Can I?" for a case: nothing is written. At most five queries."""
    row = db.session.execute(
        select(Case, Site.currency, Site.time_zone).join(Site, Site.id == Case.site_id).where(Case.id == case_id)
    ).first()
    if row is None:
        raise NotFound
    case, currency, time_zone = row
    permissions.require(actor, "decisions.ask", site_id=case.site_id)
    return judged(
        case=case, kind=kind, nature=nature, amount=amount, actor=actor, now=now, currency=currency, time_zone=time_zone
    )


def remedies_of_case(case_id: int) -> tuple[RemedyRow, ...]:
    """A case's remedies, newest first; the caller has checked the case's scope."""
    rows = db.session.execute(_ROWS.where(Remedy.case_id == case_id).order_by(Remedy.id.desc()).limit(100))
    return tuple(RemedyRow(*row) for row in rows)


def remedies_of_customer(customer_id: int, scope: Scope, limit: int = 50) -> tuple[RemedyRow, ...]:
    """What a customer was given and offered, newest first."""
    statement = _ROWS.where(Remedy.customer_id == customer_id, visible_to(scope))
    return tuple(RemedyRow(*row) for row in db.session.execute(statement.order_by(Remedy.id.desc()).limit(limit)))


def find(reference_id: int, scope: Scope) -> RemedyRow | None:
    row = db.session.execute(_ROWS.where(Remedy.id == reference_id, visible_to(scope))).first()
    return RemedyRow(*row) if row else None


def due_to_expire(now: datetime, limit: int) -> list[int]:
    """Reserved remedies past their expiry, oldest first."""
    return list(
        db.session.scalars(
            select(Remedy.id)
            .where(Remedy.state == "reserved", Remedy.expires_at <= now)
            .order_by(Remedy.expires_at, Remedy.id)
            .limit(limit)
        )
    )


def given_total(customer_id: int, scope: Scope) -> dict[str, int]:
    """Settled minor units by currency that a customer was given."""
    statement = (
        select(Remedy.currency, func.sum(Remedy.amount_minor))
        .where(Remedy.customer_id == customer_id, Remedy.state == "settled", visible_to(scope))
        .group_by(Remedy.currency)
    )
    return {currency: int(total) for currency, total in db.session.execute(statement)}
