"""How a settled amount reaches the customer: payouts, their history, what providers told, and which way is taken where."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref
from app.kernel.triggers import append_only

OPEN = text("state IN ('pending','sent','failed')")


class Payout(Base):
    """One remedy's payout; there is never a second one for it.

    key: what a provider knows it by; the same in every try. round: rises only after a definite refusal, so that a
    provider that keeps refusals may be asked anew. is_unknown: the last try of this round may have paid or not.
    """

    __tablename__ = "payout"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("connector IN ('manual','webhook','stripe')", name="connector"),
        CheckConstraint("state IN ('pending','sent','confirmed','failed','given_up','cancelled')", name="state"),
        CheckConstraint("round >= 1", name="round"),
        Index("ix_payout_case", "case_id", "id"),
        Index("ix_payout_site", "site_id", "id"),
        Index("ix_payout_open", "state", "site_id", "id", sqlite_where=OPEN, postgresql_where=OPEN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    remedy_id: Mapped[int] = mapped_column(BigId, ForeignKey("remedy.id"), unique=True)
    case_id: Mapped[int] = mapped_column(BigId)
    site_id: Mapped[int] = mapped_column(BigId)
    kind: Mapped[str] = mapped_column(String(40))
    amount_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    connector: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(60), unique=True)
    round: Mapped[int] = mapped_column(BigId, default=1)
    state: Mapped[str] = mapped_column(String(10))
    is_unknown: Mapped[bool] = mapped_column(Boolean, default=False)
    by_hand: Mapped[bool] = mapped_column(Boolean, default=False)
    payment_ref: Mapped[str | None] = mapped_column(String(80))
    provider_ref: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def ref(self) -> str:
        return ref("payout", self.id)


class PayoutEvent(Base):
    """One line of a payout's history: who did or told what, with the reference that proves it."""

    __tablename__ = "payout_event"
    __table_args__ = (
        CheckConstraint(
            "what IN ('created','payment','sent','waiting','confirmed','failed','retried','given_up','cancelled','proved','twice')",
            name="what",
        ),
        Index("ix_payout_event_payout", "payout_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    payout_id: Mapped[int] = mapped_column(BigId, ForeignKey("payout.id"))
    what: Mapped[str] = mapped_column(String(10))
    round: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_id: Mapped[int | None] = mapped_column(BigId)
    reference: Mapped[str | None] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(String(500))


class PayoutNotice(Base):
    """What a provider told by itself, kept by its own number, so that the same message counts once."""

    __tablename__ = "payout_notice"
    __table_args__ = (
        UniqueConstraint("provider", "event_ref"),
        Index("ix_payout_notice_payout", "payout_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    provider: Mapped[str] = mapped_column(String(20))
    event_ref: Mapped[str] = mapped_column(String(120))
    payout_id: Mapped[int] = mapped_column(BigId, ForeignKey("payout.id"))
    object_ref: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(20))
    told_at: Mapped[datetime] = mapped_column(UTCDateTime)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PayoutLook(Base):
    """When a provider was last asked how a payout stands whose end it never told, and when it is asked again.

    count: how often it was asked in this round; error: why the last look told nothing.
    """

    __tablename__ = "payout_look"
    __table_args__ = (CheckConstraint("count >= 1", name="count"), Index("ix_payout_look_due", "due_at", "payout_id"))

    payout_id: Mapped[int] = mapped_column(BigId, ForeignKey("payout.id"), primary_key=True, autoincrement=False)
    round: Mapped[int] = mapped_column(BigId)
    count: Mapped[int] = mapped_column(BigId)
    looked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(String(300))


class PayoutRoute(Base):
    """Which connector pays a kind of remedy at a site; None means any. The narrower route holds."""

    __tablename__ = "payout_route"
    __table_args__ = (
        CheckConstraint("connector IN ('manual','webhook','stripe')", name="connector"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(60), unique=True)
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"))
    kind: Mapped[str | None] = mapped_column(String(40))
    connector: Mapped[str] = mapped_column(String(20))


# A note may be taken out again when somebody's data has to go; what was done, when and under which number stays.
NOTE_TAKEN_OUT = (
    "NEW.note IS NULL AND NEW.id = OLD.id AND NEW.payout_id = OLD.payout_id AND NEW.what = OLD.what "
    "AND NEW.round = OLD.round AND NEW.at = OLD.at AND coalesce(NEW.actor_id, 0) = coalesce(OLD.actor_id, 0) "
    "AND coalesce(NEW.reference, '') = coalesce(OLD.reference, '')"
)
append_only(PayoutEvent.__table__, update_allowed_when=NOTE_TAKEN_OUT)  # type: ignore[arg-type]
append_only(PayoutNotice.__table__, keys=("id",))  # type: ignore[arg-type]
