"""Who looked at a customer's details last when; what is shown of it stands in the trail."""

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class CustomerLook(Base):
    """The last day (UTC) on which a look of this reader became an entry: one row per reader and customer, however often."""

    __tablename__ = "customer_look"

    customer_id: Mapped[int] = mapped_column(BigId, ForeignKey("customer.id"), primary_key=True, autoincrement=False)
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    day: Mapped[date]
