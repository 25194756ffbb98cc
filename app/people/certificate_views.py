"""Certificates: what there is, and who holds which until when."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Length

from app.budgets import intent_actions as intents
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import certificate_actions as actions
from app.people import certificate_queries, queries
from app.people.access import me, needs
from app.people.blueprint import bp
from app.people.certificate_queries import CertificateRow
from app.people.queries import PersonRow
from app.ui.forms import Form, LineField, OnceForm, options


class CertificateForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(max=100)])
    code = LineField(_l("Code"), [InputRequired(), Length(max=40)])
    level = SelectField(_l("Level"), choices=options((str(level), str(level)) for level in actions.LEVELS), default="1")


class RenameForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(max=100)])


class GrantForm(OnceForm):
    certificate = SelectField(_l("Certificate"), [InputRequired()])
    expires_at = DateField(_l("Until, that day included"), [InputRequired()])


class RevokeForm(Form):
    reason = LineField(_l("Why is it revoked?"), [InputRequired(), Length(max=500)])


@bp.get("/certificates")
@needs("people.read")
def certificates() -> str:
    return _index(CertificateForm(formdata=None))


@bp.post("/certificates")
@needs("people.write")
def add_certificate() -> ResponseReturnValue:
    form = CertificateForm()
    if form.validate():
        try:
            actions.add_certificate(
                name=form.name.data or "", code=form.code.data or "", level=int(form.level.data), actor=me(),
                now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("%(name)s can be granted.", name=form.name.data), "good")
            return redirect(url_for("people.certificates"), 303)
    return _index(form), 422


@bp.get("/certificates/<int:certificate_id>/name")
@needs("people.write")
def certificate_name(certificate_id: int) -> str:
    row = _certificate(certificate_id)
    return render_template("people/certificate_name.html", row=row, form=RenameForm(formdata=None, name=row.name))


@bp.post("/certificates/<int:certificate_id>/name")
@needs("people.write")
def rename_certificate(certificate_id: int) -> ResponseReturnValue:
    row, form = _certificate(certificate_id), RenameForm()
    if form.validate():
        try:
            actions.rename(certificate_id=row.id, name=form.name.data or "", actor=me(), now=utc_now())
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("people.certificates"), 303)
    return render_template("people/certificate_name.html", row=row, form=form), 422


@bp.post("/certificates/<int:certificate_id>/retirement")
@needs("people.write")
def retire_certificate(certificate_id: int) -> ResponseReturnValue:
    """Retire a certificate; `back` brings it back."""
    row, is_retired = _certificate(certificate_id), not request.form.get("back")
    actions.retire(certificate_id=row.id, is_retired=is_retired, actor=me(), now=utc_now())
    said = _("%(name)s is granted no more. Who holds it keeps it to its last day.", name=row.name)
    flash(said if is_retired else _("%(name)s can be granted again.", name=row.name), "good")
    return redirect(url_for("people.certificates"), 303)


@bp.get("/people/<reference>/certificates")
@needs("people.write")
def new_grant(reference: str) -> str:
    return _grant_page(_person(reference), GrantForm(formdata=None))


@bp.post("/people/<reference>/certificates")
@needs("people.write")
def grant_certificate(reference: str) -> ResponseReturnValue:
    person = _person(reference)
    form = GrantForm()
    form.certificate.choices = _choices()
    if form.validate():
        zone = ZoneInfo(queries.site(person.site_id).time_zone)
        assert form.expires_at.data is not None
        expires_at = datetime.combine(form.expires_at.data + timedelta(days=1), time(), zone)
        try:
            _grant_once(person, form, expires_at)
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("%(name)s holds it now.", name=person.name), "good")
            return redirect(url_for("people.person", reference=person.ref), 303)
    return _grant_page(person, form), 422


def _grant_once(person: PersonRow, form: GrantForm, expires_at: datetime) -> None:
    actor, now = me(), utc_now()

    def grant() -> int:
        granted = actions.grant(
            employee_id=person.id,
            certificate_id=int(form.certificate.data),
            expires_at=expires_at,
            actor=actor,
            now=now,
        )
        return granted.id

    intents.once_for_form(name="grant", key=form.key(person.id), actor=actor, now=now, deed=grant)


@bp.get("/certificate-grants/<int:grant_id>/revocation")
@needs("people.write")
def revocation(grant_id: int) -> str:
    return _revoke_page(grant_id, RevokeForm(formdata=None))


@bp.post("/certificate-grants/<int:grant_id>/revocation")
@needs("people.write")
def revoke_certificate(grant_id: int) -> ResponseReturnValue:
    form, status = RevokeForm(), 422
    if form.validate():
        try:
            actions.revoke(grant_id=grant_id, reason=form.reason.data or "", actor=me(), now=utc_now())
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            row = certificate_queries.grant(grant_id)
            assert row is not None
            flash(_("Revoked."), "good")
            return redirect(url_for("people.person", reference=f"EM-{row.employee_id}"), 303)
    return _revoke_page(grant_id, form), status


def _choices() -> list[Any]:
    rows = certificate_queries.certificates(active_only=True)
    return list(options((str(row.id), _("%(name)s (level %(level)d)", name=row.name, level=row.level)) for row in rows))


def _index(form: CertificateForm) -> str:
    return render_template(
        "people/certificates.html", rows=certificate_queries.certificates(), form=form,
        holders=certificate_queries.holders(utc_now()),
    )  # fmt: skip


def _certificate(certificate_id: int) -> CertificateRow:
    found = next((row for row in certificate_queries.certificates() if row.id == certificate_id), None)
    if found is None:
        raise NotFound
    return found


def _grant_page(person: PersonRow, form: GrantForm) -> str:
    form.certificate.choices = _choices()
    return render_template("people/certificate_grant.html", person=person, form=form)


def _revoke_page(grant_id: int, form: RevokeForm) -> str:
    row = certificate_queries.grant(grant_id)
    if row is None:
        raise NotFound
    return render_template("people/certificate_revocation.html", grant=row, form=form)


def _person(reference: str) -> PersonRow:
    identity = parse_ref("employee", reference)
    found = queries.person(identity) if identity else None
    if found is None:
        raise NotFound
    return found
