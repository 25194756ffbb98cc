"""One busy day at the demo company in New York, told by the rooms' own actions: enough of everything that figures need ten of."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from sqlalchemy import text

from app.cases import actions as cases
from app.customers.segment_actions import set_segment
from app.insights import jobs as shadow_jobs
from app.insights import outcome_actions as outcomes
from app.insights import shadow_actions as shadows
from app.insights.outcome_rules import Line
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.people import queries as people
from app.people.queries import PersonRow
from app.policies import actions as policies
from app.remedies import actions as remedies
from tests.cases.builders import make_case
from tests.reviews.builders import resolved

DEED = command("test")
MINUTE = timedelta(minutes=1)
# What one single gift may be under the draft that is tried, in minor units; nothing else is limited.
TRIED = {"USD": 42_350, "GBP": 2_200, "JPY": 6_000}


def live_a_busy_day(now: datetime) -> int:
    """Tell it from `now` on, within twelve hours; returns the draft's id."""
    ana, bo, sam, most = (_person(who) for who in ("ana", "bo", "sam", "max"))
    front = [one for one in people.active_people() if one.role == "frontline" and one.site_id == ana.site_id]
    draft = _draft(now)
    shadows.start(version_id=draft, reason="To count by hand.", actor=most.actor, now=now)
    guests = [_helped((ana, bo)[number % 2], number, now + number * MINUTE) for number in range(24)]
    left = [_apologised(bo, number, now + (30 + number) * MINUTE) for number in range(12)]
    for number in range(11):
        _appealed(front[number], bo, sam, number, now + timedelta(hours=1 + number / 2))
        _given_by_who_leads(sam, number, now + timedelta(hours=7, minutes=number))
    _heard_later(guests, left, now)
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.exec_driver_sql(
            "UPDATE employee SET active_from = '2020-01-01 00:00:00.000000+00:00' WHERE id %% 2 = 0"
            if db.engine.dialect.name == "postgresql"
            else "UPDATE employee SET active_from = '2020-01-01 00:00:00.000000' WHERE id % 2 = 0"
        )
        raw.commit()
    for place, person in enumerate(front):
        resolved(person, 12 + place % 3, 8 + place % 5)
    shadow_jobs.answer_in_the_shadow(now=now + timedelta(hours=12))
    return draft


def _person(who: str) -> PersonRow:
    found = people.person_by_email(f"{who}@makegood.example")
    assert found is not None
    return found


def _log(person: PersonRow, name: str, at: datetime) -> Any:
    return make_case(person, customer=name, now=at, severity=2, channel="desk")


def _end(case_id: int, person: PersonRow, outcome: str, at: datetime, cause: str = "process") -> None:
    cases.resolve(case_id=case_id, outcome=outcome, root_cause=cause, note="", actor=person.actor, now=at)


def _offer(person: PersonRow, case_id: int, minor: int, at: datetime, reason: str = "Cold room.") -> Any:
    return remedies.offer(
        case_id=case_id, kind="credit", amount=Money(minor, "USD"), reason=reason, intent=token_urlsafe(12),
        actor=person.actor, now=at,
    )  # fmt: skip


def _helped(person: PersonRow, number: int, at: datetime) -> int:
    """A credit that the guest takes, two in three of them regular guests; twice Ana doesn't say why."""
    case = _log(person, f"Helped{number} Quist", at)
    if number % 3:
        set_segment(customer_id=case.customer_id, segment="regular", actor=DEED, now=at)
    remedy = _offer(person, case.id, 2_000 + 317 * number, at + MINUTE, "" if number in (0, 8) else "Cold room.")
    remedies.accept(remedy_id=remedy.id, actor=person.actor, now=at + 2 * MINUTE)
    _end(case.id, person, "made_good", at + 3 * MINUTE)
    return int(case.customer_id)


