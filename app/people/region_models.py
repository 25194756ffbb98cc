"""Regions: some sites together, led by managers who see these and no others."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, intpk


class Region(Base):
    __tablename__ = "region"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[intpk]
    name: Mapped[str] = mapped_column(String(100), unique=True)
    version: Mapped[int] = mapped_column(BigId, default=1)


class RegionSite(Base):
    """A site lies in one region at most."""

    __tablename__ = "region_site"

    site_id: Mapped[int] = mapped_column(BigId, ForeignKey("site.id"), primary_key=True, autoincrement=False)
    region_id: Mapped[int] = mapped_column(BigId, ForeignKey("region.id"), index=True)


class RegionLead(Base):
    """A manager whose reach ends at a region; a manager without a row here reaches the whole company."""

    __tablename__ = "region_lead"

    employee_id: Mapped[int] = mapped_column(BigId, ForeignKey("employee.id"), primary_key=True, autoincrement=False)
    region_id: Mapped[int] = mapped_column(BigId, ForeignKey("region.id"), index=True)
