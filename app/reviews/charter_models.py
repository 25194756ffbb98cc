"""The charter: what fair conduct is, in versions that are talked about before they hold and never change afterwards."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only, frozen_when


class CharterVersion(Base):
    """One version. clauses: a list of {code, title, text, owner_id, review_by}; frozen with the version.

    authors: ids of everybody who wrote in it. comments_until: the last day of the comment round, once it was opened.
    content_version moves with every change of the words, so that an approval counts for what was read.
    """

    __tablename__ = "charter_version"
    __table_args__ = (
        CheckConstraint("state IN ('draft','comments','published')", name="state"),
        CheckConstraint("(state = 'published') = (published_at IS NOT NULL)", name="published"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    number: Mapped[int] = mapped_column(BigId, unique=True)
    state: Mapped[str] = mapped_column(String(10), default="draft")
    clauses: Mapped[list[dict[str, Any]]] = mapped_column(JSONText)
    authors: Mapped[list[int]] = mapped_column(JSONText)
    drafted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    comments_until: Mapped[date | None] = mapped_column(Date)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(BigId, default=1)


class CharterComment(Base):
    """What somebody says about a clause during the comment round."""

    __tablename__ = "charter_comment"
    __table_args__ = (Index("ix_charter_comment_version", "version_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("charter_version.id"))
    code: Mapped[str] = mapped_column(String(40))
    author_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class CharterApproval(Base):
    """Somebody who didn't write it read this content and agrees; mark names content and person."""

    __tablename__ = "charter_approval"
    __table_args__ = (
        CheckConstraint("side IN ('leader','employee')", name="side"),
        Index("ix_charter_approval_version", "version_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("charter_version.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    side: Mapped[str] = mapped_column(String(10))
    mark: Mapped[str] = mapped_column(String(100), unique=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


frozen_when(CharterVersion.__table__, "OLD.state = 'published'")  # type: ignore[arg-type]
append_only(CharterComment.__table__)  # type: ignore[arg-type]
append_only(CharterApproval.__table__, keys=("id", "mark"))  # type: ignore[arg-type]
