"""Reports that come by mail: what somebody wants, and which period was taken up for sending."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref

_LIVE = text("paused_at IS NULL AND ended_at IS NULL")


class ReportWish(Base):
    """One report that somebody wants. day: of the week from Monday 1, or of the month; hour: on the wall of the site.

    measure: only of a report about one. site_id, team_id: the filters; empty is all that the reader may see then.
    """

    __tablename__ = "report_wish"
    __table_args__ = (
        CheckConstraint("report IN ('overview','measure','desk')", name="report"),
        CheckConstraint("(report = 'measure') = (measure IS NOT NULL)", name="measure"),
        CheckConstraint("every IN ('weekly','monthly')", name="every"),
        CheckConstraint("day BETWEEN 1 AND 28 AND (every = 'monthly' OR day <= 7)", name="day"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("form IN ('none','csv','pdf')", name="form"),
        CheckConstraint("(paused_at IS NULL) = (why_paused IS NULL)", name="paused"),
        CheckConstraint("why_paused IN ('asked','no_right')", name="why_paused"),
        Index("ix_report_wish_employee", "employee_id", "id"),
        Index("ix_report_wish_live", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    report: Mapped[str] = mapped_column(String(10))
    measure: Mapped[str | None] = mapped_column(String(40))
    site_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    period: Mapped[str] = mapped_column(String(10))
    every: Mapped[str] = mapped_column(String(10))
    day: Mapped[int] = mapped_column(BigId)
    hour: Mapped[int] = mapped_column(BigId)
    form: Mapped[str] = mapped_column(String(10))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    why_paused: Mapped[str | None] = mapped_column(String(20))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(BigId, default=1)

    @property
    def ref(self) -> str:
        return ref("report_wish", self.id)


class ReportSending(Base):
    """One period of a report, taken up once: the unique pair keeps a second job, or a restart, from sending it again.

    until: where the period of its figures ends.
    """

    __tablename__ = "report_sending"
    __table_args__ = (UniqueConstraint("wish_id", "period_key"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    wish_id: Mapped[int] = mapped_column(BigId, ForeignKey("report_wish.id"))
    period_key: Mapped[str] = mapped_column(String(10))
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
