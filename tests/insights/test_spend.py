"""Row 25: a pool that is spent ahead of its month proposes one narrow change, tried on the past, before any blanket cut."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask

from app.audit.models import AuditEntry
from app.insights import spend_actions, spend_jobs
from app.insights import spend_queries as queries
from app.insights.spend_actions import NothingToLower
from app.insights.spend_rules import Given, heaviest, is_ahead, lowered
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from app.kernel.time import UTC, utc_now
from app.notifications.models import Notification
from app.people import queries as people
from app.policies import document_queries
from app.policies import queries as policies
from app.policies.models import PolicyVersion
from app.policies.rules import Rule
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.remedies.builders import give, publish_policy

POOL = 100_000
RULES = [
    {"role": "frontline", "unit": "incident", "limit_minor": 20_000, "currency": "GBP", "clause": "4.2"},
    {"unit": "site_month", "limit_minor": POOL, "currency": "GBP", "clause": "5.3"},
]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used", "elapsed", "ahead"),
    [(60, 0.4, True), (60, 0.7, False), (40, 0.1, False), (50, 0.49, True), (50, 0.5, False)],
)
def test_a_pool_is_ahead_when_half_is_gone_and_more_than_the_month(used: int, elapsed: float, ahead: bool) -> None:
    assert is_ahead(used, 100, elapsed) is ahead


def test_what_took_most_comes_first_and_too_few_say_no_limit() -> None:
    gifts = [Given("refund", 1, "frontline", "GBP", 100 * number) for number in range(1, 13)]
    gifts += [Given("voucher", 1, "frontline", "GBP", 50_000) for _ in range(3)]
    first, second = heaviest(gifts)
    assert (first.kind, first.count, first.limit_minor) == ("voucher", 3, None)
    assert (second.kind, second.limit_minor) == ("refund", 900), "nine of twelve stay within it"
    assert round(first.share + second.share, 9) == 1.0
    wide = Rule(1, "frontline", None, None, None, 0, 4, "incident", None, 20_000, "GBP", "4.2")
    cap = Rule(2, None, None, None, None, 0, 4, "incident", None, 99_000, "GBP", "3.1", hard=True)
    assert lowered((wide, cap), first, 7) is None
    changed = lowered((wide, cap), second, 7)
    assert changed is not None
    assert changed[:2] == (wide, cap), "nobody else's limit changes"
    assert (changed[2].limit_minor, changed[2].kind, changed[2].site_id, changed[2].clause) == (900, "refund", 7, "4.2")
    assert lowered(changed, second, 7) is None, "twice is once"


def test_a_lower_limit_never_lifts_one_that_stands_beside_it() -> None:
    spent = heaviest([Given("refund", 1, "frontline", "GBP", 4_000) for _ in range(12)])[0]
    wide = Rule(1, None, None, None, None, 0, 4, "remedy", None, 10_000, "GBP", "4.1")
    refunds = Rule(2, None, None, "refund", None, 0, 4, "remedy", None, 2_000, "GBP", "4.2")
    assert lowered((wide, refunds), spent, 7) is None
    team = replace(wide, id=3, team_id=9, limit_minor=2_000)
    changed = lowered((wide, team), spent, 7)
    assert changed is not None
    assert {(rule.team_id, rule.limit_minor) for rule in changed if rule.kind == "refund"} == {
        (None, 4_000),
        (9, 2_000),
    }
    day = replace(wide, unit="customer_day", limit_minor=20_000)
    assert lowered((day,), spent, 7) is None, "a day holds more than one gift"


def test_row_25_a_pool_ahead_of_its_month_proposes_a_narrow_rule_with_its_simulation(app: Flask) -> None:
    company = make_company()
    version = publish_policy(RULES, now=NOON - timedelta(days=8))
    for number in range(12):
        case = make_case(company.ana, customer=f"Guest{number} Hill", now=NOON)
        give(company.ana, case.id, 4_000 if number < 9 else 9_000, now=NOON)
    (alarm,) = queries.alarms(people.sites(), NOON + timedelta(hours=1))
    assert (alarm.unit, alarm.used.minor, alarm.limit.minor, alarm.spent[0].limit_minor) == (
        "site_month",
        63_000,
        POOL,
        4_000,
    )
    assert queries.alarms(people.sites(), NOON + timedelta(days=20)) == (), "then it is in step with the month"
    said = {"purse_id": alarm.purse_id, "band": alarm.spent[0].key, "now": NOON + timedelta(hours=1)}
    with pytest.raises(NotPermitted):
        spend_actions.draft_lower_limit(**said, intent="spend-0001", actor=company.sam.actor)
    draft_id = spend_actions.draft_lower_limit(**said, intent="spend-0001", actor=company.max.actor)
    pressed = {"band": alarm.spent[0].key, "intent": "spend-0001"}
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        client = sign_in(app.test_client(), company.max)
        again = client.post(f"/spend-alarms/PU-{alarm.purse_id}", data=pressed)
        assert again.headers["Location"].startswith(f"/policies/PO-{draft_id}/simulation"), "pressed twice, one draft"
    assert db.session.query(PolicyVersion).count() == 2
    row = document_queries.document(draft_id)
    assert row is not None
    assert [(rule.kind, rule.limit_minor) for rule in row.document.rules if rule.unit == "incident"] == [
        (None, 20_000), ("refund", 4_000),
    ]  # fmt: skip
    in_force = policies.version_in_force(utc_now())
    assert in_force is not None
    assert in_force.version.id == version, "nothing is cut before somebody publishes it"
    simulated = sign_in(app.test_client(), company.max).get(
        f"/policies/PO-{draft_id}/simulation?from=2026-03-01&to=2026-03-31"
    )
    assert "3 of 12 answers differ: 3 would need an approval." in simulated.text
    for person, status in ((company.ana, 403), (company.sam, 200), (company.max, 200), (company.audra, 200)):
        assert sign_in(app.test_client(), person).get("/spend-alarms").status_code == status
    with pytest.raises(NothingToLower):
        publish_policy([{**RULES[0], "limit_minor": 4_000}, RULES[1]], now=NOON + timedelta(hours=2))
        later = {**said, "intent": "spend-0002", "now": NOON + timedelta(hours=3)}
        spend_actions.draft_lower_limit(**later, actor=company.max.actor)


def test_who_decides_there_is_told_once_a_month_and_led_to_what_it_went_to(app: Flask) -> None:
    company = make_company()
    publish_policy(RULES, now=NOON - timedelta(days=8))
    for number in range(12):
        case = make_case(company.ana, customer=f"Guest{number} Hill", now=NOON)
        give(company.ana, case.id, 5_000, now=NOON)
    assert spend_jobs.tell_alarms(now=NOON + timedelta(hours=1)) == 1
    assert spend_jobs.tell_alarms(now=NOON + timedelta(hours=2)) == 0
    told = {row.employee_id: row for row in db.session.query(Notification).filter_by(text_key="spend:ahead")}
    assert set(told) == {company.sam.id, company.max.id}
    assert told[company.sam.id].url == "/spend-alarms"
    page = sign_in(app.test_client(), company.max).get("/inbox").text
    assert "£600.00 of £1,000.00 are spent at Quayside, ahead of the month." in page
    assert db.session.query(AuditEntry).filter_by(type="spend:tell").count() == 1
