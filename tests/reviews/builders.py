"""A house with enough resolved cases to say something about people, and a charter in force."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from app.audit import actions as audit
from app.cases.category_actions import add_category
from app.cases.models import Case
from app.feedback.models import Survey, SurveyAnswer
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import UTC, utc_now
from app.kernel.transactions import transaction
from app.people.queries import PersonRow
from app.reviews import actions as reviews
from app.reviews import charter_actions as charter
from app.reviews.charter_rules import Clause
from app.reviews.models import Review
from tests.people.builders import Company, make_person

FILLED = audit.declare("test:fill", "count", sentence="filled the house")
SINCE, UNTIL = date(2026, 4, 1), date(2026, 10, 1)
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def resolved(person: PersonRow, count: int, satisfied: int, **changes: Any) -> list[int]:
    """Let a person have resolved so many cases in the period, each answered, the first of them satisfied."""
    category = add_category(name="Comfort", actor=command("test"), now=SINCE_AT)
    with transaction():
        found = []
        for number in range(count):
            at = SINCE_AT + timedelta(days=1 + number % 150, minutes=number)
            values = {
                "site_id": person.site_id, "team_id": person.team_id, "owner_id": person.id,
                "category_id": category.id, "severity": 2, "channel": "desk", "attribution": "company",
                "summary": f"Cold room {number}", "occurred_at": at, "received_at": at, "logged_at": at,
                "state": "resolved", "resolved_at": at, "resolved_by_id": person.id, "updated_at": at, **changes,
            }  # fmt: skip
            row = Case(**values)
            db.session.add(row)
            db.session.flush()
            found.append(row.id)
            survey = Survey(
                case_id=row.id, round=0, site_id=row.site_id, team_id=row.team_id, resolver_id=person.id, severity=2,
                resolved_at=at, ask_at=at, state="answered", sent_at=at,
            )  # fmt: skip
            db.session.add(survey)
            db.session.flush()
            db.session.execute(
                insert(SurveyAnswer).values(survey_id=survey.id, csat=5 if number < satisfied else 3, comment="", at=at)
            )
        audit.record(FILLED, subject=person.ref, actor=command("test"), at=SINCE_AT, count=count)
    return found


SINCE_AT = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def fill(company: Company, *, count: int = 30, satisfied: int = 25) -> list[PersonRow]:
    """Give Ana, Bo and five more colleagues `count` answered cases each; nobody differs from anybody."""
    others = [
        make_person(f"Peer{number} Quist", "frontline", company.quayside.id, team_id=company.front_desk.id)
        for number in range(5)
    ]
    people = [company.ana, company.bo, *others]
    for person in people:
        resolved(person, count, satisfied)
    return people


def open_review(company: Company, who: PersonRow | None = None, **changes: Any) -> Review:
    """Let Hana open a review of Ana."""
    values: dict[str, Any] = {
        "employee_id": (who or company.ana).id, "since_on": SINCE, "until_on": UNTIL, "actor": company.hana.actor,
        "now": NOW, **changes,
    }  # fmt: skip
    return reviews.open_review(**values)


def publish_charter(company: Company, code: str = "honesty") -> int:
    """A charter with one clause, talked about and agreed; returns its number."""
    then = utc_now() - timedelta(days=30)
    hana = company.hana.actor
    number = charter.draft_charter(actor=hana, now=then).number
    day = (then + timedelta(days=365)).date()
    clause = Clause(code, "We tell customers the truth", "Nobody promises what they can't keep.", company.sam.id, day)
    charter.write_clause(number=number, clause=clause, version=1, actor=hana, now=then)
    until = (then + timedelta(days=8)).date()
    charter.ask_comments(number=number, until=until, version=2, actor=hana, now=then)
    for who in (company.sam, company.ana):
        charter.agree(number=number, version=3, actor=who.actor, now=then)
    charter.publish_charter(number=number, version=3, actor=company.max.actor, now=then + timedelta(days=9))
    return number
