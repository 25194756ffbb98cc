"""Digests by which customers, and employees who are customers, are found. Technical: all can be made again from their rows."""

from typing import Any

from sqlalchemy import Connection, Index, delete, event, insert, inspect
from sqlalchemy.orm import Mapped, mapped_column

from app.customers.rules import email_key
from app.kernel import personal
from app.kernel.database import Base, BigId
from app.people.models import Employee


class CustomerToken(Base):
    """What a customer is found by while typing.

    site_id: the customer's, 0 for one of every site; it narrows a search inside the index.
    """

    __tablename__ = "customer_token"
    __table_args__ = (Index("ix_customer_token_customer", "customer_id"), {"sqlite_with_rowid": False})

    digest: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    site_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)


class EmployeeDigest(Base):
    """The address of an employee as customers' are looked up by: nobody decides about their own case as a customer."""

    __tablename__ = "employee_digest"
    __table_args__ = (Index("ix_employee_digest", "digest"),)

    employee_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    digest: Mapped[int] = mapped_column(BigId)


@event.listens_for(Employee, "after_insert")
@event.listens_for(Employee, "after_update")
def _follow(_mapper: Any, connection: Connection, employee: Employee) -> None:
    """Keep the digest with the address, whoever writes it."""
    if inspect(employee).attrs.email.history.has_changes():
        digest_employee(connection, employee.id, employee.email)


def digest_employee(connection: Any, employee_id: int, email: str) -> None:
    connection.execute(delete(EmployeeDigest).where(EmployeeDigest.employee_id == employee_id))
    found = personal.digest(f"email:{email_key(email)}", personal.configured())
    connection.execute(insert(EmployeeDigest), [{"employee_id": employee_id, "digest": found}])
