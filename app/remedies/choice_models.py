"""Offers of which the customer takes one."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime


class RemedyOption(Base):
    """One offer among several; choice_id is the first of them. When one is taken, the others are released."""

    __tablename__ = "remedy_option"
    __table_args__ = (
        Index("ix_remedy_option_choice", "choice_id", "remedy_id"),
        Index("ix_remedy_option_case", "case_id", "remedy_id"),
    )

    remedy_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"), primary_key=True, autoincrement=False)
    choice_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    made_by_id: Mapped[int | None] = mapped_column(BigId)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
