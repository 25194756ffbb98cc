"""Pages about absence: stand-ins, fallback deciders, second accounts."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.approvals import absence_actions as absences
from app.approvals import absence_queries as queries
from app.approvals import roster_queries
from app.approvals.absence_forms import AbsenceForm, AccountForm, FallbackForm
from app.approvals.blueprint import bp
from app.approvals.calendar_forms import CalendarForm
from app.budgets import intent_actions as intents
from app.kernel.errors import BadInput, Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.people.permissions import sites_of
from app.people.step_up import require_proof
from app.ui.forms import options

DECIDERS = ("supervisor", "manager")


@bp.get("/absences")
@needs("exceptions.decide")
def absence_list() -> str:
    return page()


@bp.post("/absences")
@needs("exceptions.decide")
def add_absence() -> ResponseReturnValue:
    form = _absence_form()
    if form.validate():
        try:
            _set_once(form)
        except Refusal as refusal:
            form.take(refusal)
        else:
            flash(_("Kept. The stand-in has been told."), "good")
            return redirect(url_for("approvals.absence_list"), 303)
    return page(form), 422


def _set_once(form: AbsenceForm) -> None:
    actor, now = me(), utc_now()

    def set_it() -> int:
        absence = absences.set_absence(
            employee_id=form.employee_id.data, from_at=form.from_at.data, to_at=form.to_at.data,
            stand_in_id=form.stand_in_id.data, amount_max=form.amount_max.data, site_id=form.site_id.data,
            actor=actor, now=now,
        )  # fmt: skip
        return absence.id

    intents.once_for_form(name="absence", key=form.key(), actor=actor, now=now, deed=set_it)


@bp.post("/absences/<int:absence_id>/end")
@needs("exceptions.decide")
def end_absence(absence_id: int) -> ResponseReturnValue:
    absences.end_absence(absence_id=absence_id, actor=me(), now=utc_now())
    flash(_("Ended."), "good")
    return redirect(url_for("approvals.absence_list"), 303)


@bp.get("/deciders")
@needs("settings.write")
def deciders() -> str:
    return _deciders(_account_form())


@bp.post("/deciders/fallbacks")
@needs("settings.write")
def set_fallback() -> ResponseReturnValue:
    require_proof()
    form = FallbackForm()
    form.employee_id.choices = options(((one.id, one.name) for one in people.active_people(DECIDERS)), empty="–")
    site_ids = {str(site.id) for site in people.sites()}
    if not form.validate() or form.site_id.data not in site_ids:
        return _deciders(_account_form(), _("Choose somebody who decides exceptions.")), 422
    absences.set_fallback(site_id=int(form.site_id.data), employee_id=form.employee_id.data, actor=me(), now=utc_now())
    flash(_("Saved."), "good")
    return redirect(url_for("approvals.deciders"), 303)


@bp.post("/deciders/accounts")
@needs("people.write")
def link_account() -> ResponseReturnValue:
    require_proof()
    form = _account_form()
    if form.validate():
        try:
            absences.link_account(
                employee_id=form.employee_id.data, same_as_id=form.same_as_id.data, actor=me(), now=utc_now()
            )
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("They count as one person now."), "good")
            return redirect(url_for("approvals.deciders"), 303)
    return _deciders(form), 422


@bp.post("/deciders/accounts/<int:employee_id>/removal")
@needs("people.write")
def unlink_account(employee_id: int) -> ResponseReturnValue:
    require_proof()
    absences.unlink_account(employee_id=employee_id, actor=me(), now=utc_now())
    flash(_("They count as two people now."), "good")
    return redirect(url_for("approvals.deciders"), 303)


def _absence_form(*, is_fresh: bool = False) -> AbsenceForm:
    actor = me()
    site = people.site(actor.site_id or 0)
    everybody = people.active_people(DECIDERS)
    led = my_scope("exceptions.decide") if actor.role == "manager" else None
    away = tuple(one for one in everybody if one.id == actor.id or (led and led.covers(site_id=one.site_id)))
    made = AbsenceForm(formdata=None) if is_fresh else AbsenceForm()
    form = made.prepare(everybody, away, people.sites(), site.time_zone, site.currency)
    if form.employee_id.data is None and (is_fresh or not form.is_submitted()):
        form.employee_id.data = actor.id
    return form


def calendar_form() -> CalendarForm:
    return CalendarForm().prepare(people.active_people(DECIDERS), me().id)


def page(form: AbsenceForm | None = None, calendar: CalendarForm | None = None) -> str:
    """The page of absences; a form with mistakes keeps what was typed."""
    actor, now = me(), utc_now()
    form = form or _absence_form(is_fresh=True)
    feed = queries.feed(actor.id or 0)
    if calendar is None:
        calendar = CalendarForm(formdata=None, data={"calendar_stand_in_id": feed.stand_in_id if feed else None})
        calendar.prepare(people.active_people(DECIDERS), actor.id)
    led = sites_of(my_scope("exceptions.decide")) if actor.role == "manager" else ()
    rows = queries.coming(now, None if led is None else actor.id, led or ())
    return render_template(
        "approvals/absences.html",
        form=form,
        calendar=calendar,
        feed=feed,
        rows=rows,
        names=people.names(
            [*(one for row in rows for one in (row.employee_id, row.stand_in_id)), feed.stand_in_id if feed else None]
        ),
        sites={site.id: site.name for site in people.sites()},
        me_id=actor.id,
        is_manager=actor.role == "manager",
        now=now,
    )


def _account_form() -> AccountForm:
    form = AccountForm()
    everybody = [(one.id, f"{one.name} · {one.email}") for one in people.active_people()]
    form.employee_id.choices = form.same_as_id.choices = options(everybody, empty="–")
    return form


def _deciders(form: AccountForm, refusal: str | None = None) -> str:
    pairs, fallbacks = roster_queries.second_accounts(), roster_queries.fallbacks()
    forms: dict[int, Any] = {}
    for site in people.sites():
        one = FallbackForm(formdata=None, data={"site_id": site.id, "employee_id": fallbacks.get(site.id)})
        one.employee_id.choices = options(
            ((person.id, person.name) for person in people.active_people(DECIDERS)), empty=_("Nobody")
        )
        one.employee_id.id = f"fallback-{site.id}"
        one.employee_id.label.field_id = one.employee_id.id
        forms[site.id] = one
    return render_template(
        "approvals/deciders.html",
        form=form,
        sites=people.sites(),
        fallbacks=forms,
        pairs=pairs,
        names=people.names([*pairs, *pairs.values()]),
        refusal=refusal,
    )
