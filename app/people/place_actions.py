"""Sites and teams."""

from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import holidays
from babel import Locale, UnknownLocaleError
from babel.numbers import is_currency
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people.models import Employee, Site, Team
from app.people.permissions import require

_SITE_KEYS = ("code", "name", "time_zone", "currency", "locale", "country", "subdivision")
SITE_ADDED = audit.declare("site:add", *_SITE_KEYS, sentence=_l("added the site"))
SITE_EDITED = audit.declare("site:edit", *_SITE_KEYS, "calendar_id", sentence=_l("changed the site"))
TEAM_ADDED = audit.declare("team:add", "name", "supervisor_id", sentence=_l("added the team"))
TEAM_EDITED = audit.declare("team:edit", "name", "supervisor_id", sentence=_l("changed the team"))


def add_site(
    *,
    code: str,
    name: str,
    time_zone: str,
    currency: str,
    locale: str,
    country: str,
    subdivision: str | None = None,
    calendar_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> Site:
    """Open a site; BadInput names every field that can't be right."""
    require(actor, "settings.write")
    said = _checked_site(code, name, time_zone, currency, locale, country, subdivision)
    with transaction():
        _refuse_twins(None, said)
        site = Site(**said, calendar_id=calendar_id, version=1)
        db.session.add(site)
        db.session.flush()
        audit.record(SITE_ADDED, subject=ref("site", site.id), actor=actor, at=now, site_id=site.id, **said)
    return site


def edit_site(
    *,
    site_id: int,
    name: str,
    time_zone: str,
    locale: str,
    country: str,
    subdivision: str | None,
    calendar_id: int | None,
    version: int,
    actor: Actor,
    now: datetime,
) -> Site:
    """Change a site. Its code and currency stay for good, since money and references were written with them."""
    require(actor, "settings.write")
    with transaction():
        site = db.session.get(Site, site_id)
        if site is None:
            raise NotFound
        if site.version != version:
            raise Conflict
        said = _checked_site(site.code, name, time_zone, site.currency, locale, country, subdivision)
        _refuse_twins(site_id, said)
        for key, value in said.items():
            setattr(site, key, value)
        site.calendar_id = calendar_id
        site.version += 1
        audit.record(
            SITE_EDITED,
            subject=ref("site", site.id),
            actor=actor,
            at=now,
            site_id=site.id,
            calendar_id=calendar_id,
            **said,
        )
    return site


@cache
def known_zones() -> frozenset[str]:
    """The zones of this machine; asking its file system takes 40 ms."""
    return frozenset(available_timezones())


def _checked_site(
    code: str, name: str, time_zone: str, currency: str, locale: str, country: str, subdivision: str | None
) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    code, name, country = code.strip().upper(), " ".join(name.split()), country.strip().upper()
    subdivision = (subdivision or "").strip().upper() or None
    if not (2 <= len(code) <= 20 and code.isascii() and code.replace("-", "").isalnum()):
        errors["code"] = [_("Use 2 to 20 letters, digits or hyphens.")]
    if not 2 <= len(name) <= 100:
        errors["name"] = [_("Use 2 to 100 characters.")]
    if time_zone not in known_zones():
        errors["time_zone"] = [_("This time zone isn't known. Write it like Europe/London.")]
    if not (len(currency) == 3 and is_currency(currency)):
        errors["currency"] = [_("This currency isn't known. Write it like EUR.")]
    try:
        Locale.parse(locale, sep="-" if "-" in locale else "_")
    except (UnknownLocaleError, ValueError, TypeError):
        errors["locale"] = [_("This language isn't known. Write it like en_GB.")]
    known = holidays.list_supported_countries()
    if country not in known:
        errors["country"] = [_("This country isn't known. Write its two letters, like GB.")]
    elif subdivision and subdivision not in known[country]:
        errors["subdivision"] = [_("This part of the country isn't known: leave it empty, or use one of its codes.")]
    if errors:
        raise BadInput(errors)
    return {
        "code": code,
        "name": name,
        "time_zone": time_zone,
        "currency": currency,
        "locale": locale.replace("-", "_"),
        "country": country,
        "subdivision": subdivision,
    }


def _refuse_twins(site_id: int | None, said: dict[str, Any]) -> None:
    errors = {}
    for key, sentence in (("code", _("Another site has this code.")), ("name", _("Another site has this name."))):
        other = db.session.scalar(select(Site.id).where(getattr(Site, key) == said[key]))
        if other is not None and other != site_id:
            errors[key] = [sentence]
    if errors:
        raise BadInput(errors)


def add_team(*, site_id: int, name: str, supervisor_id: int | None = None, actor: Actor, now: datetime) -> Team:
    """Form a team at a site."""
    require(actor, "people.write")
    with transaction():
        team = Team(site_id=site_id, version=1)
        _fill_team(team, name, supervisor_id)
        db.session.add(team)
        db.session.flush()
        audit.record(
            TEAM_ADDED,
            subject=ref("team", team.id),
            actor=actor,
            at=now,
            site_id=site_id,
            name=team.name,
            supervisor_id=supervisor_id,
        )
    return team


def edit_team(*, team_id: int, name: str, supervisor_id: int | None, version: int, actor: Actor, now: datetime) -> Team:
    """Rename a team or give it another supervisor."""
    require(actor, "people.write")
    with transaction():
        team = db.session.get(Team, team_id)
        if team is None:
            raise NotFound
        if team.version != version:
            raise Conflict
        _fill_team(team, name, supervisor_id)
        team.version += 1
        audit.record(
            TEAM_EDITED,
            subject=ref("team", team.id),
            actor=actor,
            at=now,
            site_id=team.site_id,
            name=team.name,
            supervisor_id=supervisor_id,
        )
    return team


def _fill_team(team: Team, name: str, supervisor_id: int | None) -> None:
    name = " ".join(name.split())
    errors: dict[str, list[str]] = {}
    if not 2 <= len(name) <= 100:
        errors["name"] = [_("Use 2 to 100 characters.")]
    with db.session.no_autoflush:
        if db.session.get(Site, team.site_id) is None:
            errors["site_id"] = [_("Choose a site.")]
        other = db.session.scalar(select(Team.id).where(Team.site_id == team.site_id, Team.name == name))
        if other is not None and other != team.id:
            errors["name"] = [_("This site already has a team of this name.")]
        if supervisor_id is not None:
            supervisor = db.session.get(Employee, supervisor_id)
            if supervisor is None or supervisor.deactivated_at or supervisor.role not in ("supervisor", "manager"):
                errors["supervisor_id"] = [_("Choose an active supervisor or manager.")]
            elif supervisor.role == "supervisor" and supervisor.site_id != team.site_id:
                errors["supervisor_id"] = [_("A supervisor leads teams at their own site.")]
    if errors:
        raise BadInput(errors)
    team.name = name
    team.supervisor_id = supervisor_id
