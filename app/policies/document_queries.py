"""Reads over drafts, their reviews, and what a policy may name."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.kernel.database import db
from app.kernel.references import ref
from app.people import queries as people
from app.people.certificate_queries import certificates
from app.people.models import Employee
from app.people.permissions import PERMISSIONS
from app.policies import hooks, queries
from app.policies.document_models import PolicyDocument, PolicyReview
from app.policies.document_rules import Document, document_of
from app.policies.known_rules import Known, KnownKind, KnownSite, KnownTeam
from app.policies.models import PolicyVersion

# Stages in which everybody who works under a policy may read it: in force or past, or about to be reviewed.
READ_BY_ALL = ("published", "asked", "reviewed")


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """What somebody decided about one state of a draft."""

    document_version: int
    outcome: str
    note: str
    reviewer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A policy version as its editors see it. `version` is what optimistic locking compares."""

    id: int
    number: int
    state: str
    valid_from: datetime
    published_at: datetime | None
    content_hash: str
    document: Document
    version: int
    authors: tuple[str, ...]
    changed_at: datetime
    changed_by: str
    asked_at: datetime | None
    discarded_at: datetime | None
    reviews: tuple[ReviewRow, ...]
    is_editable: bool

    @property
    def ref(self) -> str:
        return ref("policy", self.id)

    @property
    def review(self) -> ReviewRow | None:
        """The newest review of exactly what stands there now."""
        return next((one for one in self.reviews if one.document_version == self.version), None)

    @property
    def stage(self) -> str:
        """Where the version is on its way: draft, asked, returned, reviewed, published or discarded."""
        if self.state == "published":
            return "published"
        if self.discarded_at is not None:
            return "discarded"
        if self.review is not None:
            return "reviewed" if self.review.outcome == "approved" else "returned"
        return "asked" if self.asked_at is not None else "draft"


_DOCUMENT = tuple(getattr(PolicyDocument, name) for name in (
    "content", "authors", "version", "changed_at", "changed_by", "asked_at", "discarded_at",
))  # fmt: skip


def document(version_id: int) -> DocumentRow | None:
    """One version with its document and reviews, newest review first."""
    row = db.session.execute(
        select(
            PolicyVersion.number, PolicyVersion.state, PolicyVersion.valid_from, PolicyVersion.published_at,
            PolicyVersion.content_hash, PolicyVersion.title, PolicyVersion.source, PolicyVersion.created_at, *_DOCUMENT,
        )
        .outerjoin(PolicyDocument, PolicyDocument.version_id == PolicyVersion.id)
        .where(PolicyVersion.id == version_id)
    ).first()  # fmt: skip
    if row is None:
        return None
    # A version of before there were documents: its rules stand in their table, and only a copy of it can be changed.
    written = row.content is not None
    document = (
        document_of(row.content)
        if written
        else Document(row.title, row.source).with_rules(queries.rules_of(version_id))
    )
    return DocumentRow(
        id=version_id,
        number=row.number,
        state=row.state,
        valid_from=row.valid_from,
        published_at=row.published_at,
        content_hash=row.content_hash,
        document=document,
        version=row.version or 1,
        authors=tuple(row.authors or ()),
        changed_at=row.changed_at or row.created_at,
        changed_by=row.changed_by or "",
        asked_at=row.asked_at,
        discarded_at=row.discarded_at,
        reviews=reviews(version_id),
        is_editable=written and row.state == "draft" and row.discarded_at is None,
    )


def reviews(version_id: int) -> tuple[ReviewRow, ...]:
    """Every review of a version, newest first."""
    rows = db.session.execute(
        select(
            PolicyReview.document_version, PolicyReview.outcome, PolicyReview.note, PolicyReview.reviewer,
            PolicyReview.at,
        )
        .where(PolicyReview.version_id == version_id)
        .order_by(PolicyReview.id.desc())
        .limit(50)
    )  # fmt: skip
    return tuple(ReviewRow(*row) for row in rows)


def stages(version_ids: list[int]) -> dict[int, str]:
    """Where each of these drafts is on its way, in two queries."""
    documents = db.session.execute(
        select(
            PolicyDocument.version_id, PolicyDocument.version, PolicyDocument.asked_at, PolicyDocument.discarded_at
        ).where(PolicyDocument.version_id.in_(version_ids))
    ).all()
    newest: dict[tuple[int, int], str] = {}
    for row in db.session.execute(
        select(PolicyReview.version_id, PolicyReview.document_version, PolicyReview.outcome)
        .where(PolicyReview.version_id.in_(version_ids))
        .order_by(PolicyReview.id)
    ):
        newest[row.version_id, row.document_version] = "reviewed" if row.outcome == "approved" else "returned"
    return {
        row.version_id: "discarded"
        if row.discarded_at is not None
        else newest.get((row.version_id, row.version), "asked" if row.asked_at is not None else "draft")
        for row in documents
    }


def under_review() -> tuple[tuple[int, str], ...]:
    """Drafts whose review was asked for and that aren't published yet: (id, title), the newest first."""
    rows = db.session.execute(
        select(PolicyVersion.id, PolicyVersion.title)
        .join(PolicyDocument, PolicyDocument.version_id == PolicyVersion.id)
        .where(
            PolicyVersion.state == "draft", PolicyDocument.asked_at.is_not(None), PolicyDocument.discarded_at.is_(None)
        )
        .order_by(PolicyVersion.number.desc())
        .limit(20)
    )
    found = tuple((row.id, row.title) for row in rows)
    said = stages([version_id for version_id, _title in found])
    return tuple(one for one in found if said[one[0]] in READ_BY_ALL)


def reviewers() -> tuple[int, ...]:
    """Who is told that a draft waits for its review: the active people who may also publish it."""
    roles = tuple(PERMISSIONS["policies.publish"])
    return tuple(
        db.session.scalars(
            select(Employee.id).where(Employee.role.in_(roles), Employee.deactivated_at.is_(None)).limit(50)
        )
    )


def known() -> Known:
    """Everything that a policy may name today."""
    return Known(
        sites={
            site.id: KnownSite(site.id, site.code, site.name, site.currency, site.time_zone) for site in people.sites()
        },
        teams={team.id: KnownTeam(team.id, team.site_id, team.name) for team in people.teams()},
        kinds={kind.code: KnownKind(kind.code, kind.name, kind.monetary, kind.active) for kind in queries.kinds()},
        categories={category.id: category for source in hooks.categories for category in source()},
        certificates={row.code: row.name for row in certificates()},
    )
