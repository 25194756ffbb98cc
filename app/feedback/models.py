"""Surveys, their answers, and the follow-up of an unhappy one."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref

_PLANNED = text("state = 'planned'")
_OPEN = text("closed_at IS NULL")


class Survey(Base):
    """One resolution of one case, and what became of asking about it.

    round: how often the case had been reopened before. resolver_id: who resolved it at that moment; whoever owns the
    case later gets neither praise nor blame. why_unsent: why nobody was asked.
    """

    __tablename__ = "survey"
    __table_args__ = (
        UniqueConstraint("case_id", "round"),
        CheckConstraint("state IN ('planned','sent','answered','unsent')", name="state"),
        CheckConstraint("(state = 'unsent') = (why_unsent IS NOT NULL)", name="unsent"),
        CheckConstraint("(state IN ('sent','answered')) = (sent_at IS NOT NULL)", name="sent"),
        Index("ix_survey_planned", "ask_at", "id", sqlite_where=_PLANNED, postgresql_where=_PLANNED),
        Index("ix_survey_site", "site_id", "resolved_at", "id"),
        Index("ix_survey_resolver", "resolver_id", "resolved_at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    round: Mapped[int] = mapped_column(BigId)
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customer.id"))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId)
    resolver_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    severity: Mapped[int] = mapped_column(BigId)
    resolved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ask_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(String(10))
    why_unsent: Mapped[str | None] = mapped_column(String(20))
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def ref(self) -> str:
        return ref("survey", self.id)


class SurveyAnswer(Base):
    """What the customer answered; once."""

    __tablename__ = "survey_answer"
    __table_args__ = (
        CheckConstraint("csat BETWEEN 1 AND 5", name="csat"),
        CheckConstraint("nps BETWEEN 0 AND 10", name="nps"),
        CheckConstraint("ces BETWEEN 1 AND 7", name="ces"),
        CheckConstraint("outcome_fair BETWEEN 1 AND 5", name="outcome_fair"),
        CheckConstraint("process_fair BETWEEN 1 AND 5", name="process_fair"),
        CheckConstraint("treated_well BETWEEN 1 AND 5", name="treated_well"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    survey_id: Mapped[int] = mapped_column(BigId, ForeignKey("survey.id"), unique=True)
    csat: Mapped[int | None] = mapped_column(BigId)
    nps: Mapped[int | None] = mapped_column(BigId)
    ces: Mapped[int | None] = mapped_column(BigId)
    outcome_fair: Mapped[int | None] = mapped_column(BigId)
    process_fair: Mapped[int | None] = mapped_column(BigId)
    treated_well: Mapped[int | None] = mapped_column(BigId)
    comment: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class FollowUp(Base):
    """An unhappy answer that somebody has to take up within 48 hours; it ends with a cause and what was done."""

    __tablename__ = "follow_up"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (cause IS NULL)", name="cause"),
        CheckConstraint("(closed_at IS NULL) = (action IS NULL)", name="action"),
        Index("ix_follow_up_open", "site_id", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_follow_up_case", "case_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    survey_id: Mapped[int] = mapped_column(BigId, ForeignKey("survey.id"), unique=True)
    case_id: Mapped[int] = mapped_column(BigId, ForeignKey("case_file.id"))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    cause: Mapped[str | None] = mapped_column(String(40))
    action: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("employee.id"))
    version: Mapped[int] = mapped_column(BigId, default=1)

    @property
    def ref(self) -> str:
        return ref("follow_up", self.id)
