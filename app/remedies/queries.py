"""Reads over remedies, and "Can I?"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, select

from app.budgets import queries as budgets
from app.budgets.rules import Spending
from app.cases.models import Case
from app.customers.merge_queries import group_columns, members_in
from app.customers.segment_queries import segment_column
from app.kernel.actor import Actor
from app.kernel.database import UTCDateTime, db
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.references import ref
from app.people import certificate_queries as certificates
from app.people import permissions
from app.people.certificate_queries import Standing
from app.people.models import Employee, Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from app.policies import queries as policies
from app.policies.models import RemedyKind
from app.policies.queries import InForce, KindRow
from app.policies.rate_rules import NO_RATES, Rate, Rates
from app.policies.rules import Decision, Holder, Offer, Rule, judge, windows_of
from app.remedies import redress_queries as redress
from app.remedies.models import Remedy
from app.remedies.payout_models import Payout
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
    payout_id: int | None
    payout_state: str | None
    kind_name: str | None

    @property
    def ref(self) -> str:
        return ref("remedy", self.id)

    @property
    def payout_ref(self) -> str | None:
        return ref("payout", self.payout_id) if self.payout_id else None

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is given and by whom: what the judge depends on beside the case and the policy."""

    currency: str
    time_zone: str
    standing: Standing
    segment: str | None
    numbers: tuple[int, ...] = ()  # all that the customer is known by


@cache
def place_columns() -> tuple[Any, ...]:
    """The columns of a Place, for a query that reads Case and Site too and is given `place_params`.

    Put together once: building them costs several times what the database takes to answer.
    """
    giver: Any = bindparam("place_giver", type_=BigInteger)
    at: Any = bindparam("place_at", type_=UTCDateTime)
    return (
        Site.currency,
        Site.time_zone,
        certificates.level_column(giver, at),
        certificates.codes_column(giver, at),
        segment_column(Case.customer_id),
        *group_columns(Case.customer_id),
    )


def place_params(actor: Actor, now: datetime) -> dict[str, Any]:
    return {"place_giver": actor.id, "place_at": now}


def place_of(
    currency: str, time_zone: str, level: int | None, codes: str | None, segment: str | None, root_id: int | None,
    others: str | None,
) -> Place:  # fmt: skip
    return Place(currency, time_zone, Standing.of(level, codes), segment, members_in(root_id, others))


def place(case: Case, actor: Actor, now: datetime) -> Place:
    """The place of a case that is known already, in one query."""
    return place_of(*db.session.execute(_place(), {**place_params(actor, now), "place_case": case.id}).one())


@cache
def _place() -> Select[Any]:
    return (
        select(*place_columns())
        .select_from(Case)
        .join(Site, Site.id == Case.site_id)
        .where(Case.id == bindparam("place_case", type_=BigInteger))
    )


