"""The pulse: a period, the groups asked, the right to answer once, and answers that name nobody.

Nothing here links an answer to a person. A ballot is destroyed when it is used, in the transaction that writes the answer;
an answer holds no instant, its number is random, and all answers of a group are laid anew each time one is added, so that
neither number, place nor the database's own row versions tell which came last.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.insights.pulse_rules import ITEMS
from app.kernel.database import Base, BigId, UTCDateTime, intpk
from app.kernel.references import ref


class Pulse(Base):
    """One pulse. handed_out_at: when the ballots were; swept_at: when the unused ones were destroyed after the end.

    called_off_at: ended before its time; then its answers are destroyed and nothing is ever shown.
    """

    __tablename__ = "pulse"
    __table_args__ = (CheckConstraint("opens_at < closes_at", name="period"), {"sqlite_autoincrement": True})

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(80))
    opens_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_by_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"))
    handed_out_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    swept_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    called_off_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def ref(self) -> str:
        return ref("pulse", self.id)


class PulseGroup(Base):
    """A team of a site, or those of a site who have none, as they were when the ballots were handed out.

    region_id: the site's region then, a mere number: a region that is redrawn later may not tell parts of an old total.
    """

    __tablename__ = "pulse_group"
    __table_args__ = (
        CheckConstraint("asked_count >= 1", name="asked"),
        Index("ix_pulse_group_pulse", "pulse_id", "site_id", "team_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[intpk]
    pulse_id: Mapped[int] = mapped_column(BigId, ForeignKey("pulse.id"))
    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"))
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    region_id: Mapped[int | None] = mapped_column(BigId)
    asked_count: Mapped[int] = mapped_column(BigId)


class PulseBallot(Base):
    """Somebody's right to answer one pulse once; used or not, it is gone when the pulse is over."""

    __tablename__ = "pulse_ballot"

    pulse_id: Mapped[int] = mapped_column(BigId, ForeignKey("pulse.id"), primary_key=True, autoincrement=False)
    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("pulse_group.id"))


class PulseAnswer(Base):
    """What somebody of a group said: 1 to 7 for each statement, empty for "rather not say"."""

    __tablename__ = "pulse_answer"
    __table_args__ = tuple(CheckConstraint(f"{name} BETWEEN 1 AND 7", name=name) for name in ITEMS)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    group_id: Mapped[int] = mapped_column(BigId, ForeignKey("pulse_group.id"), index=True)
    meaning_1: Mapped[int | None] = mapped_column(BigId)
    meaning_2: Mapped[int | None] = mapped_column(BigId)
    meaning_3: Mapped[int | None] = mapped_column(BigId)
    competence_1: Mapped[int | None] = mapped_column(BigId)
    competence_2: Mapped[int | None] = mapped_column(BigId)
    competence_3: Mapped[int | None] = mapped_column(BigId)
    self_determination_1: Mapped[int | None] = mapped_column(BigId)
    self_determination_2: Mapped[int | None] = mapped_column(BigId)
    self_determination_3: Mapped[int | None] = mapped_column(BigId)
    impact_1: Mapped[int | None] = mapped_column(BigId)
    impact_2: Mapped[int | None] = mapped_column(BigId)
    impact_3: Mapped[int | None] = mapped_column(BigId)
