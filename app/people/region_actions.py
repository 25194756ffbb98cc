"""Regions: open one, say which sites lie in it, and which managers reach no further than it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people.models import Employee, Region, RegionLead, RegionSite, Site
from app.people.permissions import require
from app.people.session_actions import end_all_sessions

_KEYS = ("name", "sites", "leads")
ADDED = audit.declare("region:add", *_KEYS, sentence=_l("opened the region"))
EDITED = audit.declare("region:edit", *_KEYS, "leads_before", sentence=_l("changed the region"))
CLOSED = audit.declare("region:close", *_KEYS, sentence=_l("closed the region"))


def add_region(*, name: str, site_ids: Iterable[int], lead_ids: Iterable[int], actor: Actor, now: datetime) -> Region:
    """Open a region. A manager who leads one sees its sites and no others; BadInput names every field that is wrong."""
    require(actor, "people.write")
    with transaction():
        region = Region(name="", version=1)
        said = _checked(None, name, set(site_ids), set(lead_ids), actor)
        region.name = said.name
        db.session.add(region)
        db.session.flush()
        _fill(region.id, said, now)
        audit.record(ADDED, subject=ref("region", region.id), actor=actor, at=now, **said.entry)
    return region


def edit_region(
    *,
    region_id: int,
    name: str,
    site_ids: Iterable[int],
    lead_ids: Iterable[int],
    version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Change what lies in a region and who leads it. Whose reach changes is signed out, as with a change of role."""
    require(actor, "people.write")
    with transaction():
        region = db.session.get(Region, region_id)
        if region is None:
            raise NotFound
        if region.version != version:
            raise Conflict
        said = _checked(region_id, name, set(site_ids), set(lead_ids), actor)
        before = _leads_of(region_id)
        region.name = said.name
        region.version += 1
        _empty(region_id)
        _fill(region_id, said, now)
        for one in before - said.leads:
            end_all_sessions(employee_id=one, now=now)
        audit.record(
            EDITED, subject=ref("region", region.id), actor=actor, at=now, **said.entry, leads_before=_refs(before)
        )


def close_region(*, region_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Close a region that nobody leads any more: closing one must not widen anybody's reach unseen."""
    require(actor, "people.write")
    with transaction():
        region = db.session.get(Region, region_id)
        if region is None:
            raise NotFound
        if region.version != version:
            raise Conflict
        if _leads_of(region_id):
            raise BadInput(
                {"lead_ids": [_("Somebody leads it. Take them out first: they then reach the whole company.")]}
            )
        sites = list(db.session.scalars(select(RegionSite.site_id).where(RegionSite.region_id == region_id)))
        name = region.name
        _empty(region_id)
        db.session.delete(region)
        audit.record(
            CLOSED, subject=ref("region", region.id), actor=actor, at=now, name=name, leads=[],
            sites=[ref("site", one) for one in sorted(sites)],
        )  # fmt: skip


class _Said:
    """What was asked for, once it is known to be right."""

    def __init__(self, name: str, sites: set[int], leads: set[int]) -> None:
        self.name, self.sites, self.leads = name, sites, leads
        self.entry: dict[str, Any] = {
            "name": name,
            "sites": [ref("site", one) for one in sorted(sites)],
            "leads": _refs(leads),
        }


def _refs(employee_ids: Iterable[int]) -> list[str]:
    return [ref("employee", one) for one in sorted(employee_ids)]


def _checked(region_id: int | None, name: str, sites: set[int], leads: set[int], actor: Actor) -> _Said:
    errors: dict[str, list[str]] = {}
    name = " ".join(name.split())
    if not 2 <= len(name) <= 100:
        errors["name"] = [_("Use 2 to 100 characters.")]
    twin = db.session.scalar(select(Region.id).where(Region.name == name))
    if twin is not None and twin != region_id:
        errors["name"] = [_("Another region has this name.")]
    if set(db.session.scalars(select(Site.id).where(Site.id.in_(sites)))) != sites:
        errors["site_ids"] = [_("Choose from the list.")]
    taken = select(Site.name).join(RegionSite, RegionSite.site_id == Site.id)
    taken = taken.where(Site.id.in_(sites), RegionSite.region_id != (region_id or 0)).order_by(Site.name)
    if others := list(db.session.scalars(taken)):
        errors["site_ids"] = [_("%(names)s lies in another region. Take it out there first.", names=", ".join(others))]
    managers = select(Employee.id).where(
        Employee.id.in_(leads), Employee.role == "manager", Employee.deactivated_at.is_(None)
    )
    elsewhere = select(RegionLead.employee_id).where(
        RegionLead.employee_id.in_(leads), RegionLead.region_id != (region_id or 0)
    )
    if set(db.session.scalars(managers)) != leads or list(db.session.scalars(elsewhere)):
        errors["lead_ids"] = [_("Choose active managers who lead no other region.")]
    before = _leads_of(region_id) if region_id else set()
    if actor.id is not None and actor.id in leads ^ before:
        errors["lead_ids"] = [_("Nobody changes their own reach. Ask another administrator.")]
    if errors:
        raise BadInput(errors)
    return _Said(name, sites, leads)


def _leads_of(region_id: int) -> set[int]:
    return set(db.session.scalars(select(RegionLead.employee_id).where(RegionLead.region_id == region_id)))


def _empty(region_id: int) -> None:
    db.session.execute(delete(RegionSite).where(RegionSite.region_id == region_id))
    db.session.execute(delete(RegionLead).where(RegionLead.region_id == region_id))


def _fill(region_id: int, said: _Said, now: datetime) -> None:
    db.session.add_all(RegionSite(site_id=one, region_id=region_id) for one in sorted(said.sites))
    db.session.add_all(RegionLead(employee_id=one, region_id=region_id) for one in sorted(said.leads))
    for one in said.leads:
        end_all_sessions(employee_id=one, now=now)
