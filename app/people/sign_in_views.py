"""Sign in, sign out, and choose a pass phrase by a one-time link."""

from flask import (
    Response,
    after_this_request,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user

from app.kernel.errors import BadInput, Refusal
from app.kernel.time import iso, parse_instant, utc_now
from app.people import actions as people
from app.people import factor_actions as factors
from app.people import factor_queries
from app.people import queries as people_queries
from app.people.access import is_signed_in, public
from app.people.blueprint import bp
from app.people.factor_forms import ProofForm
from app.people.factor_rules import HALF_SIGNED_IN_LASTS
from app.people.factor_views import say_codes_left
from app.people.forms import ChoosePhraseForm, SignInForm
from app.people.headers import keep_secret
from app.people.queries import PersonRow
from app.people.rules import new_token
from app.people.secret_actions import WrongCredentials, link_owner
from app.people.session_actions import DEVICE_KEPT
from app.people.sign_in import SignedIn
from app.people.throttle_actions import TooManyAttempts
from app.people.typed import SignInNeeded, Typed, typed_before, typed_page
from app.ui.preferences import safe_next
from config import Settings

HALF = "half_signed_in"


@bp.get("/sign-in")
@public("nobody is signed in yet")
def sign_in() -> ResponseReturnValue:
    if is_signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    form = SignInForm(next=request.args.get("next", "")[:500])
    return sign_in_page(form)


@bp.app_errorhandler(SignInNeeded)
def sign_in_first(needed: SignInNeeded) -> ResponseReturnValue:
    """Ask whoever sent something to sign in, and carry what they typed."""
    return sign_in_page(SignInForm(formdata=None, next=needed.typed.page), needed.status, typed=needed.typed)


def sign_in_page(form: SignInForm, status: int = 200, *, typed: Typed | None = None) -> Response:
    """The sign-in page. Where the company's own sign-in is the only one, the pass phrase is a step away: for break-glass."""
    settings: Settings = current_app.extensions["makegood_settings"]
    shows_phrase = not settings.oidc_only or request.method == "POST" or request.args.get("way") == "pass-phrase"
    company = (settings.oidc_name or _("the company's account")) if settings.oidc_issuer else None
    return _no_store(
        render_template(
            "people/sign_in.html",
            form=form,
            company=company,
            shows_phrase=shows_phrase,
            only=settings.oidc_only,
            typed=typed,
        ),
        status,
    )


@bp.post("/sign-in")
@public("nobody is signed in yet")
def begin_session() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return sign_in_page(form, 422)
    now = utc_now()
    try:
        person = people.check_credentials(
            email=form.email.data or "",
            phrase=form.phrase.data or "",
            address=request.remote_addr,
            now=now,
            device=request.cookies.get(device_cookie()),
        )
    except (WrongCredentials, TooManyAttempts) as refusal:
        current_app.logger.warning("sign-in refused: %s, request %s", refusal.code, g.get("request_id"))
        form.refuse(refusal)
        answer = sign_in_page(form, refusal.status)
        if "retry_after_seconds" in refusal.details:
            answer.headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
        return answer
    return let_in(person, safe_next(form.next.data))


def let_in(person: PersonRow, target: str, *, is_proved: bool = False, way: str | None = None) -> ResponseReturnValue:
    """Begin a session, or ask for the second factor of whoever has one: until then nobody is signed in.

    is_proved: it was proved already. way: what let them in; None: a pass phrase.
    An earlier session of this browser ends either way: its cookie is about to be forgotten, and must open nothing later.
    """
    if is_signed_in():
        people.end_session(token=current_user.token, person=current_user.person, now=utc_now())
    if is_proved or factor_queries.factor_of(person.id) is None:
        _enter(person, is_proved=is_proved, way=way)
        return _go_on(person, target)
    session.clear()
    session[HALF] = {
        "id": person.id,
        "until": iso(utc_now() + HALF_SIGNED_IN_LASTS),
        "mark": factor_queries.phrase_mark(person.id),
        "next": target,
        "way": way,
    }
    if typed_before(person.id) is not None:
        g.pop("csrf_token", None)
        return code_page(person, ProofForm(formdata=None))
    return redirect(url_for("people.sign_in_code"), 303)


def _go_on(person: PersonRow, target: str) -> ResponseReturnValue:
    """Go where they wanted to, or show what they had typed when they were asked to sign in."""
    typed = typed_before(person.id)
    return redirect(target, 303) if typed is None else typed_page(typed)


def half_signed_in() -> PersonRow | None:
    """Return who has given the right pass phrase within the last minutes, if it is still theirs."""
    half = session.get(HALF)
    if not half or utc_now() >= parse_instant(half["until"]):
        return None
    person = people_queries.person(half["id"])
    is_theirs = person is not None and person.is_active and factor_queries.phrase_mark(person.id) == half["mark"]
    return person if is_theirs else None


@bp.get("/sign-in/code")
@public("the pass phrase was right, the second factor is asked for")
def sign_in_code() -> ResponseReturnValue:
    person = half_signed_in()
    if is_signed_in() or person is None:
        return redirect(url_for("people.sign_in"), 303)
    return code_page(person, ProofForm(formdata=None))


@bp.post("/sign-in/code")
@public("the pass phrase was right, the second factor is asked for")
def prove_sign_in() -> ResponseReturnValue:
    person, form = half_signed_in(), ProofForm()
    if person is None:
        flash(_("That took too long. Sign in again."), "warn")
        return redirect(url_for("people.sign_in"), 303)
    if not form.validate():
        return code_page(person, form, 422)
    try:
        actor = person.actor.through(g.get("request_id"), request.remote_addr)
        found = factors.prove(
            employee_id=person.id, code=form.proof_code.data or "", why="sign-in", actor=actor, now=utc_now()
        )
    except Refusal as refusal:
        return _code_refused(person, form, refusal)
    half = session[HALF]
    _enter(person, is_proved=True, way=half.get("way"))
    say_codes_left(found)
    return _go_on(person, safe_next(half["next"]))


def _code_refused(person: PersonRow, form: ProofForm, refusal: Refusal) -> Response:
    current_app.logger.warning("second factor refused: %s, request %s", refusal.code, g.get("request_id"))
    form.refuse(refusal)
    form.proof_code.data, form.proof_code.raw_data = "", None
    answer = code_page(person, form, refusal.status)
    if "retry_after_seconds" in refusal.details:
        answer.headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
    return answer


def code_page(person: PersonRow, form: ProofForm, status: int = 200) -> Response:
    """Ask for what this person has: a code, a passkey, or either."""
    found = factor_queries.factor_of(person.id)
    return _no_store(render_template("people/sign_in_code.html", form=form, factor=found), status)


def device_cookie() -> str:
    return "__Host-device" if request.is_secure else "device"


def _enter(person: PersonRow, *, is_proved: bool = False, way: str | None = None) -> None:
    """Begin a session under a new token."""
    now = utc_now()
    name = device_cookie()
    device = request.cookies.get(name, "")[:100] or new_token()
    token = people.start_session(
        person=person,
        address=request.remote_addr,
        browser=request.headers.get("User-Agent", ""),
        now=now,
        is_proved=is_proved,
        device=device,
        way=way,
    )

    @after_this_request
    def remember_device(answer: Response) -> Response:
        answer.set_cookie(
            name, device, max_age=DEVICE_KEPT, secure=request.is_secure, httponly=True, samesite="Lax", path="/"
        )
        return answer

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
            answer = let_in(person, "/")
            flash(_("Welcome, %(name)s. Your pass phrase is kept.", name=person.name), "good")
            return answer
    owner = link_owner(token, now)
    return keep_secret(_no_store(render_template("people/welcome.html", form=form, owner=owner), 422))


def _no_store(body: str, status: int = 200) -> Response:
    answer = make_response(body, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
