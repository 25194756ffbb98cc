"""Pages of the frame itself: what a device prefers, the index of settings, the bundled stylesheet and script."""

from collections.abc import Mapping

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask_login import current_user
from sqlalchemy import select

from app.approvals import turn_queries as turns
from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications import queries as notifications
from app.people.access import can, is_signed_in, my_site, needs, public
from app.people.role_queries import waiting_for
from app.ui import assets, navigation, shell
from app.ui.preferences import COOKIE_SECONDS, LANGUAGES, THEMES, Preferences, safe_next

bp = Blueprint("ui", __name__, template_folder="templates")
_UNREAD = select(notifications.UNREAD.scalar_subquery())
_GLANCE = select(notifications.UNREAD.scalar_subquery(), turns.ANYTHING.scalar_subquery())
CHOICES = {"theme": THEMES, "language": tuple(LANGUAGES), "keys": ("on", "off")}


def reader() -> shell.Reader | None:
    """Tell the frame who reads: name and job, rights, site's zone and locale, and what the profile prefers."""
    if not is_signed_in():
        return None
    person = current_user.person
    site = my_site()
    return shell.Reader(
        name=person.name,
        job=" · ".join(part for part in (person.job_title, site.name) if part),
        can=can,
        zone=site.time_zone,
        locale=site.locale,
        unread=lambda: _waiting()[0],
        counts=_counts,
        preferences=Preferences(person.theme, (person.locale or "")[:2] or None, not person.keys_off),
        rights=(person.role, person.actor.region_site_ids is not None),
    )


def _counts() -> Mapping[str, int | None]:
    """What waits for the reader's decision; nothing is said to whoever decides nothing, and no figure is a zero."""
    counts: dict[str, int | None] = {}
    if can("exceptions.decide"):
        counts["approvals.inbox"] = _waiting()[1] or None
    if can("people.write"):
        counts["people.directory"] = waiting_for(current_user.person.id, utc_now()) or None
    return counts


def _waiting() -> tuple[int, int]:
    """Unread notices and requests that wait for the reader; 0 for whoever decides nothing.

    One query a page, and a second one while anything waits for anybody: working out whose turn it is costs more than the page.
    """
    if "ui_waiting" not in g:
        asked = {"employee_id": current_user.person.id, "now": utc_now()}
        connection = db.session.connection()
        if can("exceptions.decide"):
            unread, is_any = connection.execute(_GLANCE, asked).one()
            g.ui_waiting = (unread, connection.scalar(turns.WAITING, asked) if is_any else 0)
        else:
            g.ui_waiting = (connection.scalar(_UNREAD, asked), 0)
    found: tuple[int, int] = g.ui_waiting
    return found


@bp.record_once
def _supply(state: BlueprintSetupState) -> None:
    shell.supply(state.app, reader)


@bp.get("/static/css/all.css")
@public("the stylesheet of every page, also before sign-in")
def stylesheet() -> Response:
    return _file(assets.styles().text, "text/css")


@bp.get("/static/js/all.js")
@public("the script of every page, also before sign-in")
def script() -> Response:
    return _file(assets.scripts().text, "text/javascript")


def _file(text: str, mimetype: str) -> Response:
    answer = Response(text, mimetype=mimetype)
    answer.cache_control.public = True
    answer.cache_control.max_age = 365 * 24 * 3600 if request.args.get("v") else 300
    answer.cache_control.immutable = bool(request.args.get("v"))
    return answer


@bp.post("/preferences")
@public("theme and language are chosen on the sign-in page too; only cookies of this device change")
def preferences() -> Response:
    answer = make_response(redirect(safe_next(request.form.get("next")), 303))
    for name, choices in CHOICES.items():
        if request.form.get(name) in choices:
            answer.set_cookie(
                name,
                request.form[name],
                max_age=COOKIE_SECONDS,
                secure=request.is_secure,
                httponly=True,
                samesite="Lax",
            )
    return answer


@bp.get("/settings")
@needs("settings.write")
def settings() -> str:
    entries = navigation.items(navigation.SETTINGS, can=can, exists=shell.exists, endpoint=None, counts={})
    return render_template("ui/settings.html", entries=entries)
