"""Where the public may report an issue: the links and posters of a site."""

import secrets
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from app.audit import actions as audit
from app.cases.rules import CHANNELS
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions
from app.portal.models import ReportPlace

NAME_MAX = 120
ADDED = audit.declare("report-place:add", "name", "channel", sentence=_l("opened a public form"))
CHANGED = audit.declare("report-place:change", "before", "after", sentence=_l("changed a public form"))


def add_place(*, site_id: int, name: str, channel: str, actor: Actor, now: datetime) -> ReportPlace:
    """Open a public form of a site; its code is drawn by lot, so that nobody finds it by counting."""
    permissions.require(actor, "reports.write", site_id=site_id)
    errors: dict[str, list[str]] = {}
    if not name.strip() or len(name.strip()) > NAME_MAX:
        errors["name"] = [str(_l("Say in a few words where it stands."))]
    if channel not in CHANNELS:
        errors["channel"] = [str(_l("Choose how its reports count."))]
    if errors:
        raise BadInput(errors)
    with transaction():
        place = ReportPlace(
            site_id=site_id, code=secrets.token_urlsafe(6).replace("-", "m").replace("_", "g"), name=name.strip(),
            channel=channel, active=True, made_by_id=actor.id, made_at=now, version=1,
        )  # fmt: skip
        db.session.add(place)
        db.session.flush()
        _record(ADDED, place, actor, now, name=place.name, channel=channel)
        return place


def change_place(*, place_id: int, name: str, active: bool, version: int, actor: Actor, now: datetime) -> None:
    """Rename a form, close it or open it again; a closed one answers like one that was never there."""
    if not name.strip() or len(name.strip()) > NAME_MAX:
        raise BadInput({"name": [str(_l("Say in a few words where it stands."))]})
    with transaction():
        place = db.session.get(ReportPlace, place_id)
        if place is None:
            raise NotFound
        permissions.require(actor, "reports.write", site_id=place.site_id)
        before = {"name": place.name, "active": place.active}
        done = db.session.execute(
            update(ReportPlace)
            .where(ReportPlace.id == place_id, ReportPlace.version == version)
            .values(name=name.strip(), active=active, version=ReportPlace.version + 1)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict
        _record(CHANGED, place, actor, now, before=before, after={"name": name.strip(), "active": active})


def _record(entry: audit.EntryType, place: ReportPlace, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=ref("report_place", place.id), actor=actor, at=now, site_id=place.site_id, **said)
