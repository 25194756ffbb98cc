"""Before every request: default deny, sign-in, permission, and that a change was meant (CSRF)."""

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from app.kernel.errors import NotPermitted
from app.people.access import declared, is_signed_in, me
from app.people.permissions import has
from app.people.sign_in import API_PREFIX
from app.people.step_up import must_enrol
from app.people.typed import SignInNeeded, typed_here
from app.people.way_back import READING, way_back

csrf = CSRFProtect()


def register(app: Flask) -> None:
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # checked below, after sign-in, and never for the API
    # Pages that tell nobody their address send no referrer; Sec-Fetch-Site, checked below, says what it would.
    app.config["WTF_CSRF_SSL_STRICT"] = False
    csrf.init_app(app)
    app.before_request(check)


def check() -> ResponseReturnValue | None:
    """Let a request through to its view, or answer it. An endpoint that declares nothing is refused."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    permission, reason = declared(request.endpoint)
    if permission is None and reason is None:
        raise NotPermitted
    if getattr(current_app.view_functions[request.endpoint], "is_signed", False):
        return None  # no cookie counts there: the view checks who signed it
    if request.path.startswith(API_PREFIX):
        return None  # a token is no cookie, so no CSRF; the room itself answers 401, 403 and 429 in its own shape
    if permission is not None and not is_signed_in():
        return _ask_to_sign_in()
    _refuse_foreign_changes()
    if permission is not None and must_enrol():
        return redirect(url_for("people.second_factor", proof_next=way_back()), 303)
    if permission is not None and not has(me(), permission):
        who = me()
        current_app.logger.warning("not permitted: %s for %s, request %s", permission, who.label, who.request_id)
        raise NotPermitted
    return None


def _ask_to_sign_in() -> ResponseReturnValue:
    """Send to the sign-in page and back afterwards; a fragment's request makes the whole window go there.

    What was typed is carried along: see `typed`.
    """
    if request.headers.get("HX-Request"):
        return Response(status=401, headers={"HX-Redirect": url_for("people.sign_in", next=way_back())})
    typed = typed_here()
    if typed is not None:
        raise SignInNeeded(typed)
    back = way_back()
    return redirect(url_for("people.sign_in", next=back if back != "/" else None), 303)


def _refuse_foreign_changes() -> None:
    if request.method in READING:
        return
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        abort(403)
    if current_app.config.get("WTF_CSRF_ENABLED", True):
        csrf.protect()
