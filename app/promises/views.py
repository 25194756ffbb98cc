"""Promises: those that are open, those of a case, and what is done with one."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.budgets import intent_actions as intents
from app.cases import queries as cases
from app.cases.queries import CasePage
from app.insights.rules import COUNT_MIN, share
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.promises import actions, queries
from app.promises.forms import DeedForm, MakeForm
from app.promises.queries import PromiseView

bp = Blueprint("promises", __name__, template_folder="templates")
DAYS_SHOWN = 90


@bp.get("/promises")
@needs("cases.read")
def index() -> str:
    scope, actor, now = my_scope("cases.read"), me(), utc_now()
    mine = request.args.get("mine") == "1"
    site_id = request.args.get("site", None, type=int) if scope.is_wide else None
    place: dict[str, Any] = {"scope": scope, "site_id": site_id, "keeper_id": actor.id if mine else None}
    page = Page.of(request.args.get("after"))
    found = queries.open_promises(page, now=now, **place)
    kept = queries.kept(since=now - timedelta(days=DAYS_SHOWN), now=now, **place)
    here: dict[str, Any] = {"site": site_id, "mine": "1" if mine else None}
    return render_template(
        "promises/index.html",
        promises=found,
        kept=kept,
        count_min=COUNT_MIN,
        share=share(kept.kept_count, kept.due_count),
        days=DAYS_SHOWN,
        mine=mine,
        sites=people.sites_within(scope) if scope.is_wide else (),
        site_id=site_id,
        next_url=url_for("promises.index", **here, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("promises.index", **here) if page.after else None,
        now=now,
    )


@bp.get("/cases/<ref>/promises")
@needs("cases.read")
def of_case(ref: str) -> str:
    return _page(_case(ref))


@bp.post("/cases/<ref>/promises")
@needs("cases.write")
def make(ref: str) -> Response | tuple[str, int]:
    page = _case(ref)
    form = MakeForm.at(page.case.site_id, page.time_zone)
    if form.validate():
        try:
            _make_once(page, form)
        except BadInput as refusal:
            form.take(refusal)
        else:
            flash(_("Promised. Its clock runs, and whoever keeps it is reminded."), "good")
            return redirect(url_for("promises.of_case", ref=ref), 303)
    return _page(page, form), 422


def _make_once(page: CasePage, form: MakeForm) -> None:
    actor, now = me(), utc_now()

    def make_it() -> int:
        promise = actions.make(
            case_id=page.case.id,
            what=form.what.data or "",
            told_to=form.told_to.data or "",
            due_at=form.due_at.data,  # type: ignore[arg-type]
            keeper_id=int(form.keeper.data) if form.keeper.data else None,
            actor=actor,
            now=now,
        )
        return promise.id

    intents.once_for_form(name="promise", key=form.key(page.case.id), actor=actor, now=now, deed=make_it)


@bp.post("/promises/<ref>/kept")
@needs("cases.write")
def keep(ref: str) -> Response | tuple[str, int]:
    return _do(ref, lambda given: actions.keep(**given), _("Kept."))


@bp.post("/promises/<ref>/word")
@needs("cases.write")
def tell(ref: str) -> Response | tuple[str, int]:
    """The customer was told, before the miss."""
    return _do(
        ref, lambda given: actions.tell_customer(note=_typed(), **given), _("It is on record that the customer knows.")
    )


@bp.post("/promises/<ref>/withdrawal")
@needs("cases.write")
def withdraw(ref: str) -> Response | tuple[str, int]:
    return _do(ref, lambda given: actions.withdraw(reason=_typed(), **given), _("The promise is taken back."))


def _do(ref: str, deed: Callable[[dict[str, Any]], None], said: str) -> Response | tuple[str, int]:
    """Do one deed on a promise; a refusal stands on the page of its case, with what was typed."""
    promise, form = _promise(ref), DeedForm()
    if form.validate():
        try:
            deed({"promise_id": promise.id, "version": form.version.data, "actor": me(), "now": utc_now()})
        except Refusal as refusal:
            sentences = (
                [text for texts in refusal.errors.values() for text in texts]
                if isinstance(refusal, BadInput)
                else [str(refusal)]
            )
            return _page(_case(promise.case_ref), problem=(promise.ref, " ".join(sentences), _typed())), refusal.status
        flash(said, "good")
        return redirect(url_for("promises.of_case", ref=promise.case_ref), 303)
    return _page(_case(promise.case_ref), problem=(promise.ref, _("Try again from this page."), _typed())), 422


def _typed() -> str:
    return request.form.get("text", "")


def _case(ref: str) -> CasePage:
    page = cases.case_page(ref, my_scope("cases.read"))
    if page is None:
        raise NotFound
    return page


def _promise(ref: str) -> PromiseView:
    found = queries.promise(parse_ref("promise", ref) or 0, my_scope("cases.read"), utc_now())
    if found is None:
        raise NotFound
    return found


def _page(page: CasePage, form: Any = None, *, problem: tuple[str, str, str] = ("", "", "")) -> str:
    now, writes = utc_now(), can("cases.write")
    if form is None and writes:
        form = MakeForm.at(page.case.site_id, page.time_zone, fresh=page.customer or "")
    return render_template(
        "promises/case.html",
        page=page,
        promises=queries.of_case(page.case.id, now),
        form=form,
        writes=writes,
        problem=problem,
        now=now,
    )
