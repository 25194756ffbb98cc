"""Public forms and what was reported by them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.cases.models import Case
from app.kernel.database import db
from app.kernel.references import ref
from app.messages.models import Message
from app.people.models import Site
from app.people.permissions import Scope
from app.people.scope_queries import at_sites
from app.portal.models import CustomerLink, Report, ReportPlace
from app.portal.rules import DUPLICATE_HOURS, is_similar


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A public form with its site."""

    id: int
    site_id: int
    code: str
    name: str
    channel: str
    active: bool
    version: int
    site: str
    zone: str
    locale: str
    count: int = 0

    @property
    def ref(self) -> str:
        return ref("report_place", self.id)


@dataclass(frozen=True, slots=True)
class Sent:
    """What the confirmation says of a report. serial: of the live link, where the reporter may open the page at once."""

    case_id: int
    joined: bool
    zone: str
    has_contact: bool
    serial: int | None

    @property
    def ref(self) -> str:
        return ref("case", self.case_id)


_PLACE: Any = select(
    ReportPlace.id, ReportPlace.site_id, ReportPlace.code, ReportPlace.name, ReportPlace.channel, ReportPlace.active,
    ReportPlace.version, Site.name.label("site"), Site.time_zone, Site.locale,
).join(Site, Site.id == ReportPlace.site_id)  # fmt: skip


def open_place(code: str) -> PlaceRow | None:
    """The form of a code while it is open."""
    row = db.session.execute(_PLACE.where(ReportPlace.code == code, ReportPlace.active)).first()
    return PlaceRow(*row) if row else None


def places(scope: Scope) -> tuple[PlaceRow, ...]:
    """The forms of the reader's sites with how many reports came, by site and name."""
    counted = select(func.count()).where(Report.place_id == ReportPlace.id).scalar_subquery()
    wanted = _PLACE.add_columns(counted).order_by(Site.name, ReportPlace.name, ReportPlace.id).limit(500)
    if scope.kind != "company":
        wanted = wanted.where(at_sites(ReportPlace.site_id, scope))
    return tuple(PlaceRow(*row) for row in db.session.execute(wanted))


def place(place_id: int, scope: Scope) -> PlaceRow | None:
    row = db.session.execute(_PLACE.where(ReportPlace.id == place_id)).first()
    found = PlaceRow(*row) if row else None
    return found if found and scope.covers(site_id=found.site_id) else None


def same_report(contact: str | None, site_id: int, text: str, now: datetime) -> int | None:
    """The open case that tells the same from the same contact, within the last hours; None when there is none."""
    if contact is None:
        return None
    rows = db.session.execute(
        select(Report.case_id, Message.text)
        .join(Message, Message.id == Report.message_id)
        .join(Case, Case.id == Report.case_id)
        .where(
            Report.contact == contact,
            Report.at > now - timedelta(hours=DUPLICATE_HOURS),
            Case.site_id == site_id,
            Case.resolved_at.is_(None),
        )
        .order_by(Report.id.desc())
        .limit(20)
    )
    return next((row.case_id for row in rows if is_similar(row.text, text)), None)


def sent(report_id: int, place_id: int) -> Sent | None:
    """What became of a report, for its confirmation."""
    row = db.session.execute(
        select(
            Report.case_id, Report.joined, Site.time_zone, Report.contact, Report.is_new_customer, CustomerLink.serial
        )
        .join(Case, Case.id == Report.case_id)
        .join(Site, Site.id == Case.site_id)
        .outerjoin(CustomerLink, (CustomerLink.case_id == Report.case_id) & CustomerLink.revoked_at.is_(None))
        .where(Report.id == report_id, Report.place_id == place_id)
    ).first()
    if row is None:
        return None
    serial = row.serial if row.is_new_customer and not row.joined else None
    return Sent(row.case_id, row.joined, row.time_zone, row.contact is not None, serial)
