"""When a clause is due to be looked at again, whose signature counts as whose, and whether two versions say the same. Pure.

Each clause has an owner and a day by which it is reviewed; a leader and an employee sign it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from app.audit.rules import canonical
from app.policies.document_rules import Clause, Document, rule_values

SOON = timedelta(days=30)
LEADERS, EMPLOYEES = ("supervisor", "manager"), ("frontline",)
Side = Literal["leader", "employee"]
Due = Literal["never", "later", "soon", "overdue"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a clause as it stands, on which side, and when."""

    name: str
    side: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Care:
    """How a clause is cared for. owner: None while nobody does; has_left: the owner works here no longer."""

    owner: str | None
    has_left: bool
    review_by: date | None
    due: Due
    signatures: tuple[Signature, ...]

    @property
    def is_signed(self) -> bool:
        """A leader and an employee have both signed it as it stands."""
        return {"leader", "employee"} <= {one.side for one in self.signatures}


def due_of(review_by: date | None, today: date) -> Due:
    """Say how a review-by date stands; on its own day it isn't overdue yet."""
    if review_by is None:
        return "never"
    if review_by < today:
        return "overdue"
    return "soon" if review_by - today <= SOON else "later"


def side_of(role: str | None) -> Side | None:
    """Whose signature a role gives; the others don't work under the policy and sign nothing."""
    if role in LEADERS:
        return "leader"
    return "employee" if role in EMPLOYEES else None


def clause_hash(document: Document, code: str) -> str:
    """Name what a clause says, in words and in rules: equal in every version that says the same."""
    clause = document.clause(code) or Clause(code)
    rules = sorted(canonical(rule_values(rule)) for rule in document.rules if rule.clause == code)
    said = {"code": code, "title": clause.title, "text": clause.text, "rules": [one.decode() for one in rules]}
    return hashlib.sha256(canonical(said)).hexdigest()


def codes_of(document: Document) -> tuple[str, ...]:
    """Every clause that has words or rules."""
    named = {clause.code for clause in document.clauses} | {rule.clause for rule in document.rules if rule.clause}
    return tuple(sorted(named))


def unsigned(cares: Iterable[Care]) -> int:
    """How many clauses miss the signature of a leader or of an employee."""
    return sum(not care.is_signed for care in cares)
