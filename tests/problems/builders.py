"""Causes for tests, made through the same actions as a person's."""

from typing import Any

from app.cases.models import Case
from app.customers import care_actions
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.problems import actions as problems
from app.problems.models import Cause

WORDS = {"en": "The boiler was replaced.", "de": "Der Kessel wurde ersetzt."}


def make_cause(person: PersonRow, *cases: Case, **changes: Any) -> Cause:
    values: dict[str, Any] = {
        "site_id": person.site_id, "category_id": None, "kind": "equipment", "title": "The old boiler",
        "story": "It goes out when more than ten guests shower.", **changes,
    }  # fmt: skip
    cause = problems.open_cause(**values, actor=person.actor, now=utc_now())
    if cases:
        problems.link(cause_id=cause.id, case_ids=[case.id for case in cases], actor=person.actor, now=utc_now())
    return cause


def agree(case: Case, person: PersonRow, *, given: bool = True) -> None:
    """The customer of a case says whether they want to be told."""
    assert case.customer_id
    now = utc_now()
    care_actions.record_consent(
        customer_id=case.customer_id, purpose="updates", given=given, source="phone", said_at=now, actor=person.actor,
        now=now,
    )  # fmt: skip


def fix(cause: Cause, person: PersonRow) -> None:
    problems.fix(
        cause_id=cause.id, version=cause.version, done="Replaced the boiler.", actor=person.actor, now=utc_now()
    )
