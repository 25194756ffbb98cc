"""The past as values for a replay, read a week at a time. Nothing here writes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from heapq import merge
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import func, null, select
from sqlalchemy.orm import aliased

from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.budgets import queries as budgets
from app.budgets.models import Hold, LedgerTransfer
from app.budgets.rules import Spending, purse_key
from app.customers.models import Customer
from app.insights.simulation_rules import Result, Tally
from app.kernel.database import db
from app.kernel.money import Money
from app.people import queries as people
from app.policies import queries as policies
from app.policies.rate_rules import NO_RATES, Rate, Rates
from app.policies.replay_rules import Answer, Asked, End, Exceptional, Replay, Window
from app.policies.rules import Holder, Offer, Rule, is_valid
from app.remedies.models import RefusedOffer, Remedy

CHUNK = timedelta(days=7)
IDS_AT_ONCE = 500
Progress = Callable[[float], None]
_COLUMNS = (
    Remedy.id, Remedy.created_at, Remedy.case_id, Remedy.customer_id, Remedy.employee_id, Remedy.site_id,
    Remedy.team_id, Remedy.amount_minor, Remedy.decision, Remedy.policy_version_id, Remedy.exception_id, Customer.language,
    ExceptionRequest.asked_at, ExceptionDecision.at.label("decided_at"),
    ExceptionDecision.amount_minor.label("granted_minor"),
)  # fmt: skip
_ROWS: Any = (
    select(*_COLUMNS)
    .outerjoin(Customer, Customer.id == Remedy.customer_id)
    .outerjoin(ExceptionRequest, ExceptionRequest.id == Remedy.exception_id)
    .outerjoin(ExceptionDecision, ExceptionDecision.exception_id == ExceptionRequest.id)
)
_NOTHING = null()
# Attempts that the policy refused, in the same columns. Of a case's attempts only the last counts, and only if nothing was
# asked or given after it: otherwise the same wish would count twice.
_LATER = aliased(RefusedOffer)
_ATTEMPTS: Any = (
    select(
        RefusedOffer.id, RefusedOffer.at.label("created_at"), RefusedOffer.case_id, RefusedOffer.customer_id,
        RefusedOffer.employee_id, RefusedOffer.site_id, RefusedOffer.team_id, RefusedOffer.amount_minor,
        RefusedOffer.decision, RefusedOffer.policy_version_id, _NOTHING.label("exception_id"), Customer.language,
        _NOTHING.label("asked_at"), _NOTHING.label("decided_at"), _NOTHING.label("granted_minor"),
    )
    .outerjoin(Customer, Customer.id == RefusedOffer.customer_id)
    .where(
        ~select(Remedy.id).where(Remedy.case_id == RefusedOffer.case_id, Remedy.created_at >= RefusedOffer.at).exists(),
        ~select(_LATER.id).where(_LATER.case_id == RefusedOffer.case_id, _LATER.id > RefusedOffer.id).exists(),
    )
)  # fmt: skip
# Goodwill that was judged: what is owed takes from no window, and imported history was never judged.
JUDGED = (
    Remedy.nature == "goodwill",
    Remedy.historic.is_(False),
    Remedy.decision.is_not(None),
)


class PurseCounting:
    """Windows as enforcement names its purses, and the exchange rates that it would have taken on the day."""

    def __init__(self) -> None:
        self._rates: dict[tuple[frozenset[str], date], Rates] = {}
        self._days_max: int | None = current_app.extensions["makegood_settings"].fx_days_max

    def window(self, rule: Rule, asked: Asked, at: datetime) -> Window | None:
        key = purse_key(rule, spending_of(asked), at)
        return Window(key.key, key.days if key.is_rolling else None) if key is not None else None

    def rates(self, rules: Sequence[Rule], asked: Asked, at: datetime) -> Rates:
        own = asked.offer.amount.currency
        if all(rule.measure == "count" or rule.currency == own for rule in rules):
            return NO_RATES
        needed = frozenset({own, *(rule.currency for rule in rules if rule.measure == "amount")})
        day = at.astimezone(ZoneInfo(asked.time_zone)).date()
        if (needed, day) not in self._rates:
            found = budgets.rates_on(needed, day)
            by_currency = {code: Rate(*rate) for code, rate in found.items()}
            self._rates[needed, day] = Rates(day, by_currency, self._days_max)
        return self._rates[needed, day]


def spending_of(asked: Asked) -> Spending:
    return Spending(
        asked.case_id, asked.customer_id, asked.employee_id, asked.site_id, asked.team_id, asked.time_zone,
        asked.offer.cause,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the past: since inclusive, until exclusive, at these sites."""

    since: datetime
    until: datetime
    site_ids: tuple[int, ...]

    @property
    def _where(self) -> tuple[Any, ...]:
        return (Remedy.site_id.in_(self.site_ids), Remedy.created_at < self.until, *JUDGED)


