"""Reads of the matrix: the version in force, the draft, all versions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.approvals.matrix_document_rules import Known, rows_of
from app.approvals.matrix_models import ApprovalMatrix
from app.approvals.matrix_rules import MatrixRow
from app.cases.models import Category
from app.kernel.database import db
from app.people.models import Employee, Site, Team
from app.people.permissions import PERMISSIONS
from app.policies.models import RemedyKind


@dataclass(frozen=True, slots=True)
class MatrixVersion:
    """One version with its rows as they are stored."""

    id: int
    number: int | None
    state: str
    stored: list[dict[str, Any]]
    author_ids: list[int]
    made_by_id: int
    made_at: datetime
    published_by_id: int | None
    published_at: datetime | None
    version: int

    @property
    def rows(self) -> tuple[MatrixRow, ...]:
        return rows_of(self.stored)

    @property
    def is_draft(self) -> bool:
        return self.state == "draft"


_COLUMNS = (
    ApprovalMatrix.id, ApprovalMatrix.number, ApprovalMatrix.state, ApprovalMatrix.rows, ApprovalMatrix.author_ids,
    ApprovalMatrix.made_by_id, ApprovalMatrix.made_at, ApprovalMatrix.published_by_id, ApprovalMatrix.published_at,
    ApprovalMatrix.version,
)  # fmt: skip


def in_force() -> MatrixVersion | None:
    """Return the newest published version, or None before the first: then one supervisor or manager decides."""
    statement = select(*_COLUMNS).where(ApprovalMatrix.state == "published")
    row = db.session.execute(statement.order_by(ApprovalMatrix.number.desc()).limit(1)).first()
    return MatrixVersion(*row) if row else None


def draft() -> MatrixVersion | None:
    row = db.session.execute(select(*_COLUMNS).where(ApprovalMatrix.state == "draft")).first()
    return MatrixVersion(*row) if row else None


def versions(limit: int = 50) -> tuple[MatrixVersion, ...]:
    """Return the published versions, newest first."""
    statement = select(*_COLUMNS).where(ApprovalMatrix.state == "published").order_by(ApprovalMatrix.number.desc())
    return tuple(MatrixVersion(*row) for row in db.session.execute(statement.limit(limit)))


@dataclass(frozen=True, slots=True)
class Around:
    """What the rows of a matrix may name, and how those are called."""

    known: Known
    sites: dict[int, str]
    teams: dict[int, str]
    kinds: dict[str, str]
    categories: dict[int, str]
    people: dict[int, str]
    currencies: list[str]


def around() -> Around:
    """Read what the rows of a matrix may name; five queries, whatever is asked of it afterwards."""
    reach = PERMISSIONS["exceptions.decide"]
    people = db.session.execute(
        select(Employee.id, Employee.name, Employee.job_title, Employee.role)
        .where(Employee.deactivated_at.is_(None))
        .order_by(Employee.name, Employee.id)
    ).all()
    sites = db.session.execute(select(Site.id, Site.name, Site.currency).order_by(Site.name)).all()
    teams = db.session.execute(select(Team.id, Team.name, Team.site_id).order_by(Team.name, Team.id)).all()
    kinds = db.session.execute(select(RemedyKind.code, RemedyKind.name).order_by(RemedyKind.id)).all()
    categories = db.session.execute(select(Category.id, Category.name).order_by(Category.name, Category.id)).all()
    deciders = {row.id: row.name for row in people if row.role in reach}
    return Around(
        known=Known(
            roles=frozenset(reach),
            asking_roles=frozenset(PERMISSIONS["exceptions.ask"]),
            titles=frozenset(row.job_title.strip() for row in people if row.job_title.strip()),
            person_ids=frozenset(deciders),
            site_ids=frozenset(row.id for row in sites),
            team_sites={row.id: row.site_id for row in teams},
            kinds=frozenset(row.code for row in kinds),
            category_ids=frozenset(row.id for row in categories),
        ),
        sites={row.id: row.name for row in sites},
        teams={row.id: row.name for row in teams},
        kinds={row.code: row.name for row in kinds},
        categories={row.id: row.name for row in categories},
        people=deciders,
        currencies=sorted({row.currency for row in sites}),
    )
