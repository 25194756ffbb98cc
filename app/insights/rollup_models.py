"""Counts of each day, kept beside the cases so that the overview doesn't read a million of them; technical, always rebuildable."""

from datetime import date, datetime

from sqlalchemy import Date, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, UTCDateTime

# Part of each key: a new way of grouping is a new dimension, never a new column.
DIMENSIONS = ("all", "team", "stage", "cause", "segment", "severity", "channel")


class RollupDay(Base):
    """What was resolved on a day (UTC) at a site, by one dimension; value is empty where it isn't known.

    given_minor is in the site's currency. answered and satisfied belong to the resolutions of the day, also of cases that
    were opened again since.
    """

    __tablename__ = "rollup_day"
    __table_args__ = (Index("ix_rollup_day_place", "site_id", "dimension", "day"),)

    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    site_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    value: Mapped[str] = mapped_column(String(40), primary_key=True)
    resolved: Mapped[int] = mapped_column(BigId)
    severe: Mapped[int] = mapped_column(BigId)
    given_minor: Mapped[int] = mapped_column(BigId)
    answered: Mapped[int] = mapped_column(BigId)
    satisfied: Mapped[int] = mapped_column(BigId)


class RollupMark(Base):
    """Up to which entry of the trail the days have been brought up to date; one row."""

    __tablename__ = "rollup_mark"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigId)
    folded_at: Mapped[datetime] = mapped_column(UTCDateTime)
