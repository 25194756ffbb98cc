"""Reading the charter: versions, what was said about them and who agreed."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from app.kernel.database import db
from app.people.models import Employee
from app.reviews.charter_models import CharterApproval, CharterComment, CharterVersion
from app.reviews.charter_rules import Clause, clause_of


@dataclass(frozen=True, slots=True)
class CharterRow:
    """A version of the charter as it stands."""

    id: int
    number: int
    state: str
    clauses: tuple[Clause, ...]
    authors: tuple[int, ...]
    drafted_at: datetime
    comments_until: date | None
    published_at: datetime | None
    content_hash: str
    version: int

    def clause(self, code: str) -> Clause | None:
        return next((one for one in self.clauses if one.code == code), None)


@dataclass(frozen=True, slots=True)
class CommentRow:
    code: str
    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    employee_id: int
    name: str
    side: str
    content_hash: str
    at: datetime


def versions() -> tuple[CharterRow, ...]:
    """Every version, the newest first; a charter has few."""
    rows = db.session.scalars(select(CharterVersion).order_by(CharterVersion.number.desc()).limit(100))
    return tuple(row_of(row) for row in rows)


def version(number: int) -> CharterRow | None:
    row = db.session.scalars(select(CharterVersion).where(CharterVersion.number == number)).first()
    return row_of(row) if row else None


def by_ids(ids: set[int]) -> dict[int, CharterRow]:
    """Versions by id, also old ones: a conduct item keeps the version that it was written under."""
    rows = db.session.scalars(select(CharterVersion).where(CharterVersion.id.in_(ids))) if ids else ()
    return {row.id: row_of(row) for row in rows}


def in_force() -> CharterRow | None:
    newest = select(CharterVersion).where(CharterVersion.state == "published").order_by(CharterVersion.number.desc())
    row = db.session.scalars(newest.limit(1)).first()
    return row_of(row) if row else None


def comments(version_id: int) -> tuple[CommentRow, ...]:
    rows = db.session.execute(
        select(CharterComment.code, Employee.name, CharterComment.text, CharterComment.at)
        .join(Employee, Employee.id == CharterComment.author_id)
        .where(CharterComment.version_id == version_id)
        .order_by(CharterComment.id)
        .limit(500)
    )
    return tuple(CommentRow(*row) for row in rows)


def approvals(version_id: int) -> tuple[ApprovalRow, ...]:
    """Who agreed to any wording of this version; only those to the present one count."""
    rows = db.session.execute(
        select(
            CharterApproval.employee_id, Employee.name, CharterApproval.side, CharterApproval.content_hash,
            CharterApproval.at,
        )
        .join(Employee, Employee.id == CharterApproval.employee_id)
        .where(CharterApproval.version_id == version_id)
        .order_by(CharterApproval.id)
    )  # fmt: skip
    return tuple(ApprovalRow(*row) for row in rows)


def row_of(row: CharterVersion) -> CharterRow:
    return CharterRow(
        row.id, row.number, row.state, tuple(clause_of(one) for one in row.clauses), tuple(row.authors),
        row.drafted_at, row.comments_until, row.published_at, row.content_hash, row.version,
    )  # fmt: skip
