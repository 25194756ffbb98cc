"""What was offered and given to make a case good."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, JSONText, UTCDateTime, intpk
from app.kernel.references import ref
from app.remedies.attempt_models import RefusedOffer as RefusedOffer
from app.remedies.choice_models import RemedyOption as RemedyOption
from app.remedies.redress_models import Entitlement as Entitlement
from app.remedies.redress_models import RedressFinding as RedressFinding
from app.remedies.redress_models import RedressRemedy as RedressRemedy

STATES = ("requested", "reserved", "settled", "declined", "withdrawn", "released", "expired", "reversed")
NATURES = ("goodwill", "redress")


class Remedy(Base):
    """One remedy. `decision` is the receipt: the judge's whole answer under the policy version in force."""

    __tablename__ = "remedy"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("nature IN ('goodwill','redress')", name="nature"),
        CheckConstraint(
            "state IN ('requested','reserved','settled','declined','withdrawn','released','expired','reversed')",
            name="state",
        ),
        Index("ix_remedy_case", "case_id", "id"),
        Index("ix_remedy_customer", "customer_id", "id"),
        Index("ix_remedy_site", "site_id", "created_at"),
        Index(
            "ix_remedy_expiry",
            "expires_at",
            "id",
            postgresql_where=text("state = 'reserved'"),
            sqlite_where=text("state = 'reserved'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    customer_id: Mapped[int | None] = mapped_column(BigId)
    employee_id: Mapped[int | None] = mapped_column(BigId)
    site_id: Mapped[int] = mapped_column(BigId)
    team_id: Mapped[int | None] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(40))
    nature: Mapped[str] = mapped_column(String(10))
    amount_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text, default="")
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSONText)
    policy_version_id: Mapped[int | None] = mapped_column(BigId)
    exception_id: Mapped[int | None] = mapped_column(BigId, unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    historic: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(BigId, default=1)

    @property
    def ref(self) -> str:
        return ref("remedy", self.id)
