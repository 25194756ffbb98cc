"""Reads of cases that were ended with a no and came back."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.approvals.appeal_models import ExceptionCredit
from app.approvals.appeal_rules import Turn
from app.approvals.models import ExceptionDecision, ExceptionRequest
from app.cases.models import Case, CaseEvent
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref

_KINDS = ("resolved", "reopened")


def turns_of(case_id: int) -> list[Turn]:
    """The turns of one case, in their order."""
    return turns_of_cases([case_id]).get(case_id, [])


def turns_of_cases(case_ids: Collection[int]) -> dict[int, list[Turn]]:
    """The turns of several cases, each in their order, in one query."""
    found: dict[int, list[Turn]] = defaultdict(list)
    if case_ids:
        rows = db.session.execute(
            select(CaseEvent.case_id, CaseEvent.kind, CaseEvent.at, CaseEvent.actor_id, CaseEvent.data)
            .where(CaseEvent.case_id.in_(list(case_ids)), CaseEvent.kind.in_(_KINDS))
            .order_by(CaseEvent.case_id, CaseEvent.at, CaseEvent.id)
        )
        for row in rows:
            found[row.case_id].append(Turn(_kind(row), row.at, row.actor_id))
    return found


def _kind(row: Any) -> str:
    if row.kind == "reopened":
        return "reopened"
    return "refused" if (row.data or {}).get("outcome") == "declined" else "ended"


def reopened_cases(since: datetime, site_ids: Collection[int], limit: int) -> list[int]:
    """Cases that were opened again since an instant, the newest first."""
    statement = (
        select(CaseEvent.case_id)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(CaseEvent.kind == "reopened", CaseEvent.at >= since, Case.site_id.in_(list(site_ids)))
        .where(Case.historic.is_(False))
        .order_by(CaseEvent.at.desc(), CaseEvent.id.desc())
        .limit(limit)
    )
    return list(dict.fromkeys(db.session.scalars(statement)))


def approvals_in(case_ids: Collection[int]) -> dict[int, list[tuple[datetime, int]]]:
    """When something was approved in these cases, and by whom."""
    found: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    if case_ids:
        rows = db.session.execute(
            select(ExceptionRequest.case_id, ExceptionDecision.at, ExceptionDecision.decided_by_id)
            .join(ExceptionDecision, ExceptionDecision.exception_id == ExceptionRequest.id)
            .where(ExceptionRequest.case_id.in_(list(case_ids)), ExceptionDecision.outcome == "approved")
        )
        for row in rows:
            found[row.case_id].append((row.at, row.decided_by_id))
    return found


def is_credited(case_id: int, refused_at: datetime) -> bool:
    """Tell whether a grant in this case has credited this refusal."""
    found = db.session.scalar(
        select(ExceptionCredit.exception_id)
        .join(ExceptionRequest, ExceptionRequest.id == ExceptionCredit.exception_id)
        .where(ExceptionRequest.case_id == case_id, ExceptionCredit.refused_at == refused_at)
        .limit(1)
    )
    return found is not None


@dataclass(frozen=True, slots=True)
class Credit:
    """A granted appeal: the request's facts, without who refused."""

    id: int
    case_id: int
    kind: str
    currency: str
    amount_minor: int
    refused_at: datetime
    at: datetime

    @property
    def ref(self) -> str:
        return ref("exception", self.id)

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def credits(since: datetime, site_ids: Collection[int], limit: int) -> list[Credit]:
    """Granted appeals, the newest first."""
    rows: Any = db.session.execute(
        select(
            ExceptionRequest.id, ExceptionRequest.case_id, ExceptionRequest.kind, ExceptionRequest.currency,
            ExceptionDecision.amount_minor, ExceptionCredit.refused_at, ExceptionCredit.at,
        )
        .join(ExceptionRequest, ExceptionRequest.id == ExceptionCredit.exception_id)
        .join(ExceptionDecision, ExceptionDecision.exception_id == ExceptionRequest.id)
        .where(ExceptionCredit.at >= since, ExceptionRequest.site_id.in_(list(site_ids)))
        .order_by(ExceptionCredit.at.desc(), ExceptionCredit.exception_id.desc())
        .limit(limit)
    )  # fmt: skip
    return [Credit(*row) for row in rows]


def credits_of(employee_id: int, since: datetime) -> int:
    """How many granted appeals are to one person's credit; for that person's own page."""
    return len(
        db.session.scalars(
            select(ExceptionCredit.exception_id)
            .where(ExceptionCredit.employee_id == employee_id, ExceptionCredit.at >= since)
            .limit(1_000)
        ).all()
    )
