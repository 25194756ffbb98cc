"""The own profile: screens, pass phrase, signed-in browsers, API tokens."""

from flask import current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.kernel.errors import BadInput
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import factor_queries, queries
from app.people.access import me, needs
from app.people.blueprint import bp
from app.people.forms import ChangePhraseForm, PreferencesForm, TokenForm
from app.people.headers import keep_secret
from app.people.step_up import require_proof
from app.people.throttle_actions import TooManyAttempts
from app.people.words import ROLE_MEANINGS, ROLE_WORDS, WAY_WORDS, browser_words
from app.ui.forms import Form
from app.ui.preferences import COOKIE_SECONDS
from config import Settings


@bp.get("/me")
@needs("profile.write")
def profile() -> str:
    return _profile_page()


def _profile_page(preferences: Form | None = None, phrase: Form | None = None) -> str:
    person = current_user.person
    settings: Settings = current_app.extensions["makegood_settings"]
    named = queries.names([person.manager_id])
    return render_template(
        "people/profile.html",
        person=person,
        role=ROLE_WORDS[person.role],
        meaning=ROLE_MEANINGS[person.role],
        site=queries.site(person.site_id),
        team=queries.team(person.team_id) if person.team_id else None,
        manager=named.get(person.manager_id),
        preferences=preferences or PreferencesForm(obj=person),
        phrase=phrase or ChangePhraseForm(formdata=None),
        sessions=queries.sessions_of(person.id, idle_minutes=settings.session_idle_minutes, now=utc_now()),
        this_session=current_user.session_id,
        factor=factor_queries.factor_of(person.id),
        browser_words=browser_words,
        ways=WAY_WORDS,
    )


@bp.post("/me")
@needs("profile.write")
def prefer() -> ResponseReturnValue:
    form = PreferencesForm(obj=current_user.person)
    if form.validate():
        try:
            people.prefer(
                locale=form.locale.data,
                theme=form.theme.data,
                keys_off=form.keys_off.data,
                actor=me(),
                now=utc_now(),
            )
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("Your profile is saved."), "good")
            return _show_here(redirect(url_for("people.profile"), 303), form)
    return _profile_page(preferences=form), 422


def _show_here(answer: Response, form: PreferencesForm) -> Response:
    """Let this device follow the profile again, whatever was chosen on it before."""
    chosen = {"theme": form.theme.data, "language": form.locale.data, "keys": "off" if form.keys_off.data else "on"}
    for name, value in chosen.items():
        if value:
            answer.set_cookie(
                name, value, max_age=COOKIE_SECONDS, secure=request.is_secure, httponly=True, samesite="Lax"
            )
        else:
            answer.delete_cookie(name)
    return answer


@bp.post("/me/pass-phrase")
@needs("profile.write")
def change_phrase() -> ResponseReturnValue:
    form = ChangePhraseForm()
    status = 422
    if form.validate():
        try:
            people.change_pass_phrase(
                current=form.current.data or "",
                phrase=form.phrase.data or "",
                keep_token=current_user.token,
                actor=me(),
                now=utc_now(),
            )
        except BadInput as refusal:
            form.take(refusal)
        except TooManyAttempts as refusal:
            form.refuse(refusal)
            status = refusal.status
        else:
            flash(_("Your pass phrase is changed. Other browsers are signed out."), "good")
            return redirect(url_for("people.profile"), 303)
    return _profile_page(phrase=form), status


@bp.post("/me/sessions/<int(max=999999999999999999):session_id>/end")
@needs("profile.write")
def end_session(session_id: int) -> ResponseReturnValue:
    people.end_own_session(session_id=session_id, person=current_user.person, actor=me(), now=utc_now())
    flash(_("That browser is signed out."), "good")
    return redirect(url_for("people.profile"), 303)


@bp.get("/me/tokens")
@needs("tokens.write")
def tokens() -> str:
    return _tokens_page(TokenForm(formdata=None))


def _tokens_page(form: TokenForm, secret: str | None = None) -> str:
    rows = queries.tokens_of(current_user.person.id, utc_now())
    return render_template("people/tokens.html", form=form, tokens=rows, secret=secret)


@bp.post("/me/tokens")
@needs("tokens.write")
def make_token() -> ResponseReturnValue:
    require_proof()
    form = TokenForm()
    if form.validate():
        try:
            secret, _token = people.make_token(name=form.name.data or "", actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            # Shown at once instead of after a redirect: the secret is kept nowhere.
            return keep_secret(make_response(_tokens_page(TokenForm(formdata=None), secret), 201))
    return _tokens_page(form), 422


@bp.post("/me/tokens/<reference>/revocation")
@needs("tokens.write")
def revoke_token(reference: str) -> ResponseReturnValue:
    people.revoke_token(token_id=parse_ref("token", reference) or 0, actor=me(), now=utc_now())
    flash(_("The token no longer works."), "good")
    return redirect(url_for("people.tokens"), 303)
