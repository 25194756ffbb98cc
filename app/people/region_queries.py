"""Reads of regions."""

from dataclasses import dataclass

from sqlalchemy import select

from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import Employee, Region, RegionLead, RegionSite, Site


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A region with its sites and who leads it, each as (id, name) by name."""

    id: int
    name: str
    version: int
    sites: tuple[tuple[int, str], ...]
    leads: tuple[tuple[int, str], ...]

    @property
    def ref(self) -> str:
        return ref("region", self.id)


def regions() -> tuple[RegionRow, ...]:
    """Return all regions by name; a company has few. Three queries, however many."""
    sites = db.session.execute(
        select(RegionSite.region_id, Site.id, Site.name).join(Site, Site.id == RegionSite.site_id).order_by(Site.name)
    ).all()
    leads = db.session.execute(
        select(RegionLead.region_id, Employee.id, Employee.name)
        .join(Employee, Employee.id == RegionLead.employee_id)
        .order_by(Employee.name, Employee.id)
    ).all()
    rows = db.session.execute(select(Region.id, Region.name, Region.version).order_by(Region.name))
    return tuple(
        RegionRow(
            *row,
            tuple((one.id, one.name) for one in sites if one.region_id == row.id),
            tuple((one.id, one.name) for one in leads if one.region_id == row.id),
        )
        for row in rows
    )


def region(region_id: int) -> RegionRow | None:
    return next((row for row in regions() if row.id == region_id), None)


def region_led_by(employee_id: int) -> str | None:
    """Return the name of the region that somebody leads."""
    wanted = select(Region.name).join(RegionLead, RegionLead.region_id == Region.id)
    return db.session.scalar(wanted.where(RegionLead.employee_id == employee_id))
