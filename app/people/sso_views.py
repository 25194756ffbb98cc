"""Sign in with the company's own account: to its provider and back (OpenID Connect, code flow with PKCE)."""

import hmac
import time
from typing import Any

from flask import Response, current_app, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import iso, parse_instant, utc_now
from app.people import sso_actions as sso
from app.people.access import is_signed_in, me, needs, public
from app.people.blueprint import bp
from app.people.headers import keep_secret
from app.people.rules import new_token
from app.people.session_actions import COMPANY, NoLongerLetIn
from app.people.sign_in_views import let_in
from app.people.sso_actions import SignInRefused
from app.people.sso_provider import ProviderUnavailable, Untrusted, provider
from app.people.sso_rules import BEGUN_LASTS, identity_of, mistake_of
from app.people.step_up import require_proof
from app.people.throttle_actions import TooManyAttempts
from app.ui.preferences import safe_next
from config import Settings

BEGUN = "company_sign_in"


def _settings() -> Settings:
    """The settings; without a provider there is no such page."""
    settings: Settings = current_app.extensions["makegood_settings"]
    if not settings.oidc_issuer:
        raise NotFound
    return settings


def _return_address() -> str:
    return _settings().base_url + url_for("people.take_company")


@bp.get("/sign-in/company")
@public("leads to the company's own sign-in; nobody is signed in yet")
def begin_company() -> ResponseReturnValue:
    """Send the browser to the provider. What comes back counts only in this browser, once, and soon."""
    _settings()
    if is_signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    begun = {"state": new_token(), "nonce": new_token(), "verifier": new_token()}
    try:
        address = provider().address(redirect_uri=_return_address(), **begun)
    except ProviderUnavailable as trouble:
        return _refused(trouble)
    session[BEGUN] = {
        **begun, "next": safe_next(request.args.get("next")), "until": iso(utc_now() + BEGUN_LASTS),
    }  # fmt: skip
    return keep_secret(make_response(redirect(address, 303)))


@bp.get("/sign-in/company/answer")
@public("the provider's answer; it counts once, in the browser that began")
def take_company() -> ResponseReturnValue:
    settings, now = _settings(), utc_now()
    try:
        sso.count_answer(address=request.remote_addr, now=now)
        begun = _begun()
        identity = identity_of(_claims(begun, settings), settings.oidc_second_factor)
        person = sso.person_of(identity=identity, issuer=settings.oidc_issuer, now=now)
        answer = let_in(person, safe_next(begun["next"]), is_proved=identity.has_factor, way=COMPANY)
    except SignInRefused as refusal:
        sso.note_refusal(refusal=refusal, request_id=g.get("request_id"), address=request.remote_addr, now=now)
        return _refused(refusal)
    except (ProviderUnavailable, NoLongerLetIn, TooManyAttempts) as refusal:
        return _refused(refusal)
    return answer


def _begun() -> dict[str, Any]:
    """Return what this browser began, if the answer is to that; either way it is over now."""
    begun, state = session.pop(BEGUN, None), request.args.get("state", "")
    if not begun or utc_now() >= parse_instant(begun["until"]):
        raise SignInRefused("state")
    if not hmac.compare_digest(state.encode("utf-8", "replace"), begun["state"].encode()):
        raise SignInRefused("state")
    sso.use_state(state=state, now=utc_now())
    found: dict[str, Any] = begun
    return found


def _claims(begun: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the claims of the answer's ID token, all of which hold."""
    code = request.args.get("code", "")
    if request.args.get("iss", settings.oidc_issuer) != settings.oidc_issuer:
        raise SignInRefused("issuer")  # RFC 9207: another provider's answer
    if not 0 < len(code) <= 4096:
        raise SignInRefused("denied")
    try:
        claims = provider().claims(code=code, redirect_uri=_return_address(), verifier=begun["verifier"])
    except Untrusted as doubt:
        raise SignInRefused(doubt.why) from doubt
    mistake = mistake_of(
        claims, issuer=settings.oidc_issuer, client_id=settings.oidc_client_id, nonce=begun["nonce"],
        now_seconds=time.time(),
    )  # fmt: skip
    if mistake:
        raise SignInRefused(mistake)
    return claims


def _refused(refusal: Refusal) -> Response:
    """One plain page with the other ways in; its address, which holds a code, is told to nobody."""
    why = getattr(refusal, "why", None) or refusal.details.get("why") or refusal.code
    current_app.logger.warning("company sign-in refused: %s, request %s", why, g.get("request_id"))
    page = render_template("people/company_refused.html", text=str(refusal), request_id=g.get("request_id"))
    answer = keep_secret(make_response(page, refusal.status))
    if "retry_after_seconds" in refusal.details:
        answer.headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
    return answer


@bp.post("/people/<reference>/company-account/removal")
@needs("people.write")
def unbind_company(reference: str) -> ResponseReturnValue:
    require_proof()
    sso.unbind(employee_id=parse_ref("employee", reference) or 0, actor=me(), now=utc_now())
    flash(_("The company's account is taken away; they are signed out."), "good")
    return redirect(url_for("people.person", reference=reference), 303)
