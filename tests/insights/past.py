"""A small past for the simulator, the shadow and the proposals, made through the same actions as a person's."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.approvals.models import ExceptionRequest
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.policies import actions as policies
from app.policies import queries as policy_queries
from app.policies.document_rules import rule_values
from app.policies.rules import Rule
from app.remedies import actions as remedies
from app.remedies.models import Remedy
from app.remedies.rules import NeedsApproval, Refused
from tests.cases.builders import make_case
from tests.people.builders import Company
from tests.remedies.builders import give, publish_policy

# Of the small policy below, in pounds.
INCIDENT, CUSTOMER, MONTH, CAP = 20_000, 30_000, 60_000, 100_000


def small_policy(*, now: datetime, currency: str = "GBP") -> int:
    """Publish a policy for frontline at every site: an incident, a customer in 30 days, a month, and a cap."""
    frontline: dict[str, Any] = {"role": "frontline", "currency": currency}
    return publish_policy(
        [
            {**frontline, "unit": "incident", "limit_minor": INCIDENT, "clause": "4.2"},
            {**frontline, "unit": "customer_days", "days": 30, "limit_minor": CUSTOMER, "clause": "4.3"},
            {**frontline, "unit": "employee_month", "limit_minor": MONTH, "clause": "5.1"},
            {"unit": "incident", "currency": currency, "limit_minor": CAP, "clause": "3.1", "hard": True},
        ],
        now=now,
    )


def ask(
    person: PersonRow, case_id: int, minor: int, now: datetime, currency: str = "GBP", **changes: Any
) -> ExceptionRequest:
    return remedies.ask_exception(
        case_id=case_id, kind="refund", amount=Money(minor, currency), reason="A ruined anniversary.",
        intent=secrets.token_urlsafe(12), actor=person.actor, now=now, **changes,
    )  # fmt: skip


def decide(
    person: PersonRow, request_id: int, outcome: Any, now: datetime, minor: int | None = None
) -> ExceptionRequest:
    request = db.session.get(ExceptionRequest, request_id)
    amount = Money(minor, request.currency) if minor and request else None
    return remedies.decide_exception(
        exception_id=request_id, outcome=outcome, amount=amount, reason="They deserve it.", actor=person.actor, now=now
    )


def live_a_week(company: Company) -> datetime:
    """Let a week pass at the front desk; returns its beginning. Twelve answers, four of them exceptions."""
    start = utc_now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=8)
    currency = company.quayside.currency
    small_policy(now=start - timedelta(days=1), currency=currency)
    ana, bo, sam = company.ana, company.bo, company.sam

    def at(hours: float) -> datetime:
        return start + timedelta(hours=hours)

    def case(person: PersonRow, name: str, hours: float) -> int:
        return make_case(person, customer=name, now=at(hours)).id

    def offered(person: PersonRow, case_id: int, minor: int, hours: float) -> Remedy:
        return give(person, case_id, minor, currency=currency, now=at(hours))

    def settle(remedy: Remedy, hours: float, minor: int | None = None) -> None:
        amount = Money(minor, currency) if minor else None
        remedies.accept(remedy_id=remedy.id, actor=sam.actor, now=at(hours), amount=amount)

    first = case(ana, "Cleo Marchetti", 0)
    settle(offered(ana, first, 12_000, 1), 1.5, 9_000)
    settle(offered(ana, first, 11_000, 2), 2.5)  # fits only because the first was settled for less
    second = case(ana, "Cleo Marchetti", 3)
    request = ask(ana, second, 15_000, at(4), currency)  # the customer has 30,000 in 30 days
    decide(sam, request.id, "approved", at(5))
    settle(db_remedy(request), 6)
    third = case(bo, "Bea Lund", 20)
    remedies.decline(remedy_id=offered(bo, third, 20_000, 21).id, actor=bo.actor, now=at(22))
    reversed_ = offered(bo, third, 20_000, 23)
    settle(reversed_, 24)
    remedies.reverse(remedy_id=reversed_.id, reason="Paid twice.", actor=sam.actor, now=at(25))
    offered(bo, third, 5_000, 26)
    fourth = case(bo, "Dan Oh", 30)
    decide(sam, ask(bo, fourth, 45_000, at(31), currency).id, "declined", at(33))
    part = ask(bo, fourth, 35_000, at(40), currency, part=Money(20_000, currency))
    decide(sam, part.id, "approved", at(43), 12_000)
    fifth = case(ana, "Eve Poe", 50)
    settle(offered(ana, fifth, 20_000, 51), 52)
    sixth = case(ana, "Fay Quin", 60)
    ask(ana, sixth, 25_000, at(61), currency)  # nobody has answered yet
    offered(ana, sixth, 500, 62)
    return start


def db_remedy(request: ExceptionRequest) -> Remedy:
    remedy = db.session.get(Remedy, request.remedy_id)
    assert remedy is not None
    return remedy


def draft_of(rules: tuple[Rule, ...], **limits: int) -> int:
    """Draft a version with other limits by unit, e.g. incident=40_000, or cap for the hard one; returns its id."""
    changed = [
        replace(rule, limit_minor=limits.get("cap" if rule.hard else rule.unit, rule.limit_minor)) for rule in rules
    ]
    version = policies.draft_version(
        title="More trust", source="Tried first.", rules=[rule_values(rule) for rule in changed],
        valid_from=utc_now(), actor=command("test"), now=utc_now(),
    )  # fmt: skip
    return version.id


def rules_now() -> tuple[Rule, ...]:
    in_force = policy_queries.version_in_force(utc_now())
    assert in_force
    return in_force.rules


def live_under_every_unit(company: Company) -> tuple[datetime, int]:
    """Sixteen questions under windows of every unit, counts among them; returns the beginning and how many were kept."""
    start = utc_now().replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=6)
    front: dict[str, Any] = {"role": "frontline", "currency": "GBP"}
    count: dict[str, Any] = {"role": "frontline", "currency": "XXX", "measure": "count"}
    publish_policy(
        [
            {**front, "unit": "remedy", "limit_minor": 9_000, "clause": "1"},
            {**front, "unit": "incident", "limit_minor": 14_000, "clause": "2"},
            {**front, "unit": "customer_day", "limit_minor": 16_000, "clause": "3"},
            {**front, "unit": "customer_days", "days": 3, "limit_minor": 18_000, "clause": "4"},
            {**front, "unit": "site_month", "limit_minor": 60_000, "clause": "5"},
            {**front, "unit": "remedy", "severity_min": 0, "severity_max": 0, "limit_minor": 2_000, "clause": "6"},
            {**count, "unit": "customer_days", "days": 2, "limit_minor": 3, "clause": "7"},
            {**count, "unit": "employee_month", "kind": "upgrade", "limit_minor": 1, "clause": "8"},
            {"unit": "customer_day", "currency": "GBP", "limit_minor": 30_000, "clause": "9", "hard": True},
        ],
        now=start - timedelta(days=1),
    )
    kept, cases = 0, {}
    for number in range(16):
        now = start + timedelta(hours=7 * number)
        person = (company.ana, company.bo)[number % 2]
        name = ("Cleo Marchetti", "Bea Lund")[number // 2 % 2]
        if number % 5 == 0 or name not in cases:
            cases[name] = make_case(person, customer=name, now=now, severity=0 if number == 10 else 3).id
        minor, kind = (0, "upgrade") if number % 7 == 3 else ((number * 3_700) % 15_000 + 500, "refund")
        kept += _try(company, person, cases[name], minor, kind, now, number)
    return start, kept


def _try(company: Company, person: PersonRow, case_id: int, minor: int, kind: str, now: datetime, number: int) -> int:
    """Offer it; where that needs an approval ask for it, and let every third be declined. Returns 1 when it was kept."""
    later = now + timedelta(hours=2)
    try:
        remedy = give(person, case_id, minor, kind=kind, now=now)
    except NeedsApproval:
        request = remedies.ask_exception(
            case_id=case_id, kind=kind, amount=Money(minor, "GBP"), reason="A ruined day.",
            intent=secrets.token_urlsafe(12), actor=person.actor, now=now,
        )  # fmt: skip
        decide(company.sam, request.id, "declined" if number % 3 == 0 else "approved", later)
        return 1
    except Refused:
        return 0
    if number % 4 == 1:
        remedies.withdraw(remedy_id=remedy.id, actor=person.actor, now=later)
    elif number % 4 == 2:
        remedies.accept(remedy_id=remedy.id, actor=person.actor, now=later)
    return 1
