"""The inbox of exceptions and the page where one is decided, phone first."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.approvals import (
    absence_views,
    batch_views,
    bound_queries,
    bound_views,
    calendar_views,
    deed_views,
    link_views,
    matrix_views,
    mine_queries,
    queries,
)
from app.approvals import actions as approvals
from app.approvals import link_actions as links
from app.approvals.blueprint import bp
from app.approvals.decision_page import Sent, keeps_of, page, row_of
from app.approvals.forms import DecisionForm
from app.approvals.link_views import ask_for_proof
from app.approvals.queries import RequestRow
from app.kernel.errors import BadInput, Refusal
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.people.permissions import sites_of
from app.policies import queries as policies
from app.remedies import actions as remedies
from app.ui.filters import money

__all__ = [
    "absence_views",
    "batch_views",
    "bound_views",
    "bp",
    "calendar_views",
    "deed_views",
    "link_views",
    "matrix_views",
]
INBOX_SIZE = 25  # each is read before it is decided, often on a phone
TABS = ("waiting", "decided", "asked")


@bp.get("/exceptions")
@needs("exceptions.read")
def inbox() -> str:
    now, actor, scope = utc_now(), me(), my_scope("exceptions.read")
    tab = request.args.get("tab") if request.args.get("tab") in TABS else "waiting"
    at = Page.of(request.args.get("after"), INBOX_SIZE)
    items, found = mine_queries.read(str(tab), scope, actor, at, now)
    return render_template(
        "approvals/inbox.html",
        tab=tab,
        items=items,
        names=people.names(person for row in found.rows for person in (row.requested_by_id, row.decided_by_id)),
        kinds=_kinds(),
        waits=queries.waits(sites_of(scope), now),
        has_batches=bool(bound_queries.all_bounds()) if tab == "waiting" else False,
        now=now,
        next_url=url_for("approvals.inbox", tab=tab, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("approvals.inbox", tab=tab) if at.after else None,
    )


@bp.get("/exceptions/<ref>")
@needs("exceptions.read")
def show(ref: str) -> str:
    return page(row_of(ref))


@bp.get("/exceptions/<ref>/purse")
@needs("exceptions.read")
def purse(ref: str) -> str:
    """What an approval would take and leave; fetched by the page once it stands."""
    return keeps_of(row_of(ref), is_part="HX-Request" in request.headers)


@bp.post("/exceptions/<ref>/decisions")
@needs("exceptions.decide")
def decide(ref: str) -> Response | tuple[str, int]:
    row = row_of(ref)
    form = DecisionForm.about(row.amount, request.form.get("outcome", ""), is_sent=True)
    if not form.validate():
        return page(row, Sent("decision", form)), 422
    ask_for_proof(row, form)
    try:
        with links.using(request.form.get("link", ""), exception_id=row.id, actor=me(), now=utc_now()):
            _decide(row, form)
    except BadInput as mistake:
        form.take(mistake)
        return page(row_of(ref), Sent("decision", form)), 422
    except Refusal as refusal:
        return page(row_of(ref), Sent("decision", form, str(refusal))), refusal.status
    flash(_done(row, form))
    return redirect(url_for("approvals.inbox"), 303)


def _decide(row: RequestRow, form: DecisionForm) -> None:
    # Money is reserved by remedies in the same transaction; a request without a remedy has none to reserve.
    deed: Any = remedies.decide_exception if row.remedy_id else approvals.decide
    deed(
        exception_id=row.id,
        outcome="declined" if form.outcome.data == "declined" else "approved",
        amount=form.granted,
        reason=form.reason.data or "",
        actor=me(),
        now=utc_now(),
        terms_hash=request.form.get("terms") or None,
    )


def _done(row: RequestRow, form: DecisionForm) -> str:
    if form.outcome.data == "declined":
        return _("Declined %(amount)s for %(case)s.", amount=money(row.amount), case=row.case_ref)
    return _("Approved %(amount)s for %(case)s.", amount=money(form.granted or row.amount), case=row.case_ref)


@bp.post("/exceptions/<ref>/withdrawal")
@needs("exceptions.ask")
def withdraw(ref: str) -> Response | tuple[str, int]:
    row = row_of(ref)
    try:
        approvals.withdraw(exception_id=row.id, actor=me(), now=utc_now())
    except Refusal as refusal:
        return page(row_of(ref), Sent(refusal=str(refusal))), refusal.status
    flash(_("Taken back. Nobody will be asked any more."))
    return redirect(url_for("approvals.show", ref=row.ref), 303)


def _kinds() -> dict[str, str]:
    return {kind.code: kind.name for kind in policies.kinds()}
