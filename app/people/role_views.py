"""Another role for somebody: proposed on their page, decided by a second administrator."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import queries, role_queries
from app.people.access import me, needs
from app.people.blueprint import bp
from app.people.forms import refused
from app.people.queries import PersonRow
from app.people.role_forms import RoleForm, RoleRefusalForm
from app.people.role_queries import RoleChangeRow
from app.people.step_up import require_proof
from app.people.words import ROLE_MEANINGS, ROLE_WORDS


@bp.get("/role-changes")
@needs("people.write")
def role_changes() -> str:
    now = utc_now()
    return render_template(
        "people/role_changes.html",
        waiting=role_queries.undecided(now),
        decided=role_queries.decided(now),
        roles=ROLE_WORDS,
        me_id=me().id,
    )


@bp.get("/people/<reference>/role")
@needs("people.write")
def new_role(reference: str) -> str:
    shown = _person(reference)
    return _role_page(RoleForm(formdata=None, role_now=shown.role, version=shown.version), shown)


@bp.post("/people/<reference>/role")
@needs("people.write")
def propose_role(reference: str) -> ResponseReturnValue:
    require_proof()
    shown = _person(reference)
    form, status = RoleForm(role_now=shown.role), 422
    if form.validate():
        said = {"role": form.role.data, "reason": form.reason.data or "", "version": form.version.data}
        try:
            people.propose_role(employee_id=shown.id, **said, actor=me(), now=utc_now())
        except Refusal as refusal:
            status = refused(form, refusal, shown.version)
        else:
            flash(_("Proposed. The role holds once another administrator has confirmed it."), "good")
            return redirect(url_for("people.person", reference=shown.ref), 303)
    return _role_page(form, shown), status


@bp.post("/role-changes/<reference>/confirmation")
@needs("people.write")
def confirm_role(reference: str) -> ResponseReturnValue:
    require_proof()
    shown = _change(reference)
    people.confirm_role(change_id=shown.id, actor=me(), now=utc_now())
    role = ROLE_WORDS[shown.role]
    flash(_("%(name)s is %(role)s now, and signs in anew.", name=shown.person, role=role), "good")
    return redirect(url_for("people.person", reference=shown.person_ref), 303)


@bp.get("/role-changes/<reference>/refusal")
@needs("people.write")
def role_refusal(reference: str) -> str:
    return render_template(
        "people/role_refusal.html", form=RoleRefusalForm(formdata=None), change=_change(reference), roles=ROLE_WORDS
    )


@bp.post("/role-changes/<reference>/refusal")
@needs("people.write")
def refuse_role(reference: str) -> ResponseReturnValue:
    shown, form, status = _change(reference), RoleRefusalForm(), 422
    if form.validate():
        try:
            people.refuse_role(change_id=shown.id, word=form.word.data or "", actor=me(), now=utc_now())
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Refused. %(name)s keeps the role that they have.", name=shown.person), "good")
            return redirect(url_for("people.person", reference=shown.person_ref), 303)
    return render_template("people/role_refusal.html", form=form, change=shown, roles=ROLE_WORDS), status


@bp.post("/role-changes/<reference>/withdrawal")
@needs("people.write")
def withdraw_role(reference: str) -> ResponseReturnValue:
    shown = _change(reference)
    people.withdraw_role(change_id=shown.id, actor=me(), now=utc_now())
    flash(_("Taken back. %(name)s keeps the role that they have.", name=shown.person), "good")
    return redirect(url_for("people.person", reference=shown.person_ref), 303)


def _role_page(form: RoleForm, shown: PersonRow) -> str:
    return render_template(
        "people/role_form.html",
        form=form,
        person=shown,
        role=ROLE_WORDS[shown.role],
        meanings=ROLE_MEANINGS,
        is_alone=not any(one.id not in (me().id, shown.id) for one in queries.active_people(("admin",))),
    )


def _person(reference: str) -> PersonRow:
    identity = parse_ref("employee", reference)
    found = queries.person(identity) if identity else None
    if found is None:
        raise NotFound
    return found


def _change(reference: str) -> RoleChangeRow:
    found = role_queries.role_change(parse_ref("role_change", reference) or 0, utc_now())
    if found is None:
        raise NotFound
    return found