def count(span: Span) -> int:
    """How many answers a simulation of this part would replay, without the days before that fill the windows."""
    where = (*span._where, Remedy.created_at >= span.since)
    judged = db.session.scalar(select(func.count()).select_from(Remedy).where(*where)) or 0
    refused = _attempts(span, span.since, span.until).subquery()
    return judged + (db.session.scalar(select(func.count()).select_from(refused)) or 0)


def _attempts(span: Span, since: datetime, until: datetime) -> Any:
    return _ATTEMPTS.where(RefusedOffer.site_id.in_(span.site_ids), RefusedOffer.at >= since, RefusedOffer.at < until)


def history(
    span: Span, warm_since: datetime, on_progress: Progress | None = None, *, with_attempts: bool = True
) -> Iterator[Asked]:
    """What was asked from warm_since on, in the order of time; before it only what belongs to the same cases.

    Reads a week at a time, so that a year fits in memory. with_attempts: also what the policy refused then.
    """
    zones = {site.id: site.time_zone for site in people.sites()}
    later = select(Remedy.case_id).where(*span._where, Remedy.created_at >= warm_since)
    yield from _read(_ROWS.where(*span._where, Remedy.created_at < warm_since, Remedy.case_id.in_(later)), zones)
    start, whole = warm_since, max(span.until - warm_since, timedelta(seconds=1))
    while start < span.until:
        end = min(start + CHUNK, span.until)
        asked = _read(_ROWS.where(*span._where, Remedy.created_at >= start, Remedy.created_at < end), zones)
        refused = _refused(_attempts(span, start, end), zones) if with_attempts else ()
        yield from merge(asked, refused, key=lambda one: one.at)
        start = end
        if on_progress:
            on_progress((start - warm_since) / whole)


def _read(statement: Any, zones: dict[int, str]) -> Iterator[Asked]:
    rows = db.session.execute(statement.order_by(Remedy.created_at, Remedy.id)).all()
    ends = _ends([row.id for row in rows])
    for row in rows:
        yield _asked(row, zones[row.site_id], ends.get(row.id, ()))


def _refused(statement: Any, zones: dict[int, str]) -> Iterator[Asked]:
    for row in db.session.execute(statement.order_by(RefusedOffer.at, RefusedOffer.id)).all():
        yield replace(_asked(row, zones[row.site_id], ()), is_attempt=True)


def _ends(remedy_ids: Sequence[int]) -> dict[int, tuple[End, ...]]:
    """What became of each hold, as the ledger tells it."""
    found: dict[int, tuple[End, ...]] = {}
    for start in range(0, len(remedy_ids), IDS_AT_ONCE):
        statement = (
            select(Hold.remedy_id, LedgerTransfer.kind, LedgerTransfer.at, LedgerTransfer.amount_minor)
            .join(LedgerTransfer, LedgerTransfer.hold_id == Hold.id)
            .where(Hold.remedy_id.in_(remedy_ids[start : start + IDS_AT_ONCE]), LedgerTransfer.kind != "reserve")
            .order_by(LedgerTransfer.id)
        )
        for remedy_id, kind, at, minor in db.session.execute(statement):
            found[remedy_id] = (*found.get(remedy_id, ()), End(at, minor if kind == "settle" else 0))
    return found