@cache
def _case_and_place() -> Select[Any]:
    return (
        select(Case, *place_columns())
        .join(Site, Site.id == Case.site_id)
        .where(Case.id == bindparam("place_case", type_=BigInteger))
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer with everything that enforcement needs to act on it."""

    decision: Decision
    offer: Offer
    holder: Holder
    in_force: InForce
    rules: tuple[Rule, ...]
    spending: Spending
    rates: Rates

    def receipt(self) -> dict[str, Any]:
        """The answer with all that it depended on, so that it can be judged again at any time."""
        offer, holder = self.offer, self.holder
        asked = {
            "kind": offer.kind,
            "nature": offer.nature,
            "amount": offer.amount.json(),
            "is_monetary": offer.is_monetary,
            "severity": offer.severity,
            "category_id": offer.category_id,
            "segment": offer.segment,
            "cause": offer.cause,
            "has_customer": offer.has_customer,
            "has_team": offer.has_team,
            "at": offer.at.isoformat() if offer.at else None,
            "owed_minor": offer.owed_minor,
            "role": holder.role,
            "site_id": holder.site_id,
            "team_id": holder.team_id,
            "level": holder.level,
            "certificates": sorted(holder.certificates),
            "rates": {
                currency: {"millionths": rate.millionths, "on": rate.on.isoformat()}
                for currency, rate in sorted(self.rates.by_currency.items())
            },
        }
        return {**self.decision.json(), "asked": asked}


_ROWS: Any = select(
    Remedy.id, Remedy.case_id, Remedy.kind, Remedy.nature, Remedy.amount_minor, Remedy.currency, Remedy.state,
    Remedy.reason, Remedy.created_at, Remedy.expires_at, Remedy.exception_id, Remedy.employee_id, Employee.name,
    Remedy.historic, Remedy.version, Payout.id, Payout.state, RemedyKind.name,
).outerjoin(Employee, Employee.id == Remedy.employee_id).outerjoin(Payout, Payout.remedy_id == Remedy.id).outerjoin(
    RemedyKind, RemedyKind.code == Remedy.kind
)  # fmt: skip


def visible_to(scope: Scope) -> ColumnElement[bool]:
    """Remedies are seen with their case's site."""
    return at_sites(Remedy.site_id, scope)


def judged(
    *,
    case: Case,
    kind: str,
    nature: str,
    amount: Money,
    actor: Actor,
    now: datetime,
    place: Place,
    version_id: int | None = None,
    known_kind: KindRow | None = None,
    owed: Money | None = None,
) -> Judged:
    """Ask the judge with what is in force and used now; at most four queries. The same for the panel and for the deed.

    known_kind: the kind's row where the caller has just read it. version_id: judge by this version instead, as a
    request in flight keeps the one under which it was asked. owed: what an entitlement still owes, for redress by it.
    """
    in_force = policies.version_in_force(now) if version_id is None else policies.published(version_id)
    if in_force is None:
        raise no_policy()
    found = known_kind or policies.kind(kind)
    if found is None or not found.active:
        raise unknown_kind()
    if amount.currency != place.currency:
        raise wrong_currency(place.currency)
    cause = str(case.category_id)
    offer = Offer(
        amount, kind, nature, found.monetary, case.severity, case.category_id, segment=place.segment, cause=cause,
        has_customer=case.customer_id is not None, has_team=case.team_id is not None, at=now,
        owed_minor=owed.minor if owed else None,
    )  # fmt: skip
    holder = Holder(actor.role, case.site_id, actor.team_id, place.standing.level, place.standing.certificates)
    spending = Spending(
        case.id, case.customer_id, actor.id, case.site_id, case.team_id, place.time_zone, cause, place.numbers
    )  # fmt: skip
    windows = windows_of(offer, holder, in_force.rules)
    rates = _rates({rule.currency for rule in windows if rule.measure == "amount"}, place, now)
    used = budgets.usage(windows, spending, now)
    decision = judge(offer, holder, in_force.rules, used, rates)
    return Judged(decision, offer, holder, in_force, in_force.rules, spending, rates)


def _rates(currencies: set[str], place: Place, now: datetime) -> Rates:
    """The rates of the site's day, where a limit stands in another currency than the site's."""
    if currencies <= {place.currency}:
        return NO_RATES
    day = now.astimezone(ZoneInfo(place.time_zone)).date()
    found = budgets.rates_on({place.currency, *currencies}, day)
    days_max: int | None = current_app.extensions["makegood_settings"].fx_days_max
    return Rates(day, {code: Rate(*rate) for code, rate in found.items()}, days_max)


def can_i(
    *,
    case_id: int,
    kind: str,
    amount: Money,
    actor: Actor,
    now: datetime,
    nature: str = "goodwill",
    entitlement: str | None = None,
) -> Judged:
    """Answer "Can I?" for a case: nothing is written. At most five queries.

    entitlement: the code of the rule by which redress is owed; one that owes nothing here owes 0.
    """
    row = db.session.execute(_case_and_place(), {**place_params(actor, now), "place_case": case_id}).first()
    if row is None:
        raise NotFound
    case = row[0]
    permissions.require(actor, "decisions.ask", site_id=case.site_id)
    owed = None
    if entitlement is not None:
        lines = {line.rule.code: line.left for line in redress.owed_in_case(case, now) if line.rule.kind == kind}
        owed = lines.get(entitlement, Money(0, row[1]))
    return judged(
        case=case, kind=kind, nature=nature, amount=amount, actor=actor, now=now, place=place_of(*row[1:]), owed=owed
    )


def remedies_of_case(case_id: int) -> tuple[RemedyRow, ...]:
    """A case's remedies, newest first; the caller has checked the case's scope."""
    rows = db.session.execute(_ROWS.where(Remedy.case_id == case_id).order_by(Remedy.id.desc()).limit(100))
    return tuple(RemedyRow(*row) for row in rows)


def remedies_of_customer(customer_ids: Sequence[int], scope: Scope, limit: int = 50) -> tuple[RemedyRow, ...]:
    """What a customer was given and offered under all of her numbers, newest first."""
    statement = _ROWS.where(Remedy.customer_id.in_(customer_ids), visible_to(scope))
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


def given_total(customer_ids: Sequence[int], scope: Scope) -> dict[str, int]:
    """Settled minor units by currency that a customer was given."""
    statement = (
        select(Remedy.currency, func.sum(Remedy.amount_minor))
        .where(Remedy.customer_id.in_(customer_ids), Remedy.state == "settled", visible_to(scope))
        .group_by(Remedy.currency)
    )
    return {currency: int(total) for currency, total in db.session.execute(statement)}
