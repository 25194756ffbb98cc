"""What a version of the charter says, whose agreement it needs, and which clauses wait for a second look. Pure.

Clauses with owner and review-by date, a comment round before publishing, and the
agreement of a leader and of an employee; past decisions keep the version that was in force.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from app.audit.rules import canonical

COMMENT_DAYS_MIN = 7
CODE = re.compile(r"[a-z][a-z0-9-]{1,39}")
TITLE_MAX, TEXT_MAX = 120, 2_000
LEADERS, EMPLOYEES = ("supervisor", "manager"), ("frontline",)
Stage = Literal["draft", "comments", "published"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause. owner_id cares for it; review_by: the day by which it is looked at again."""

    code: str
    title: str
    text: str
    owner_id: int | None
    review_by: date | None

    def plain(self) -> dict[str, Any]:
        return {**asdict(self), "review_by": self.review_by.isoformat() if self.review_by else None}

    def is_overdue(self, today: date) -> bool:
        return self.review_by is not None and self.review_by < today


def clause_of(plain: dict[str, Any]) -> Clause:
    day = plain.get("review_by")
    return Clause(
        plain["code"], plain["title"], plain["text"], plain.get("owner_id"), date.fromisoformat(day) if day else None
    )


def content_hash(clauses: Sequence[Clause]) -> str:
    """Name what a version says; an agreement counts for exactly this."""
    return hashlib.sha256(canonical([clause.plain() for clause in clauses])).hexdigest()


def side_of(role: str | None) -> str | None:
    """Whose agreement a role gives; HR writes the charter and agrees for nobody."""
    if role in LEADERS:
        return "leader"
    return "employee" if role in EMPLOYEES else None


def missing_sides(sides: Iterable[str]) -> list[str]:
    """Which agreements a version still needs."""
    found = set(sides)
    return [side for side in ("leader", "employee") if side not in found]
