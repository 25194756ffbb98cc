"""Who refused first what was granted later: a granted appeal is to the credit of the first person."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime


class ExceptionCredit(Base):
    """An approved exception in a case that `employee_id` had closed with a no at `refused_at`, inside the rules they had."""

    __tablename__ = "exception_credit"
    __table_args__ = (Index("ix_exception_credit_employee", "employee_id", "at"),)

    exception_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("exception_request.id"), primary_key=True, autoincrement=False
    )
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    refused_at: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
