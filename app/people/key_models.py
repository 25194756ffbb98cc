"""The keys under which words about employees are sealed."""

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class EmployeeKey(Base):
    """An employee's key, wrapped under a secret of the configuration; made with the first word. data_key: NULL when destroyed."""

    __tablename__ = "employee_key"

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    data_key: Mapped[str | None] = mapped_column(Text)
