"""Customers, and the digests they are found by; the names of the room's other tables stand here too."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.customers.care_models import CustomerConsent as CustomerConsent
from app.customers.care_models import CustomerPreference as CustomerPreference
from app.customers.care_models import CustomerValue as CustomerValue
from app.customers.check_back_models import CheckBack as CheckBack
from app.customers.identity_models import CustomerToken as CustomerToken
from app.customers.identity_models import EmployeeDigest as EmployeeDigest
from app.customers.look_models import CustomerLook as CustomerLook
from app.customers.merge_models import CustomerMerge as CustomerMerge
from app.customers.segment_models import CustomerSegment as CustomerSegment
from app.kernel import personal
from app.kernel.database import Base, BigId, UTCDateTime, intpk

personal.ERASED["customer.name"] = _l("Erased customer")
_ERASED = (
    "(data_key IS NULL) = (name_sealed IS NULL) AND (data_key IS NULL) = (name_digest IS NULL) "
    "AND (data_key IS NOT NULL OR (email_sealed IS NULL AND phone_sealed IS NULL)) "
    "AND (email_sealed IS NULL) = (email_digest IS NULL) AND (phone_sealed IS NULL) = (phone_digest IS NULL)"
)


class Customer(Base):
    """A person or company that something went wrong for.

    Name, e-mail and telephone are sealed under the customer's own key, which is kept wrapped. They are read as `name`, `email`
    and `phone`, also among the columns of a query; they are looked up by their digests. Without a key the customer is erased.
    """

    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint(_ERASED, name="erased"),
        Index("ix_customer_name_digest", "name_digest"),
        Index("ix_customer_email_digest", "email_digest"),
        Index("ix_customer_phone_digest", "phone_digest"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    language: Mapped[str | None] = mapped_column(String(12))
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)
    name_sealed: Mapped[str | None] = mapped_column(Text)
    email_sealed: Mapped[str | None] = mapped_column(Text)
    phone_sealed: Mapped[str | None] = mapped_column(Text)
    name_digest: Mapped[int | None] = mapped_column(BigId)
    email_digest: Mapped[int | None] = mapped_column(BigId)
    phone_digest: Mapped[int | None] = mapped_column(BigId)
    data_key: Mapped[str | None] = mapped_column(Text)

    @hybrid_property
    def name(self) -> str:
        return personal.read("customer.name", self.id, self.data_key, self.name_sealed) or ""

    @name.inplace.expression
    @classmethod
    def _name(cls) -> Any:
        return personal.opened("customer.name", cls.id, cls.data_key, cls.name_sealed)

    @hybrid_property
    def email(self) -> str | None:
        return personal.read("customer.email", self.id, self.data_key, self.email_sealed)

    @email.inplace.expression
    @classmethod
    def _email(cls) -> Any:
        return personal.opened("customer.email", cls.id, cls.data_key, cls.email_sealed)

    @hybrid_property
    def phone(self) -> str | None:
        return personal.read("customer.phone", self.id, self.data_key, self.phone_sealed)

    @phone.inplace.expression
    @classmethod
    def _phone(cls) -> Any:
        return personal.opened("customer.phone", cls.id, cls.data_key, cls.phone_sealed)
