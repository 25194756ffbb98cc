""" "Can I?" and enforcement are one function: they agree on every input, and the preview writes nothing."""

import random
from contextlib import suppress
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import event

from app.budgets.checks import violations
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.policies.rules import Used, judge
from app.remedies import actions as remedies
from app.remedies import queries
from app.remedies.models import Remedy
from app.remedies.rules import RemedyEnded
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import make_company
from tests.remedies.builders import give, publish_policy

EXAMPLES = count(500, 50)  # on each of two databases
KINDS = ("refund", "voucher", "gesture", "apology")
# Around every edge of the hotel pack, and far from them.
AMOUNTS = (1, 99, 5_000, 19_999, 20_000, 20_001, 30_000, 30_001, 120_000, 200_000, 200_001, 1_000_000, 1_000_001)


def answer_of(person: PersonRow, case_id: int, kind: str, minor: int, nature: str, now: datetime) -> str:
    said = queries.can_i(
        case_id=case_id, kind=kind, amount=Money(minor, "GBP"), actor=person.actor, now=now, nature=nature
    )
    return said.decision.outcome


def outcome_of(person: PersonRow, case_id: int, kind: str, minor: int, nature: str, now: datetime) -> str:
    try:
        give(person, case_id, minor, kind=kind, nature=nature, now=now)
    except Refusal as refusal:
        return {"needs-approval": "needs_approval", "refused": "refused"}[refusal.code]
    return "allowed"


def test_the_preview_equals_enforcement_on_random_inputs(app: Flask) -> None:
    company = make_company()
    publish_policy()
    people = (company.ana, company.bo, company.sam, company.max)
    cases = [make_case(company.ana, customer=name).id for name in ("Cleo Marchetti", "Cleo Marchetti", "Rafael Haddad")]
    now, seed = utc_now(), 20_261_122
    draw = random.Random(seed)
    for step in range(EXAMPLES):
        person, case_id = draw.choice(people), draw.choice(cases)
        kind = draw.choice(KINDS)
        minor = 0 if kind == "apology" and draw.random() < 0.8 else draw.choice(AMOUNTS)
        nature = "redress" if draw.random() < 0.1 else "goodwill"
        now += timedelta(seconds=draw.choice((1, 3_600, 86_400)))
        told = answer_of(person, case_id, kind, minor, nature, now)
        assert outcome_of(person, case_id, kind, minor, nature, now) == told, (seed, step)
        open_ones = [row.id for row in db.session.query(Remedy.id).filter_by(state="reserved")]
        if open_ones and draw.random() < 0.4:
            deed = draw.choice((remedies.accept, remedies.decline, remedies.withdraw))
            with suppress(RemedyEnded):  # it may be past its expiry
                deed(remedy_id=draw.choice(open_ones), actor=company.sam.actor, now=now)
    assert violations() == []


def test_the_preview_asks_five_queries_and_writes_nothing(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case_id = make_case(company.ana).id
    for _ in range(3):
        give(company.ana, case_id, 1_000)
    answer_of(company.ana, case_id, "refund", 100, "goodwill", utc_now())  # the version's rules are kept after once
    db.session.rollback()
    sent: list[str] = []

    def listen(*call: object) -> None:
        sent.append(str(call[2]))

    event.listen(db.engine, "before_cursor_execute", listen)
    answer_of(company.ana, case_id, "refund", 100, "goodwill", utc_now())
    event.remove(db.engine, "before_cursor_execute", listen)
    asked = [statement for statement in sent if not statement.startswith("BEGIN")]
    assert len(asked) <= 5
    assert all(statement.lstrip().startswith("SELECT") for statement in asked)


def test_every_receipt_judged_again_gives_the_stored_answer(app: Flask) -> None:
    company = make_company()
    publish_policy()
    case = make_case(company.ana)
    for minor in (5_000, 15_000):
        give(company.ana, case.id, minor)
    for remedy in db.session.query(Remedy):
        receipt = remedy.decision
        assert receipt is not None
        judged = queries.can_i(
            case_id=case.id, kind=remedy.kind, amount=Money(remedy.amount_minor, "GBP"), actor=company.ana.actor,
            now=remedy.created_at,
        )  # fmt: skip
        used = {
            window.rule_id: Used(*(minor_of(kept[part]) for part in ("settled", "reserved")))
            for window, kept in zip(judged.decision.windows, receipt["windows"], strict=True)
        }
        again = judge(judged.offer, judged.holder, judged.rules, used)
        assert again.json() == {key: value for key, value in receipt.items() if key != "asked"}
        assert receipt["asked"]["role"] == "frontline"


def minor_of(money: dict[str, str]) -> int:
    return int(money["amount"].replace(".", ""))
