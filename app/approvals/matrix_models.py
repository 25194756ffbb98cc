"""The delegation-of-authority matrix, version by version."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import frozen_when


class ApprovalMatrix(Base):
    """One version of the matrix. A published one is frozen, and whoever wrote in it can't be its publisher.

    number: 1, 2, 3 … in the order of publication; a draft has none yet. author_ids: everybody who wrote in the draft.
    """

    __tablename__ = "approval_matrix"
    __table_args__ = (
        CheckConstraint("state IN ('draft','published')", name="state"),
        CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL AND published_by_id IS NOT NULL AND number IS NOT NULL)",
            name="published",
        ),
        CheckConstraint("published_by_id IS NULL OR published_by_id <> made_by_id", name="four_eyes"),
        Index(
            "uq_approval_matrix_draft",
            "state",
            unique=True,
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    number: Mapped[int | None] = mapped_column(BigId, unique=True)
    state: Mapped[str] = mapped_column(String(10))
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONText)
    author_ids: Mapped[list[int]] = mapped_column(JSONText)
    made_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    published_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)


frozen_when(ApprovalMatrix.__table__, "OLD.state = 'published'")  # type: ignore[arg-type]
