"""The own second factor: add it, new recovery codes, remove it; and the page that asks for a code before a deed."""

from flask import Response, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from segno import make as make_qr

from app.kernel.errors import BadInput, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import factor_actions as factors
from app.people import factor_queries, queries
from app.people.access import me, needs
from app.people.blueprint import bp
from app.people.factor_forms import EnrolForm, PasskeyForm, ProofForm
from app.people.headers import keep_secret
from app.people.passkey_queries import passkeys_of
from app.people.sign_in import SESSION_KEY
from app.people.step_up import Kept, go_on, kept_of_request, must_have, proof_page, require_proof
from app.people.throttle_actions import TooManyAttempts


@bp.get("/me/second-factor")
@needs("profile.write")
def second_factor() -> ResponseReturnValue:
    person = current_user.person
    found = factor_queries.factor_of(person.id)
    if found is None:
        return _enrolment(EnrolForm(formdata=None), kept_of_request())
    page = render_template(
        "people/second_factor.html",
        factor=found,
        passkeys=passkeys_of(person.id),
        must=must_have(person.role),
    )
    return make_response(page)


@bp.get("/me/second-factor/new")
@needs("profile.write")
def new_factor() -> ResponseReturnValue:
    """Add an authenticator beside passkeys, or another in place of the one there is."""
    require_proof()
    kept = Kept(url_for("people.second_factor"))
    return _enrolment(EnrolForm(formdata=None, proof_replaces="yes"), kept)


@bp.post("/me/second-factor/offer")
@needs("profile.write")
def offer_factor() -> ResponseReturnValue:
    """Show the page that adds a second factor, on the way to a deed that asks for one; its fields go along."""
    kept = kept_of_request()
    return go_on(kept) if current_user.has_factor else _enrolment(EnrolForm(formdata=None), kept)


@bp.post("/me/second-factor")
@needs("profile.write")
def add_factor() -> ResponseReturnValue:
    form, kept = EnrolForm(), kept_of_request()
    replaces = form.proof_replaces.data == "yes"
    if replaces or current_user.has_factor:
        require_proof()
    if not form.validate():
        return _enrolment(form, kept, 422)
    try:
        token, codes = factors.add_factor(
            sealed=form.proof_sealed.data or "", code=form.proof_code.data or "", phrase=form.proof_phrase.data or "",
            session_id=current_user.session_id, keep_token=current_user.token, replaces=replaces, actor=me(),
            now=utc_now(),
        )  # fmt: skip
    except BadInput as mistake:
        form.take(mistake)
        return _enrolment(form, kept, 422)
    except TooManyAttempts as refusal:
        form.refuse(refusal)
        return _enrolment(form, kept, refusal.status)
    session[SESSION_KEY] = token
    if codes:
        return show_codes(codes, kept)
    flash(_("Your authenticator app is in use. Other browsers are signed out."), "good")
    return go_on(kept)


def _enrolment(form: EnrolForm, kept: Kept, status: int = 200) -> Response:
    person = current_user.person
    offer = factors.offer_enrolment(
        employee_id=person.id, account=person.email, now=utc_now(), sealed=form.proof_sealed.data
    )
    form.proof_sealed.data = offer.sealed
    form.proof_sealed.raw_data = None
    page = render_template(
        "people/second_factor_new.html",
        form=form,
        kept=kept,
        secret=" ".join(offer.secret[start : start + 4] for start in range(0, len(offer.secret), 4)),
        picture=make_qr(offer.uri, error="m").svg_data_uri(scale=5, border=4, dark="#000", light="#fff"),
        must=must_have(person.role),
        account=person.email,
        passkey_form=PasskeyForm(formdata=None),
        has_factor=current_user.has_factor,
        has_phrase=queries.access_of(person.id, utc_now()).has_pass_phrase,
    )
    return keep_secret(make_response(page, status))


def show_codes(codes: list[str], kept: Kept) -> Response:
    # Shown at once instead of after a redirect: they are kept nowhere.
    page = render_template("people/recovery_codes.html", codes=codes, kept=kept, person=current_user.person)
    return keep_secret(make_response(page, 201))


@bp.post("/me/second-factor/recovery-codes")
@needs("profile.write")
def make_codes() -> ResponseReturnValue:
    require_proof()
    return show_codes(factors.make_codes(actor=me(), now=utc_now()), Kept(url_for("people.second_factor")))


@bp.post("/me/second-factor/removal")
@needs("profile.write")
def remove_own_factor() -> ResponseReturnValue:
    require_proof()
    factors.remove_factor(employee_id=current_user.person.id, keep_token=current_user.token, actor=me(), now=utc_now())
    flash(_("Your authenticator app is gone. Other browsers are signed out."), "good")
    return redirect(url_for("people.second_factor"), 303)


@bp.post("/people/<reference>/second-factor/removal")
@needs("people.write")
def remove_factor(reference: str) -> ResponseReturnValue:
    require_proof()
    shown = queries.person(parse_ref("employee", reference) or 0)
    factors.remove_factor(employee_id=shown.id if shown else 0, actor=me(), now=utc_now())
    flash(_("The second factor is gone, its person is signed out everywhere and has been told."), "good")
    return redirect(url_for("people.person", reference=reference), 303)


@bp.get("/me/proof")
@needs("profile.write")
def proof() -> ResponseReturnValue:
    if not current_user.has_factor:
        return redirect(url_for("people.second_factor", proof_next=request.args.get("proof_next")), 303)
    return proof_page(kept_of_request(), ProofForm(formdata=None))


@bp.post("/me/proof")
@needs("profile.write")
def prove() -> ResponseReturnValue:
    form, kept = ProofForm(), kept_of_request()
    if not form.validate():
        return proof_page(kept, form, 422)
    try:
        token, found = factors.step_up(
            session_id=current_user.session_id, code=form.proof_code.data or "", actor=me(), now=utc_now()
        )
    except Refusal as refusal:
        form.refuse(refusal)
        form.proof_code.data = ""
        form.proof_code.raw_data = None
        return proof_page(kept, form, refusal.status)
    session[SESSION_KEY] = token
    say_codes_left(found)
    return go_on(kept)


def say_codes_left(found: factors.Proof) -> None:
    """Say after a recovery code how many still work."""
    if found.way == "recovery":
        left = found.codes_left
        text = ngettext("%(num)d recovery code is left.", "%(num)d recovery codes are left.", left)
        flash(text + " " + _("Make new ones in your profile when they run short."), "warn")


@bp.post("/me/sessions/ends")
@needs("profile.write")
def end_other_sessions() -> ResponseReturnValue:
    people.end_other_sessions(keep_token=current_user.token, person=current_user.person, actor=me(), now=utc_now())
    flash(_("All other browsers are signed out."), "good")
    return redirect(url_for("people.profile"), 303)
