"""Which segment a customer belongs to; at most one, and none until somebody says so."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime


class CustomerSegment(Base):
    """A customer's segment, e.g. "regular", by which an authority rule may be narrowed."""

    __tablename__ = "customer_segment"

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    segment: Mapped[str] = mapped_column(String(40))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime)
    set_by_id: Mapped[int | None] = mapped_column(BigId)