def _apologised(person: PersonRow, number: int, at: datetime) -> int:
    """The same failure without a gift; one in three is put down to training."""
    case = _log(person, f"Left{number} Quist", at)
    if number % 2:
        set_segment(customer_id=case.customer_id, segment="regular", actor=DEED, now=at)
    _end(case.id, person, "explained", at + MINUTE, "process" if number % 3 else "training")
    return int(case.customer_id)


def _given_by_who_leads(sam: PersonRow, number: int, at: datetime) -> None:
    """Inside a supervisor's own limit, so nobody waits; four guests don't take it."""
    case = _log(sam, f"Led{number} Quist", at)
    remedy = _offer(sam, case.id, 26_000 + number, at)
    if number % 3:
        remedies.accept(remedy_id=remedy.id, actor=sam.actor, now=at + MINUTE)
    else:
        remedies.decline(remedy_id=remedy.id, reason="Wants nothing.", actor=sam.actor, now=at + MINUTE)


def _appealed(ana: PersonRow, bo: PersonRow, sam: PersonRow, number: int, at: datetime) -> None:
    """The first one must say no; the guest comes back, and Sam grants it: once less, once not at all."""
    case = _log(ana, f"Appealed{number} Quist", at)
    _end(case.id, ana, "declined", at + MINUTE)
    cases.reopen(case_id=case.id, reason="The guest is not content.", actor=bo.actor, now=at + 2 * MINUTE)
    asked = remedies.ask_exception(
        case_id=case.id, kind="credit", amount=Money(42_000 + 100 * number, "USD"), reason="A ruined week.",
        intent=token_urlsafe(12), actor=ana.actor, now=at + 3 * MINUTE,
    )  # fmt: skip
    less = Money(30_000, "USD") if number == 3 else None
    outcome: Any
    outcome, reason = ("declined", "Not this time.") if number == 7 else ("approved", "" if number % 2 else "Fair.")
    assert asked.remedy_id is not None
    decided = at + 3 * MINUTE + timedelta(seconds=7 + 5 * number)
    remedies.decide_exception(
        exception_id=asked.id, outcome=outcome, amount=less, reason=reason, actor=sam.actor, now=decided
    )
    if outcome == "approved" and number != 5:
        remedies.accept(remedy_id=asked.remedy_id, actor=ana.actor, now=decided + MINUTE)
    elif outcome == "approved":
        remedies.decline(remedy_id=asked.remedy_id, reason="Too late.", actor=ana.actor, now=decided + MINUTE)
    _end(case.id, ana, "made_good", decided + 2 * MINUTE)


def _heard_later(helped: list[int], left: list[int], now: datetime) -> None:
    lines = [
        Line(
            f"later-{guest}",
            now.date(),
            ref("customer", guest),
            guest % 4 > 0,
            None,
            None,
            900_000 + 1_000 * guest,
            None,
        )
        for guest in (*helped, *left)
    ]
    at = now + timedelta(hours=11)
    outcomes.take_outcomes(lines=lines, source="test", currency="USD", actor=DEED, now=at)


def _draft(now: datetime) -> int:
    rules = [
        {"unit": "remedy", "limit_minor": minor, "currency": currency, "clause": "9.1", "site_id": site.id}
        for currency, minor in TRIED.items()
        for site in people.sites()
        if site.currency == currency
    ]
    return policies.draft_version(
        title="One limit for a single gift", source="Tried first.", rules=rules, valid_from=now, actor=DEED, now=now
    ).id


def spend_the_pool(name: str, month: str) -> None:
    """Let a team's pool be nearly gone, as if its ceiling had been lower from the beginning."""
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.execute(
            text(
                "UPDATE purse SET ceiling_minor = (settled_minor + reserved_minor - approved_minor) * 5 / 4 WHERE unit ="
                " 'team_month' AND period = :month AND team_id IN (SELECT id FROM team WHERE name = :name)"
                " AND settled_minor + reserved_minor - approved_minor > 0"
            ),
            {"month": month, "name": name},
        )
        raw.commit()
