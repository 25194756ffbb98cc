"""The page behind a link: one button, and nothing about the case. Fetching it changes nothing, however often."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.kernel.errors import NotFound
from app.kernel.time import utc_now
from app.people.access import is_signed_in, public
from app.portal import link_actions, throttle_actions
from app.portal.blueprint import bp
from app.portal.link_queries import Visit, behind
from app.portal.rules import GUESSES, address_key
from app.portal.visits import keep, speak_for, who


@bp.get("/c/<token>")
@public("the link that a customer was given; its token is signed and opens one case")
def link(token: str) -> str:
    visit = _found(token)
    return render_template("portal/link.html", site=visit.site, token=token, is_staff=is_signed_in())


@bp.post("/c/<token>")
@public("exchanges a signed link for a visit to one case")
def open_link(token: str) -> ResponseReturnValue:
    visit = _found(token)
    if is_signed_in():
        return render_template("portal/link.html", site=visit.site, token=token, is_staff=True), 409
    link_actions.open_link(
        case_id=visit.case_id,
        serial=visit.serial,
        actor=who(visit),
        now=utc_now(),
    )
    return keep(visit, redirect(url_for("portal.page", ref=visit.ref), 303))


def _found(token: str) -> Visit:
    """The visit that a link begins; a wrong one is counted, and an address that tries too many waits."""
    now, key = utc_now(), address_key("link", request.remote_addr)
    throttle_actions.refuse_when_spent(key, GUESSES, now)
    visit = behind(token, now)
    if visit is None:
        throttle_actions.count(key, GUESSES, now)
        raise NotFound
    speak_for(visit)
    return visit
