"""The inbox of exceptions and the page where one is decided, phone first."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.approvals import actions as approvals
from app.approvals import matrix_views, queries, rules
from app.approvals.blueprint import bp
from app.approvals.forms import DecisionForm
from app.approvals.queries import RequestRow
from app.approvals.sheet import sheet_for
from app.cases import queries as cases
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.policies import queries as policies
from app.remedies import actions as remedies
from app.ui.filters import money

__all__ = ["bp", "matrix_views"]
TABS = ("waiting", "decided", "asked")


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the inbox; `refused` says why this reader can't decide it."""

    row: RequestRow
    refused: Any | None


@bp.get("/exceptions")
@needs("exceptions.read")
def inbox() -> str:
    now, actor, scope = utc_now(), me(), my_scope("exceptions.read")
    tab = request.args.get("tab") if request.args.get("tab") in TABS else "waiting"
    page = Page.of(request.args.get("after"))
    found = queries.inbox(scope, str(tab), page)
    standing = queries.standing(found.rows, now)
    answers = [(row, standing.answer(row.id, actor)) for row in found.rows]
    items = [Item(row, answer.reason if isinstance(answer, rules.Refused) else None) for row, answer in answers]
    return render_template(
        "approvals/inbox.html",
        tab=tab,
        items=items,
        names=people.names(person for row in found.rows for person in (row.requested_by_id, row.decided_by_id)),
        kinds=_kinds(),
        waits=queries.waits(actor.site_id if scope.kind != "company" else None, now),
        now=now,
        next_url=url_for("approvals.inbox", tab=tab, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("approvals.inbox", tab=tab) if page.after else None,
    )


@bp.get("/exceptions/<ref>")
@needs("exceptions.read")
def show(ref: str) -> str:
    row = _row(ref)
    return _page(row)


@bp.post("/exceptions/<ref>/decisions")
@needs("exceptions.decide")
def decide(ref: str) -> Response | tuple[str, int]:
    row = _row(ref)
    form = DecisionForm.about(row.amount, request.form.get("outcome", ""), is_sent=True)
    if not form.validate():
        return _page(row, form), 422
    outcome = "declined" if form.outcome.data == "declined" else "approved"
    # Money is reserved by remedies in the same transaction; a request without a remedy has none to reserve.
    deed: Any = remedies.decide_exception if row.remedy_id else approvals.decide
    try:
        deed(
            exception_id=row.id,
            outcome=outcome,
            amount=form.granted,
            reason=form.reason.data or "",
            actor=me(),
            now=utc_now(),
        )
    except BadInput as mistake:
        form.take(mistake)
        return _page(_row(ref), form), 422
    except Refusal as refusal:
        return _page(_row(ref), form, str(refusal)), refusal.status
    flash(_done(row, form))
    return redirect(url_for("approvals.inbox"), 303)


def _done(row: RequestRow, form: DecisionForm) -> str:
    if form.outcome.data == "declined":
        return _("Declined %(amount)s for %(case)s.", amount=money(row.amount), case=row.case_ref)
    return _("Approved %(amount)s for %(case)s.", amount=money(form.granted or row.amount), case=row.case_ref)


@bp.post("/exceptions/<ref>/withdrawal")
@needs("exceptions.ask")
def withdraw(ref: str) -> Response | tuple[str, int]:
    row = _row(ref)
    try:
        approvals.withdraw(exception_id=row.id, actor=me(), now=utc_now())
    except Refusal as refusal:
        return _page(_row(ref), refusal=str(refusal)), refusal.status
    flash(_("Taken back. Nobody will be asked any more."))
    return redirect(url_for("approvals.show", ref=row.ref), 303)


def _row(ref: str) -> RequestRow:
    """Read the request inside the reader's scope; outside of it there is nothing."""
    exception_id = parse_ref("exception", ref)
    row = queries.request_row(exception_id, my_scope("exceptions.read")) if exception_id else None
    if row is None:
        raise NotFound()
    return row


def _page(row: RequestRow, sent: DecisionForm | None = None, refusal: str | None = None) -> str:
    now, actor = utc_now(), me()
    scope = my_scope("exceptions.read")
    categories = {category.id: category.name for category in cases.categories()}
    return render_template(
        "approvals/show.html",
        sheet=sheet_for(row, scope, actor, now),
        row=row,
        forms={name: _form(row, name, sent) for name in ("less", "declined")},
        refusal=refusal,
        kinds=_kinds(),
        category=categories.get(row.category_id, "–"),
        is_mine=actor.id == row.requested_by_id,
        now=now,
    )


def _form(row: RequestRow, name: str, sent: DecisionForm | None) -> DecisionForm:
    """The form as it was sent, with its mistakes, or an empty one."""
    if sent is not None and sent.outcome.data == name:
        return sent
    return DecisionForm.about(row.amount, name, is_sent=False)


def _kinds() -> dict[str, str]:
    return {kind.code: kind.name for kind in policies.kinds()}
