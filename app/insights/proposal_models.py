"""Proposals for a higher limit that somebody made a draft of, with what they stood on."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.triggers import append_only


class LimitProposal(Base):
    """A band whose requests were always granted, accepted as a draft. band: its key; evidence: its figures then."""

    __tablename__ = "limit_proposal"
    __table_args__ = (
        CheckConstraint("limit_minor > 0", name="limit"),
        Index("ix_limit_proposal_band", "band", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    band: Mapped[str] = mapped_column(String(200))
    limit_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONText)
    version_id: Mapped[int] = mapped_column(BigId, ForeignKey("policy_version.id"))
    accepted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    accepted_by: Mapped[str] = mapped_column(String(60))


append_only(LimitProposal.__table__, keys=("id",))  # type: ignore[arg-type]
