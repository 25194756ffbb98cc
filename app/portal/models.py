"""Links to a customer's page, what she answered there, and reports that came by a public form."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk

_LIVE = text("revoked_at IS NULL")


class CustomerLink(Base):
    """One link to the page of one case. Its token is signed and kept nowhere; only the newest serial opens anything.

    opened_at: when it was first exchanged for a visit, by the button behind it.
    """

    __tablename__ = "customer_link"
    __table_args__ = (
        CheckConstraint("serial >= 1", name="serial"),
        UniqueConstraint("case_id", "serial"),
        Index("uq_customer_link_live", "case_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    serial: Mapped[int] = mapped_column(BigId)
    made_by_id: Mapped[int | None] = mapped_column(BigId)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    mailed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CustomerAnswer(Base):
    """What a customer answered on her page. remedy_id is None only where she disagrees with how the case ended.

    intent: the key of the form that she sent; the same key answers once.
    """

    __tablename__ = "customer_answer"
    __table_args__ = (
        CheckConstraint("answer IN ('accepted','declined','disagreed','not_right')", name="answer"),
        CheckConstraint("remedy_id IS NOT NULL OR answer = 'disagreed'", name="remedy"),
        UniqueConstraint("case_id", "intent"),
        Index("ix_customer_answer_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    remedy_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("remedy.id"))
    answer: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    intent: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReportPlace(Base):
    """A site's public form: where its link or QR code stands, and as which channel its reports count."""

    __tablename__ = "report_place"
    __table_args__ = (Index("ix_report_place_site", "site_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    code: Mapped[str] = mapped_column(String(24), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    channel: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    made_by_id: Mapped[int | None] = mapped_column(BigId)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)


class Report(Base):
    """One report as it was sent. contact: a keyed hash of e-mail or telephone, by which a second one is recognised.

    joined: it was recognised as one more word about a case that is there already. is_new_customer: nobody was on file
    under these contacts, so the reporter may open the page at once.
    """

    __tablename__ = "report"
    __table_args__ = (
        Index("ix_report_contact", "contact", "at"),
        Index("ix_report_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    place_id: Mapped[int] = mapped_column(BigId, ForeignKey("report_place.id"))
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    message_id: Mapped[int] = mapped_column(BigId, ForeignKey("message.id"))
    contact: Mapped[str | None] = mapped_column(String(64))
    intent: Mapped[str] = mapped_column(String(120), unique=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    joined: Mapped[bool] = mapped_column(Boolean)
    is_new_customer: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class PortalThrottle(Base):
    """How often an address guessed a link or sent a report lately. A technical table: nothing here is business."""

    __tablename__ = "portal_throttle"
    __table_args__ = (Index("ix_portal_throttle_first_at", "first_at"),)

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int] = mapped_column(BigId)
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
