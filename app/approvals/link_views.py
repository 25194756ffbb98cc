"""The page that the link of a mail leads to: the request, ready to be decided by the one it was sent to."""

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.approvals import bound_queries, decision_page
from app.approvals import link_actions as links
from app.approvals.blueprint import bp
from app.approvals.decision_page import Sent, row_of
from app.approvals.forms import DecisionForm
from app.approvals.queries import RequestRow
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.people.headers import keep_secret
from app.people.step_up import require_proof


@bp.get("/decide/<token>")
@needs("exceptions.read")
def by_link(token: str) -> ResponseReturnValue:
    """Show the request to the one it was sent to. Nobody else learns whether the link means anything."""
    link = links.read(token, utc_now())
    if link.employee_id != me().id:
        raise NotFound
    row = row_of(ref("exception", link.exception_id))
    if row.is_waiting and (link.is_over or links.is_used(link) or not row.terms_hash.startswith(link.terms)):
        flash(_("The link of that mail has ended. This is how the request stands now."))
    elif row.is_waiting:
        page = render_template("approvals/show.html", **decision_page.values(row, Sent()), link=token)
        return keep_secret(make_response(page))
    return redirect(url_for("approvals.show", ref=row.ref), 303)


def ask_for_proof(row: RequestRow, form: DecisionForm) -> None:
    """Ask for the second factor before more is granted than a bare sign-in is enough for."""
    granted = form.granted or row.amount
    if form.outcome.data != "declined" and bound_queries.bounds(row.currency).asks_for_proof(granted):
        require_proof(is_needed=True)
