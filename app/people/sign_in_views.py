"""Sign in, sign out, and choose a pass phrase by a one-time link."""

from flask import Response, current_app, flash, g, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user

from app.kernel.errors import BadInput
from app.kernel.time import utc_now
from app.people import actions as people
from app.people.access import is_signed_in, public
from app.people.blueprint import bp
from app.people.forms import ChoosePhraseForm, SignInForm
from app.people.headers import keep_secret
from app.people.queries import PersonRow
from app.people.secret_actions import WrongCredentials, link_owner
from app.people.sign_in import SignedIn
from app.people.throttle_actions import TooManyAttempts
from app.ui.preferences import safe_next


@bp.get("/sign-in")
@public("nobody is signed in yet")
def sign_in() -> ResponseReturnValue:
    if is_signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    form = SignInForm(next=request.args.get("next", "")[:500])
    return _no_store(render_template("people/sign_in.html", form=form))


@bp.post("/sign-in")
@public("nobody is signed in yet")
def begin_session() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return _no_store(render_template("people/sign_in.html", form=form), 422)
    now = utc_now()
    try:
        person = people.check_credentials(
            email=form.email.data or "", phrase=form.phrase.data or "", address=request.remote_addr, now=now
        )
    except (WrongCredentials, TooManyAttempts) as refusal:
        current_app.logger.warning("sign-in refused: %s, request %s", refusal.code, g.get("request_id"))
        form.refuse(refusal)
        answer = _no_store(render_template("people/sign_in.html", form=form), refusal.status)
        if "retry_after_seconds" in refusal.details:
            answer.headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
        return answer
    _enter(person)
    return redirect(safe_next(form.next.data), 303)


def _enter(person: PersonRow) -> None:
    """Begin a session under a new token; an earlier one of this browser ends, so that no session outlives a sign-in."""
    now = utc_now()
    if is_signed_in():
        people.end_session(token=current_user.token, person=current_user.person, now=now)
    token = people.start_session(
        person=person, address=request.remote_addr, browser=request.headers.get("User-Agent", ""), now=now
    )
    session.clear()
    login_user(SignedIn(person, token))


@bp.post("/sign-out")
@public("signing out twice must not fail")
def sign_out() -> ResponseReturnValue:
    if is_signed_in():
        people.end_session(token=current_user.token, person=current_user.person, now=utc_now())
    session.clear()
    flash(_("You are signed out."), "good")
    answer = redirect(url_for("people.sign_in"), 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer  # type: ignore[return-value]


@bp.get("/welcome/<token>")
@public("the link itself is the right to choose a pass phrase; looking at it uses nothing up")
def welcome(token: str) -> ResponseReturnValue:
    owner = link_owner(token, utc_now())
    return keep_secret(_no_store(render_template("people/welcome.html", form=ChoosePhraseForm(), owner=owner)))


@bp.post("/welcome/<token>")
@public("the link itself is the right to choose a pass phrase")
def choose_phrase(token: str) -> ResponseReturnValue:
    form = ChoosePhraseForm()
    now = utc_now()
    if form.validate():
        try:
            person = people.use_link(token=token, phrase=form.phrase.data or "", now=now)
        except BadInput as refusal:
            form.take(refusal)
        else:
            _enter(person)
            flash(_("Welcome, %(name)s. Your pass phrase is kept.", name=person.name), "good")
            return redirect("/", 303)
    owner = link_owner(token, now)
    return keep_secret(_no_store(render_template("people/welcome.html", form=form, owner=owner), 422))


def _no_store(body: str, status: int = 200) -> Response:
    answer = make_response(body, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
