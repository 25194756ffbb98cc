"""A customer's visit: its cookie, its language, and who may act in it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from zoneinfo import available_timezones

from flask import Response, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.kernel.actor import Actor
from app.kernel.errors import NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.refusal_wiring import of_refusal
from app.portal import rules
from app.portal.blueprint import DESK, bp
from app.portal.link_queries import Visit, visit_token, visiting
from app.ui import shell
from app.ui.preferences import COOKIE_SECONDS, LANGUAGES, choose_locale
from config import Settings

ZONE_COOKIE = "zone"


def visit_of(ref: str) -> Visit:
    """The visit of this browser to this case; anything else answers like a case that doesn't exist."""
    case_id = parse_ref("case", ref)
    token = request.cookies.get(_cookie_name(case_id)) if case_id else None
    visit = visiting(token, case_id, utc_now()) if token and case_id else None
    if visit is None:
        raise NotFound
    return speak_for(visit)


def speak_for(visit: Visit) -> Visit:
    """Speak her language: what this device chose, what is on file, what the browser asks for; in her zone or the site's."""
    chosen = request.cookies.get(ZONE_COOKIE)
    visit = replace(visit, zone=chosen) if chosen in zones() else visit
    accepted = request.accept_languages.best_match(list(LANGUAGES))
    on_file = (visit.language or "").split("_")[0].split("-")[0]
    language = shell.preferences().language or (on_file if on_file in LANGUAGES else accepted)
    shell.speak(choose_locale(language, visit.locale), visit.zone)
    return visit


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """The time zones that a customer may choose from: those named by a place."""
    regions = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    return frozenset(name for name in available_timezones() if name.split("/")[0] in regions and "/" in name)


def keep_zone(answer: ResponseReturnValue, zone: str) -> Response:
    """Remember on this device in which zone she wants to read times; anything unknown forgets it."""
    response = make_response(answer)
    settings: Settings = current_app.extensions["makegood_settings"]
    if zone in zones():
        response.set_cookie(
            ZONE_COOKIE, zone, max_age=COOKIE_SECONDS, path="/", secure=settings.is_https, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(ZONE_COOKIE, path="/", secure=settings.is_https, httponly=True, samesite="Lax")
    return response


def who(visit: Visit) -> Actor:
    """The customer as the trail names her, within this request."""
    return visit.actor.through(g.get("request_id", ""), request.remote_addr)


def keep(visit: Visit, answer: ResponseReturnValue) -> Response:
    """Let the visit last for half an hour from now."""
    response = make_response(answer)
    settings: Settings = current_app.extensions["makegood_settings"]
    response.set_cookie(
        _cookie_name(visit.case_id), visit_token(visit.case_id, visit.serial, utc_now()),
        max_age=rules.VISIT_MINUTES * 60, path="/", secure=settings.is_https, httponly=True, samesite="Lax",
    )  # fmt: skip
    return response


def leave(visit: Visit, answer: ResponseReturnValue) -> Response:
    """End the visit in this browser."""
    response = make_response(answer)
    settings: Settings = current_app.extensions["makegood_settings"]
    response.delete_cookie(
        _cookie_name(visit.case_id), path="/", secure=settings.is_https, httponly=True, samesite="Lax"
    )
    return response


def _cookie_name(case_id: int | None) -> str:
    settings: Settings = current_app.extensions["makegood_settings"]
    return f"{'__Host-' if settings.is_https else ''}makegood-case-{case_id}"


@bp.errorhandler(NotFound)
def nothing(refusal: NotFound) -> ResponseReturnValue:
    """One answer for what was guessed, forwarded too late, replaced, ended or never there; what was typed isn't lost."""
    if request.endpoint in DESK:
        return of_refusal(refusal)
    typed: Sequence[str] = [request.form.get(name, "") for name in ("text", "reason")]
    return render_template("portal/nothing.html", typed=next((text for text in typed if text.strip()), "")), 404
