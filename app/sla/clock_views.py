"""The clocks of one case: their timeline, why each deadline is where it is, tasks, follow-ups and long pauses."""

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.budgets import intent_actions as intents
from app.cases import queries as cases
from app.cases.models import Case
from app.cases.queries import CasePage
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.sla import past_queries, queries, task_actions, why_queries
from app.sla.blueprint import bp
from app.sla.clock_forms import PauseForm, TaskForm
from app.sla.queries import ClockView
from app.sla.words import KIND_WORDS, REASON_WORDS


@bp.get("/cases/<ref>/clocks")
@needs("clocks.read")
def timeline(ref: str) -> str:
    return _page(found(ref))


@bp.post("/cases/<ref>/clocks")
@needs("cases.write")
def ask_task(ref: str) -> Response | tuple[str, int]:
    """Ask another team or a supplier for something; its clock starts now."""
    page, form = found(ref), TaskForm.at(found(ref).case.site_id)
    if form.validate():
        try:
            _ask_once(page.case, form)
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("The task has a clock of its own now."), "good")
            return redirect(url_for("sla.timeline", ref=ref), 303)
    return _page(page, task=form), 422


def _ask_once(case: Case, form: TaskForm) -> None:
    actor, now = me(), utc_now()

    def ask() -> int:
        task_actions.ask_task(
            case_id=case.id,
            kind=form.kind.data,
            what=form.what.data or "",
            seconds=form.seconds(),
            team_id=form.team_id() or case.team_id,
            owner_id=None if form.team_id() else case.owner_id,
            site_id=case.site_id,
            severity=case.severity,
            actor=actor,
            now=now,
        )
        return case.id

    intents.once_for_form(name="task", key=form.key(case.id), actor=actor, now=now, deed=ask)


@bp.post("/clocks/<ref>/end")
@needs("cases.write")
def finish(ref: str) -> Response:
    """A task is done, or the customer was followed up."""
    clock = _clock(ref)
    case_ref = task_actions.finish(clock_id=clock.id, actor=me(), now=utc_now())
    flash(_("Done: its clock has stopped."), "good")
    return redirect(url_for("sla.timeline", ref=case_ref), 303)


@bp.post("/cases/<ref>/clocks/rest")
@needs("clocks.approve")
def approve_pause(ref: str) -> Response | tuple[str, int]:
    page, form = found(ref), PauseForm()
    if form.validate():
        try:
            task_actions.approve_pause(
                case_id=page.case.id,
                site_id=page.case.site_id,
                reason=form.reason.data or "",
                actor=me(),
                now=utc_now(),
            )
        except Refusal as refusal:
            status = form.take(refusal)
            return _page(page, rest=form), status
        flash(_("The clocks may rest until the case goes on."), "good")
        return redirect(url_for("sla.timeline", ref=ref), 303)
    return _page(page, rest=form), 422


@bp.get("/clocks/<ref>/why")
@needs("clocks.read")
def why(ref: str) -> str:
    """Why this deadline, as a page of its own and as a fragment."""
    clock, now = _clock(ref), utc_now()
    return render_template("sla/why.html", clock=clock, explained=why_queries.why(clock), now=now)


def found(ref: str) -> CasePage:
    page = cases.case_page(ref, my_scope("clocks.read"))
    if page is None:
        raise NotFound
    return page


def _clock(text: str) -> ClockView:
    """A clock of the reader's scope, with its days; anything else is not found."""
    view = queries.clock_view(parse_ref("clock", text) or 0, utc_now())
    if view is None or not my_scope("clocks.read").covers(
        site_id=view.site_id, team_id=view.team_id, owner_id=view.owner_id
    ):
        raise NotFound
    return view


def _page(page: CasePage, *, task: Any = None, rest: Any = None) -> str:
    now = utc_now()
    clocks = queries.clocks_of_case(page.case.id, now, with_why=False)
    lines = past_queries.lines_of(clock.id for clock in clocks)
    waits = [value for clock in clocks for value in _limits(lines[clock.id]) if clock.is_paused]
    return render_template(
        "sla/timeline.html",
        page=page,
        clocks=clocks,
        lines=lines,
        words=KIND_WORDS,
        reasons=REASON_WORDS,
        names=people.names(clock.owner_id for clock in clocks),
        rest_ends_at=min(waits, default=None),
        task=(task or TaskForm.at(page.case.site_id, fresh=True)) if can("cases.write") else None,
        rest=(rest or PauseForm(formdata=None)) if waits and can("clocks.approve") else None,
        now=now,
    )


def _limits(lines: list[past_queries.Line]) -> list[datetime]:
    """When the last pause of a clock ends unless it is approved."""
    pauses = [line for line in lines if line.kind == "pause"]
    return [pauses[-1].values["limit_at"]] if pauses and pauses[-1].values["limit_at"] else []
