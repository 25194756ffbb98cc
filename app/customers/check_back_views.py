"""Check-backs: one's own and the site's, planned from a customer or a case, moved, done, and as a calendar file."""

from datetime import datetime
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField
from wtforms.validators import InputRequired, Length

from app.budgets import intent_actions as intents
from app.cases import queries as cases
from app.cases.models import Case
from app.customers import calendar_rules, care_words, check_back_queries
from app.customers import check_back_actions as check_backs
from app.customers.blueprint import bp
from app.customers.check_back_queries import CheckBackRow
from app.customers.queries import CustomerRow
from app.customers.sheet import card_of
from app.kernel.actor import Actor
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.ui.forms import Form, InstantField, LineField, OnceForm, ParagraphField, VersionField, options

FILE_MAX = 200


class PlanForm(OnceForm):
    what = LineField(_l("What to ask"), [InputRequired(), Length(max=check_backs.WHAT_MAX)])
    channel = SelectField(_l("How"), [InputRequired()], choices=options(care_words.CHANNEL_WORDS.items()))
    due_at = InstantField(_l("When"), [InputRequired()])
    owner_id = SelectField(_l("Who"), [InputRequired()])
    case = HiddenField()


class MoveForm(Form):
    due_at = InstantField(_l("New time"), [InputRequired()])
    owner_id = SelectField(_l("Who"), [InputRequired()])
    note = LineField(_l("Why"), [InputRequired(), Length(max=check_backs.NOTE_MAX)])
    version = VersionField()


class DoneForm(Form):
    note = ParagraphField(_l("What came out"), [InputRequired(), Length(max=check_backs.NOTE_MAX)])
    version = VersionField()


@bp.get("/check-backs")
@needs("customers.read")
def check_back_list() -> str:
    """What is still to do: one's own, or the site's."""
    everybody = request.args.get("show") == "all" or not can("customers.write")
    page = Page.of(request.args.get("after"))
    found = check_back_queries.open_ones(my_scope("customers.read"), page, owner_id=None if everybody else me().id)
    return render_template(
        "customers/check_backs.html",
        found=found, everybody=everybody, is_first=not page.after, now=utc_now(), words=care_words.CHANNEL_WORDS,
    )  # fmt: skip


@bp.get("/check-backs/next")
@needs("customers.write")
def check_backs_next() -> str:
    """One's own next few, as a part of the desk."""
    found = check_back_queries.open_ones(my_scope("customers.write"), Page(size=5), owner_id=me().id)
    return render_template("customers/_check_backs.html", rows=found.rows, now=utc_now())


@bp.get("/check-backs.ics")
@needs("customers.write")
def check_back_file() -> Response:
    """One's own open check-backs, to be opened by a calendar."""
    found = check_back_queries.open_ones(my_scope("customers.write"), Page(size=FILE_MAX), owner_id=me().id)
    base: str = current_app.extensions["makegood_settings"].base_url
    events = [
        calendar_rules.Appointment(
            uid=f"{row.ref}@makegood", at=row.due_at, title=_("Check back: %(name)s", name=row.customer), text=row.what,
            url=base + url_for("customers.check_back", ref=row.ref), sequence=row.version,
        )
        for row in found.rows
    ]  # fmt: skip
    text = calendar_rules.calendar_file(events, now=utc_now(), name=_("Check-backs"))
    headers = {"Content-Disposition": 'attachment; filename="check-backs.ics"'}
    return Response(text, content_type="text/calendar; charset=utf-8", headers=headers)


@bp.get("/customers/<ref>/check-backs")
@needs("customers.write")
def plan_check_back(ref: str) -> str:
    card = card_of(ref)
    return render_template("customers/plan_check_back.html", customer=card, form=_plan_form(card.site_id))


@bp.post("/customers/<ref>/check-backs")
@needs("customers.write")
def add_check_back(ref: str) -> ResponseReturnValue:
    card = card_of(ref)
    form = _plan_form(card.site_id)
    if form.validate():
        actor, now = me(), utc_now()
        try:
            task_id = intents.once_for_form(
                name="check-back",
                key=form.key(card.id),
                actor=actor,
                now=now,
                deed=lambda: _plan(card, form, actor, now),
            )
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("It is planned."), "good")
            return redirect(url_for("customers.check_back", ref=f"CB-{task_id}"), 303)
    return render_template("customers/plan_check_back.html", customer=card, form=form), 422


