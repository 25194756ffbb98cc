"""Break-glass, and the quarterly review of access."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import RadioField
from wtforms.validators import InputRequired, Length

from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.ops import access_actions as actions
from app.ops import access_queries as queries
from app.ops.access_rules import is_quarter, quarter_before, quarter_of
from app.ops.blueprint import bp
from app.people.access import can, me, my_scope, needs
from app.people.permissions import COMPANY, Scope
from app.people.queries import PersonRow, person
from app.people.raise_rules import MINUTES, REASON_MAX, REASON_MIN, targets
from app.people.step_up import require_proof
from app.people.words import ROLE_WORDS
from app.ui.forms import Form, ParagraphField, options


class GlassForm(Form):
    role = RadioField(_l("Role"), [InputRequired()])
    minutes = RadioField(
        _l("For how long"),
        [InputRequired()],
        choices=options((str(one), _l("%(count)s minutes", count=one)) for one in MINUTES),
    )
    reason = ParagraphField(_l("What can't wait, and why"), [InputRequired(), Length(min=REASON_MIN, max=REASON_MAX)])


class RevokeForm(Form):
    note = ParagraphField(_l("Why"), [InputRequired(), Length(min=actions.NOTE_MIN, max=actions.NOTE_MAX)])


@bp.get("/break-glass")
@needs("raises.read")
def glass() -> str:
    return _glass(_form(None))


@bp.post("/break-glass")
@needs("raises.use")
def open_glass() -> ResponseReturnValue:
    form = _form(request.form)
    if form.validate():
        require_proof()
        try:
            actions.open_glass(
                session_id=current_user.session_id or 0, role=form.role.data, minutes=int(form.minutes.data),
                reason=form.reason.data or "", actor=me(), now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("You hold the role now. Those who watch were told."), "warn")
            return redirect(url_for("ops.glass"), 303)
    return _glass(form), 422


@bp.post("/break-glass/<int:raise_id>/end")
@needs("raises.read")
def close_glass(raise_id: int) -> ResponseReturnValue:
    """Give one's own role back, also while it only lets one read; an administrator ends anybody's."""
    scope = COMPANY if can("people.write") else Scope("own", employee_id=me().id)
    if not any(row.id == raise_id for row in queries.raises(scope, open_only=True)):
        raise NotFound
    actions.close_glass(raise_id=raise_id, actor=me(), now=utc_now())
    flash(_("The role was given back."), "good")
    return redirect(url_for("home.desk"), 303)


def _form(sent: object) -> GlassForm:
    form = GlassForm(formdata=sent)
    own = person(me().id or 0)
    form.role.choices = options((role, ROLE_WORDS[role]) for role in targets(own.role if own else ""))
    return form


def _glass(form: GlassForm) -> str:
    now = utc_now()
    rows = queries.raises(my_scope("raises.read"))
    mine = next((row for row in rows if row.employee_id == me().id and row.is_open(now)), None)
    may_open = mine is None and bool(form.role.choices) and can("raises.use")
    return render_template(
        "ops/break_glass.html", form=form if may_open else None, rows=rows, mine=mine, words=ROLE_WORDS, now=now,
        may_end=can("people.write"), me_id=me().id,
    )  # fmt: skip


@bp.get("/access-review")
@needs("access.read")
def access() -> str:
    return _access()


@bp.post("/access-review")
@needs("access.review")
def confirm_access() -> ResponseReturnValue:
    """Confirm what was chosen on one page of the list."""
    picks = [one.partition(" ") for one in request.form.getlist("pick")]
    seen = {parse_ref("employee", number) or 0: role for number, _blank, role in picks}
    count = actions.confirm(
        quarter=quarter_of(utc_now().date()), employee_ids=tuple(seen), seen=seen, actor=me(), now=utc_now()
    )
    flash(_("Confirmed: %(count)s.", count=count), "good")
    return redirect(url_for("ops.access", after=request.form.get("after") or None), 303)


@bp.get("/access-review/<ref>/revocation")
@needs("access.review")
def revocation(ref: str) -> str:
    return render_template("ops/access_revocation.html", form=RevokeForm(formdata=None), person=_somebody(ref))


@bp.post("/access-review/<ref>/revocation")
@needs("access.review")
def revoke_access(ref: str) -> ResponseReturnValue:
    form, somebody = RevokeForm(), _somebody(ref)
    if form.validate():
        try:
            actions.revoke(
                quarter=quarter_of(utc_now().date()), employee_id=somebody.id, note=form.note.data or "", actor=me(),
                now=utc_now(),
            )  # fmt: skip
        except Refusal as refusal:
            form.take(refusal)
        else:
            flash(_("Access is closed."), "good")
            return redirect(url_for("ops.access"), 303)
    return render_template("ops/access_revocation.html", form=form, person=somebody), 422


def _somebody(ref: str) -> PersonRow:
    found = person(parse_ref("employee", ref) or 0)
    if found is None:
        raise NotFound
    return found


def _access() -> str:
    now = utc_now()
    this = quarter_of(now.date())
    asked = request.args.get("quarter", this)
    quarter = asked if is_quarter(asked) and asked <= this else this
    page = Page.of(request.args.get("after"))
    rows = queries.access_rows(quarter, page, now)
    done, everybody = queries.progress(quarter)
    return render_template(
        "ops/access_review.html", rows=rows.rows, quarter=quarter, is_now=quarter == this, words=ROLE_WORDS,
        before=quarter_before(quarter), this=this, done=done, everybody=everybody, now=now, me_id=me().id,
        after=request.args.get("after", ""), may_review=can("access.review") and quarter == this,
        next_url=url_for("ops.access", quarter=quarter, after=rows.next_cursor) if rows.next_cursor else None,
        start_url=url_for("ops.access", quarter=quarter) if page.after else None,
    )  # fmt: skip
