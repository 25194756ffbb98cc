"""Reads over policies and the remedy catalogue. A published version never changes, so its rules are kept in memory."""

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import select

from app.kernel.database import db
from app.kernel.references import ref
from app.policies.document_models import PolicyDocument
from app.policies.document_rules import document_of
from app.policies.models import AuthorityRule, PolicyVersion, RemedyKind
from app.policies.rules import Rule


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A policy version as pages show it."""

    id: int
    number: int
    title: str
    source: str
    state: str
    valid_from: datetime
    published_at: datetime | None
    content_hash: str

    @property
    def ref(self) -> str:
        return ref("policy", self.id)


@dataclass(frozen=True, slots=True)
class KindRow:
    id: int
    code: str
    name: str
    monetary: bool
    active: bool
    version: int


@dataclass(frozen=True, slots=True)
class InForce:
    """The version in force at an instant, with its rules."""

    version: VersionRow
    rules: tuple[Rule, ...]


_VERSION = (
    PolicyVersion.id,
    PolicyVersion.number,
    PolicyVersion.title,
    PolicyVersion.source,
    PolicyVersion.state,
    PolicyVersion.valid_from,
    PolicyVersion.published_at,
    PolicyVersion.content_hash,
)


KIND_COLUMNS = (
    RemedyKind.id, RemedyKind.code, RemedyKind.name, RemedyKind.monetary, RemedyKind.active, RemedyKind.version,
)  # fmt: skip


def version_in_force(at: datetime) -> InForce | None:
    """The newest published version that is valid at `at`, or None before the first."""
    statement = (
        select(*_VERSION)
        .where(PolicyVersion.state == "published", PolicyVersion.valid_from <= at)
        .order_by(PolicyVersion.valid_from.desc(), PolicyVersion.number.desc())
        .limit(1)
    )
    row = db.session.execute(statement).first()
    return InForce(VersionRow(*row), rules_of(row.id)) if row else None


def next_version(at: datetime) -> VersionRow | None:
    """The published version that starts next after `at`, if one does."""
    statement = (
        select(*_VERSION)
        .where(PolicyVersion.state == "published", PolicyVersion.valid_from > at)
        .order_by(PolicyVersion.valid_from, PolicyVersion.number.desc())
        .limit(1)
    )
    row = db.session.execute(statement).first()
    return VersionRow(*row) if row else None


def published(version_id: int) -> InForce | None:
    """A published version with its rules, in force or not."""
    row = db.session.execute(
        select(*_VERSION).where(PolicyVersion.id == version_id, PolicyVersion.state == "published")
    ).first()
    return InForce(VersionRow(*row), rules_of(version_id)) if row else None


def rules_of(version_id: int) -> tuple[Rule, ...]:
    """The rules of a published version, read once a process; of a draft as they are written now."""
    kept: dict[int, tuple[Rule, ...]] = current_app.extensions.setdefault("makegood_policy_rules", {})
    if version_id not in kept:
        columns = (
            AuthorityRule.id, AuthorityRule.role, AuthorityRule.site_id, AuthorityRule.kind, AuthorityRule.category_id,
            AuthorityRule.severity_min, AuthorityRule.severity_max, AuthorityRule.unit, AuthorityRule.days,
            AuthorityRule.limit_minor, AuthorityRule.currency, AuthorityRule.clause, AuthorityRule.hard,
            AuthorityRule.measure, AuthorityRule.team_id, AuthorityRule.level_min, AuthorityRule.certificate,
            AuthorityRule.segment, AuthorityRule.valid_from, AuthorityRule.valid_to,
        )  # fmt: skip
        rows = db.session.execute(
            select(*columns).where(AuthorityRule.version_id == version_id).order_by(AuthorityRule.id)
        ).all()
        if not rows:
            return drafted_rules(version_id)
        kept[version_id] = tuple(Rule(*row) for row in rows)  # type: ignore[call-arg, arg-type]
    return kept[version_id]


def drafted_rules(version_id: int) -> tuple[Rule, ...]:
    """The rules of a draft as they are written now; no table of published rules holds them, so their ids are their places."""
    content = db.session.scalar(select(PolicyDocument.content).where(PolicyDocument.version_id == version_id))
    return document_of(content).rules if content else ()


def versions() -> tuple[VersionRow, ...]:
    """Every version, newest first."""
    rows = db.session.execute(select(*_VERSION).order_by(PolicyVersion.number.desc()).limit(200))
    return tuple(VersionRow(*row) for row in rows)


def version(version_id: int) -> VersionRow | None:
    row = db.session.execute(select(*_VERSION).where(PolicyVersion.id == version_id)).first()
    return VersionRow(*row) if row else None


def version_id_of(number: str) -> int | None:
    """Return the id of a version by its number as people say it, e.g. "3"."""
    if not (number.isascii() and number.isdecimal()) or len(number) > 17:
        return None
    return db.session.scalar(select(PolicyVersion.id).where(PolicyVersion.number == int(number)))


def kinds(*, active_only: bool = False) -> tuple[KindRow, ...]:
    """The remedy catalogue."""
    statement = select(*KIND_COLUMNS)
    if active_only:
        statement = statement.where(RemedyKind.active.is_(True))
    return tuple(KindRow(*row) for row in db.session.execute(statement.order_by(RemedyKind.id)))


def kind(code: str) -> KindRow | None:
    row = db.session.execute(select(*KIND_COLUMNS).where(RemedyKind.code == code)).first()
    return KindRow(*row) if row else None


def kind_by_id(kind_id: int) -> KindRow | None:
    row = db.session.execute(select(*KIND_COLUMNS).where(RemedyKind.id == kind_id)).first()
    return KindRow(*row) if row else None