def _asked(row: Any, time_zone: str, ends: tuple[End, ...]) -> Asked:
    """Build the question from the receipt: severity, category and role as they were then, not as they are now."""
    offer, holder = _offer(row), _holder(row)
    exception = None
    if row.exception_id is not None:
        waited = int((row.decided_at - row.asked_at).total_seconds()) if row.decided_at else None
        granted = row.granted_minor
        if granted is not None and not offer.is_monetary:
            granted = 1
        exception = Exceptional(row.decided_at, granted, waited)
    return Asked(
        id=row.id,
        at=row.created_at,
        offer=offer,
        holder=holder,
        case_id=row.case_id,
        customer_id=row.customer_id,
        employee_id=row.employee_id,
        site_id=row.site_id,
        team_id=row.team_id,
        time_zone=time_zone,
        outcome=row.decision["outcome"],
        exception=exception,
        ends=ends,
        version_id=row.policy_version_id,
        language=row.language,
    )


def _offer(row: Any) -> Offer:
    """Receipts of an earlier release say less: what they leave out was not asked about then."""
    asked = row.decision["asked"]
    return Offer(
        amount=Money.of(Decimal(asked["amount"]["amount"]), asked["amount"]["currency"]),
        kind=asked["kind"],
        nature=asked["nature"],
        is_monetary=asked.get("is_monetary", row.amount_minor > 0),
        severity=asked["severity"],
        category_id=asked["category_id"],
        segment=asked.get("segment"),
        cause=asked.get("cause"),
        has_customer=row.customer_id is not None,
        has_team=row.team_id is not None,
        at=row.created_at,
    )


def _holder(row: Any) -> Holder:
    asked = row.decision["asked"]
    certificates = frozenset(asked.get("certificates", ()))
    return Holder(asked["role"], asked["site_id"], asked.get("team_id"), asked.get("level", 0), certificates)


def simulate(
    draft: Sequence[Rule],
    span: Span,
    *,
    against: Sequence[Rule] | None,
    on_progress: Progress | None = None,
) -> Result:
    """Replay a part of the past under a draft and compare it with other rules over the same questions.

    against: usually the current policy's rules; None compares with the version that was in force at each moment.
    """
    counting = PurseCounting()
    then = Replay(_rules_then(), counting)
    before = Replay(_rules_at_site(against), counting) if against is not None else None
    after = Replay(_rules_at_site(draft), counting)
    tally = Tally()
    warm_since = span.since - timedelta(days=lookback_days([*draft, *(against or ())]))
    for asked in history(span, warm_since, on_progress):
        was, now = then.ask(asked), after.ask(asked)
        compared = before.ask(asked) if before else was
        if asked.at >= span.since and _is_limited(asked, was, compared, now):
            tally.add(asked, before=compared, after=now, then=was)
    return tally.result()


def _is_limited(asked: Asked, *answers: Answer) -> bool:
    """What costs no money and counts in no window is free to give under every policy: it is left out of the figures."""
    return asked.offer.is_monetary or any(answer.decision.windows or answer.outcome != "allowed" for answer in answers)


def _rules_at_site(rules: Sequence[Rule]) -> Callable[[Asked], Sequence[Rule]]:
    """The rules that may hold at the site of a question; the judge looks at each, so fewer is faster."""
    found: dict[int, tuple[Rule, ...]] = {}

    def rules_for(asked: Asked) -> Sequence[Rule]:
        site_id = asked.site_id
        if site_id not in found:
            found[site_id] = tuple(rule for rule in rules if rule.site_id in (None, site_id))
        return found[site_id]

    return rules_for


def _rules_then() -> Callable[[Asked], Sequence[Rule]]:
    """The rules of the version under which each was asked."""
    found: dict[int | None, Callable[[Asked], Sequence[Rule]]] = {None: lambda _asked: ()}

    def rules_for(asked: Asked) -> Sequence[Rule]:
        version_id = asked.version_id
        if version_id not in found:
            assert version_id is not None
            found[version_id] = _rules_at_site(policies.rules_of(version_id))
        return found[version_id](asked)

    return rules_for


def standing(rules: Sequence[Rule], at: datetime) -> tuple[Rule, ...]:
    """The rules that hold at a moment, without their dates: next season's rules are tried on last season."""
    return tuple(replace(rule, valid_from=None, valid_to=None) for rule in rules if is_valid(rule, at))


def lookback_days(rules: Sequence[Rule]) -> int:
    """How long before a period its windows may have begun to fill: a calendar month, or the longest rolling window."""
    return max([32, *(rule.days for rule in rules if rule.days is not None)])
