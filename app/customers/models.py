"""Customers and the search index over them; the names of the room's other tables stand here too."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.customers.care_models import CustomerConsent as CustomerConsent
from app.customers.care_models import CustomerPreference as CustomerPreference
from app.customers.care_models import CustomerValue as CustomerValue
from app.customers.check_back_models import CheckBack as CheckBack
from app.customers.merge_models import CustomerMerge as CustomerMerge
from app.customers.merge_models import CustomerTwo as CustomerTwo
from app.customers.segment_models import CustomerSegment as CustomerSegment
from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.search import WordIndex


class Customer(Base):
    """A person or company that something went wrong for. `name_key` and the contact keys are what typing is compared with."""

    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_name_key", "name_key", "id"),
        Index("ix_customer_email", "email"),
        Index("ix_customer_phone", "phone"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(String(160))
    email: Mapped[str | None] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str | None] = mapped_column(String(12))
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)


CUSTOMER_SEARCH = WordIndex("customer_search")
CUSTOMER_SEARCH.beside(Customer.__table__)  # type: ignore[arg-type]