def _plan(card: CustomerRow, form: PlanForm, actor: Actor, now: datetime) -> int:
    case = _case_of(card, form.case.data or "")
    site_id = case.site_id if case else card.site_id or actor.site_id
    task = check_backs.plan(
        customer_id=card.id, case_id=case.id if case else None, site_id=site_id or 0,
        owner_id=int(form.owner_id.data), channel=form.channel.data, what=form.what.data or "",
        due_at=form.due_at.data, actor=actor, now=now,
    )  # fmt: skip
    return task.id


@bp.get("/check-backs/<ref>")
@needs("customers.read")
def check_back(ref: str) -> str:
    return _page(_found(ref))


@bp.post("/check-backs/<ref>/done")
@needs("customers.write")
def finish_check_back(ref: str) -> ResponseReturnValue:
    row, form = _found(ref), DoneForm()
    status = 422
    if form.validate():
        try:
            version = form.version.data
            check_backs.finish(task_id=row.id, version=version, note=form.note.data or "", actor=me(), now=utc_now())
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("It is written down."), "good")
            return redirect(url_for("customers.check_back", ref=row.ref), 303)
    return _page(_found(ref), done=form), status


@bp.post("/check-backs/<ref>/time")
@needs("customers.write")
def move_check_back(ref: str) -> ResponseReturnValue:
    row, status = _found(ref), 422
    form = _move_form(row)
    if form.validate():
        try:
            check_backs.move(
                task_id=row.id, version=form.version.data, due_at=form.due_at.data,
                owner_id=int(form.owner_id.data), note=form.note.data or "", actor=me(), now=utc_now(),
            )  # fmt: skip
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("It is moved."), "good")
            return redirect(url_for("customers.check_back", ref=row.ref), 303)
    return _page(_found(ref), moved=form), status


def _case_of(card: CustomerRow, reference: str) -> Case | None:
    """The case that it is about; one of somebody else answers like one that doesn't exist."""
    if not reference:
        return None
    case = cases.find(reference, my_scope("cases.read"))
    if case is None or case.customer_id not in card.numbers:
        raise NotFound
    return case


def _found(ref: str) -> CheckBackRow:
    identity = parse_ref("check_back", ref)
    row = check_back_queries.check_back(identity, my_scope("customers.read")) if identity else None
    if row is None:
        raise NotFound
    return row


def _page(row: CheckBackRow, *, done: DoneForm | None = None, moved: MoveForm | None = None) -> str:
    may_write = can("customers.write") and row.done_at is None
    done = done or DoneForm(formdata=None, version=row.version)
    moved = moved or (_move_form(row, fresh=True) if may_write else None)
    for form in (done, *([moved] if moved else [])):
        form.version.renew(row.version)
    return render_template(
        "customers/check_back.html",
        row=row, done=done, moved=moved, may_write=may_write, now=utc_now(), words=care_words.CHANNEL_WORDS,
    )  # fmt: skip


def _plan_form(site_id: int | None) -> PlanForm:
    form = PlanForm()
    place = people.site(site_id or me().site_id or 0)
    form.due_at.zone = place.time_zone
    form.owner_id.choices = _owners(place.id)
    if not form.is_submitted():
        form.owner_id.data, form.case.data = str(me().id), request.args.get("case", "")[:30]
    return form


def _move_form(row: CheckBackRow, *, fresh: bool = False) -> MoveForm:
    form = MoveForm(formdata=None) if fresh else MoveForm()
    form.due_at.zone = row.zone
    form.owner_id.choices = _owners(row.site_id, row.owner_id)
    if fresh:
        form.due_at.data, form.owner_id.data, form.version.data = row.due_at, str(row.owner_id), row.version
    return form


def _owners(site_id: int, *besides: int | None) -> list[Any]:
    """Who may do it: the site's people, and whoever asks or does it already, who may be a manager from elsewhere."""
    found = {person.id: person.name for person in people.colleagues(site_id)}
    found.update(people.names(one for one in (me().id, *besides) if one not in found))
    return options(sorted(found.items(), key=lambda pair: pair[1]))
