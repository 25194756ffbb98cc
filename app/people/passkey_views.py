"""Passkeys: make one, take one away, and use one to sign in or to prove who is at the desk.

The browser's part is one script (ui/static/js/passkeys.js): it fetches the question, asks the device, and sends the form
with the answer. Without scripts, and where a browser has none, the forms stay hidden and the other ways work.
"""

from flask import Response, current_app, flash, g, make_response, redirect, request, session, url_for
from flask import render_template as render
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.kernel.errors import BadInput, Refusal
from app.kernel.time import utc_now
from app.people import passkey_actions as passkeys
from app.people import queries
from app.people.access import me, needs, public
from app.people.blueprint import bp
from app.people.factor_forms import PasskeyForm, ProofForm
from app.people.factor_views import show_codes
from app.people.forms import SignInForm
from app.people.passkey_place import place_here
from app.people.rules import new_token
from app.people.sign_in import SESSION_KEY
from app.people.sign_in_views import HALF, code_page, half_signed_in, let_in, sign_in_page
from app.people.step_up import go_on, kept_of_request, must_have, proof_page, require_proof
from app.ui.preferences import safe_next

BROWSER = "passkey_browser"
WAY = "passkey"


@bp.get("/me/passkeys/new")
@needs("profile.write")
def new_passkey() -> ResponseReturnValue:
    require_proof()
    return _new_page(PasskeyForm(formdata=None))


def _new_page(form: PasskeyForm, status: int = 200) -> Response:
    page = render(
        "people/passkey_new.html",
        passkey_form=form,
        kept=kept_of_request(),
        has_factor=current_user.has_factor,
        has_phrase=queries.access_of(current_user.person.id, utc_now()).has_pass_phrase,
        must=must_have(current_user.person.role),
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/me/passkeys/options")
@needs("profile.write")
def passkey_options() -> ResponseReturnValue:
    require_proof()
    try:
        said = passkeys.offer_new(
            phrase=request.form.get("proof_own_phrase", ""),
            bound_to=_session_name(),
            place=place_here(),
            actor=me(),
            now=utc_now(),
        )
    except Refusal as refusal:
        return _refused(refusal)
    return _question(said)


@bp.post("/me/passkeys")
@needs("profile.write")
def add_passkey() -> ResponseReturnValue:
    require_proof()
    form, kept = PasskeyForm(), kept_of_request()
    if not form.validate():
        return _new_page(form, 422)
    try:
        token, codes = passkeys.add(
            name=form.proof_name.data or "", answer=_answer(), session_id=current_user.session_id,
            keep_token=current_user.token, bound_to=_session_name(), place=place_here(), actor=me(), now=utc_now(),
        )  # fmt: skip
    except Refusal as refusal:
        return _new_page(form, form.take(refusal))
    session[SESSION_KEY] = token
    if codes:
        return show_codes(codes, kept)
    flash(_("The passkey is added. It signs you in by itself."), "good")
    return go_on(kept) if kept.is_resent else redirect(url_for("people.second_factor"), 303)


@bp.post("/me/passkeys/<int(max=999999999999999999):passkey_id>/removal")
@needs("profile.write")
def remove_passkey(passkey_id: int) -> ResponseReturnValue:
    require_proof()
    passkeys.remove(passkey_id=passkey_id, keep_token=current_user.token, actor=me(), now=utc_now())
    flash(_("The passkey is gone. Other browsers are signed out. Delete it on the device, too."), "good")
    return redirect(url_for("people.second_factor"), 303)


@bp.post("/me/proof/passkey/options")
@needs("profile.write")
def proof_options() -> ResponseReturnValue:
    person = current_user.person
    return _offer("step-up", _session_name(), person.id)


@bp.post("/me/proof/passkey")
@needs("profile.write")
def prove_by_passkey() -> ResponseReturnValue:
    kept = kept_of_request()
    try:
        token = passkeys.step_up(
            session_id=current_user.session_id,
            answer=_answer(),
            bound_to=_session_name(),
            place=place_here(),
            actor=me(),
            now=utc_now(),
        )
    except Refusal as refusal:
        form = ProofForm(formdata=None)
        form.refuse(refusal)
        return proof_page(kept, form, refusal.status)
    session[SESSION_KEY] = token
    return go_on(kept)


@bp.post("/sign-in/passkey/options")
@public("a passkey says by itself who signs in; the question alone opens nothing")
def sign_in_options() -> ResponseReturnValue:
    person = half_signed_in()
    return _offer("sign-in", _browser_name(), person.id if person else None)


@bp.post("/sign-in/passkey")
@public("a passkey says by itself who signs in")
def sign_in_by_passkey() -> ResponseReturnValue:
    half, request_id = half_signed_in(), g.get("request_id")
    try:
        found = passkeys.prove(
            answer=_answer(), why="sign-in", bound_to=_browser_name(), place=place_here(),
            actor=half.actor.through(request_id, request.remote_addr) if half else None,
            address=request.remote_addr, request_id=request_id, now=utc_now(),
        )  # fmt: skip
    except Refusal as refusal:
        return _sign_in_refused(refusal)
    person = queries.person(found)
    assert person is not None
    target = session[HALF]["next"] if half else request.form.get("next")
    return let_in(person, safe_next(target), is_proved=True, way=WAY)


def _answer() -> str:
    return request.form.get("proof_answer", "")


def _sign_in_refused(refusal: Refusal) -> Response:
    current_app.logger.warning(
        "passkey refused: %s, request %s", refusal.details.get("reason", refusal.code), g.get("request_id")
    )
    half = half_signed_in()
    form = ProofForm(formdata=None) if half else SignInForm(formdata=None, next=request.form.get("next", "")[:500])
    form.refuse(refusal)
    if half:
        answer = code_page(half, form, refusal.status)  # type: ignore[arg-type]
    else:
        answer = sign_in_page(form, refusal.status)  # type: ignore[arg-type]
    return _wait(answer, refusal)


def _offer(purpose: str, bound_to: str, employee_id: int | None) -> ResponseReturnValue:
    try:
        said = passkeys.offer(
            purpose=purpose,
            bound_to=bound_to,
            place=place_here(),
            employee_id=employee_id,
            address=request.remote_addr,
            now=utc_now(),
        )
    except Refusal as refusal:
        return _refused(refusal)
    return _question(said)


def _question(said: str) -> Response:
    answer = make_response(said)
    answer.mimetype = "application/json"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _refused(refusal: Refusal) -> Response:
    """Tell the script, in the sentence that it shows."""
    sentences = [text for texts in refusal.errors.values() for text in texts] if isinstance(refusal, BadInput) else []
    return _wait(make_response({"error": " ".join(sentences) or str(refusal)}, refusal.status), refusal)


def _wait(answer: Response, refusal: Refusal) -> Response:
    if "retry_after_seconds" in refusal.details:
        answer.headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
    return answer


def _session_name() -> str:
    """What a question inside a session is bound to; it outlives the session's token, which each proof renews."""
    return f"session|{current_user.session_id}"


def _browser_name() -> str:
    """What a question is bound to while nobody is signed in: a random name in this browser's own cookie."""
    if BROWSER not in session:
        session[BROWSER] = new_token()
    return f"browser|{session[BROWSER]}"
