"""What a draft holds while it is written, and what a second person said about it.

A review names the document's version that it read. Every change moves that version on, so a review is void after any edit,
and the database itself publishes nothing without a review of exactly what stands there.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, CheckConstraint, ForeignKey, Index, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only
from app.policies import models as _versions  # noqa: F401 - the table that both of these name


class PolicyDocument(Base):
    """The words and rules of one policy version; frozen with the version when it is published.

    content: app.policies.document_rules.Document as plain values. authors: labels of everybody who wrote in it.
    """

    __tablename__ = "policy_document"
    __table_args__ = (CheckConstraint("(discarded_at IS NULL) = (discarded_by IS NULL)", name="discarded"),)

    version_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("policy_version.id"), primary_key=True, autoincrement=False
    )
    content: Mapped[dict[str, Any]] = mapped_column(JSONText)
    authors: Mapped[list[str]] = mapped_column(JSONText)
    version: Mapped[int] = mapped_column(BigId, default=1)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    discarded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    discarded_by: Mapped[str | None] = mapped_column(String(60))


class PolicyReview(Base):
    """What a second person decided about one state of a draft; a later one stands beside it."""

    __tablename__ = "policy_review"
    __table_args__ = (
        CheckConstraint("outcome IN ('approved','returned')", name="outcome"),
        Index("ix_policy_review_version", "version_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("policy_document.version_id"))
    document_version: Mapped[int] = mapped_column(BigId)
    content_hash: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(PolicyReview.__table__, keys=("id",))  # type: ignore[arg-type]

_PUBLISHED = "EXISTS (SELECT 1 FROM policy_version WHERE id = OLD.version_id AND state = 'published')"
_UNREVIEWED = (
    "NEW.state = 'published' AND OLD.state <> 'published' AND NOT EXISTS (SELECT 1 FROM policy_review r "
    "JOIN policy_document d ON d.version_id = r.version_id AND d.version = r.document_version "
    "WHERE r.version_id = NEW.id AND r.outcome = 'approved' AND r.content_hash = NEW.content_hash)"
)
_FROZEN = "SELECT RAISE(ABORT, 'policy_document is append-only')"
DOCUMENT_TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER policy_document_frozen_update BEFORE UPDATE ON policy_document "
        f"WHEN {_PUBLISHED} OR NEW.version <> OLD.version + 1 BEGIN {_FROZEN}; END",
        f"CREATE TRIGGER policy_document_no_delete BEFORE DELETE ON policy_document BEGIN {_FROZEN}; END",
        "CREATE TRIGGER policy_document_no_replace BEFORE INSERT ON policy_document "  # noqa: S608 - names of this code
        f"WHEN EXISTS (SELECT 1 FROM policy_document WHERE version_id = NEW.version_id) BEGIN {_FROZEN}; END",
        f"CREATE TRIGGER policy_version_unreviewed BEFORE UPDATE ON policy_version WHEN {_UNREVIEWED} "
        "BEGIN SELECT RAISE(ABORT, 'policy_version is published without a review'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION makegood_keep_document() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_PUBLISHED} OR NEW.version <> OLD.version + 1 THEN "
        "RAISE EXCEPTION 'policy_document is append-only' USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER policy_document_frozen_update BEFORE UPDATE ON policy_document "
        "FOR EACH ROW EXECUTE FUNCTION makegood_keep_document()",
        "CREATE TRIGGER policy_document_no_delete BEFORE DELETE ON policy_document "
        "FOR EACH ROW EXECUTE FUNCTION makegood_refuse()",
        "CREATE TRIGGER policy_document_no_truncate BEFORE TRUNCATE ON policy_document "
        "FOR EACH STATEMENT EXECUTE FUNCTION makegood_refuse()",
        "CREATE OR REPLACE FUNCTION makegood_ask_review() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_UNREVIEWED} THEN RAISE EXCEPTION 'policy_version is published without a review' "
        "USING ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER policy_version_unreviewed BEFORE UPDATE ON policy_version "
        "FOR EACH ROW EXECUTE FUNCTION makegood_ask_review()",
    ),
}

# The triggers name both tables; the review's is made last, since it refers to the document.
for _dialect, _statements in DOCUMENT_TRIGGERS.items():
    for _statement in _statements:
        event.listen(
            PolicyReview.__table__, "after_create", DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect)
        )
