"""Requests for tests, asked through the action of the room."""

from datetime import datetime
from typing import Any

from app.approvals import actions as approvals
from app.approvals import matrix_actions as matrix
from app.approvals import matrix_queries
from app.approvals.matrix_rules import MatrixRow
from app.approvals.models import ExceptionRequest
from app.cases.models import Case
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.people.builders import BUILT_AT, Company

OVER = [
    {
        "clause": "3.1",
        "unit": "incident",
        "limit": 20_000,
        "days": None,
        "currency": "GBP",
        "used": 20_000,
        "requested": 18_000,
        "over": 18_000,
    }
]


def make_request(
    person: PersonRow, *, case: Case | None = None, now: datetime | None = None, **changes: Any
) -> ExceptionRequest:
    """Ask as `person` for 180.00 in a case of theirs; `changes` go to approvals.ask."""
    now = now or utc_now()
    case = case or make_case(person, now=now)
    values: dict[str, Any] = {
        "case_id": case.id,
        "remedy_id": None,
        "kind": "refund",
        "amount": Money(18_000, "GBP"),
        "reason": "He paid 190 for the taxi and a worse room, and was gracious.",
        "terms_hash": "ab" * 32,
        "over": OVER,
        "policy_version_id": None,
        "site_id": case.site_id,
        "team_id": case.team_id,
        **changes,
    }
    return approvals.ask(actor=person.actor, now=now, **values)


def publish_matrix(company: Company, *rows: MatrixRow) -> int:
    """Put the matrix into force as Max writes and Ada publishes it."""
    draft = matrix_queries.draft()
    version = draft.version if draft else None
    for row in rows:
        matrix.save_row(place=None, row=row, version=version, actor=company.max.actor, now=BUILT_AT)
        version = (version or 0) + 1
    return matrix.publish(version=version or 0, actor=company.ada.actor, now=BUILT_AT)
