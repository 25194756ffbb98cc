"""What the desk does about a customer's page: its link, what she sees, and offers to choose from."""

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases.case_sheet import found
from app.cases.queries import CasePage
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.portal import link_actions as links
from app.portal.blueprint import bp
from app.portal.link_queries import Visit, link_of
from app.portal.link_queries import visit as visit_by
from app.portal.page_views import page_of
from app.portal.rules import ends_at
from app.remedies import choice_actions as choices


@bp.post("/cases/<ref>/customer-link")
@needs("cases.write")
def make_link(ref: str) -> ResponseReturnValue:
    return _do(
        found(ref),
        lambda page: links.make_link(case_id=page.case.id, actor=me(), now=utc_now()),
        _("The link is made. One that was given before opens nothing any more."),
    )


@bp.post("/cases/<ref>/customer-link/mail")
@needs("cases.write")
def mail_link(ref: str) -> ResponseReturnValue:
    return _do(
        found(ref),
        lambda page: links.mail_link(case_id=page.case.id, actor=me(), now=utc_now()),
        _("The link is on its way to the customer."),
    )


@bp.post("/cases/<ref>/customer-link/revocation")
@needs("cases.write")
def revoke_link(ref: str) -> ResponseReturnValue:
    return _do(
        found(ref),
        lambda page: links.revoke_link(case_id=page.case.id, actor=me(), now=utc_now()),
        _("The link opens nothing any more."),
    )


@bp.post("/cases/<ref>/choice")
@needs("remedies.give")
def let_choose(ref: str) -> ResponseReturnValue:
    """Make the named offers alternatives, or let each stand for itself again."""
    if request.form.get("deed") == "part":
        return _do(
            found(ref),
            lambda page: choices.part(case_id=page.case.id, actor=me(), now=utc_now()),
            _("Each offer stands for itself again."),
        )
    named = [parse_ref("remedy", text) or 0 for text in request.form.getlist("remedy")]
    return _do(
        found(ref),
        lambda page: choices.let_choose(case_id=page.case.id, remedy_ids=named, actor=me(), now=utc_now()),
        _("The customer chooses one of them; the others are then free again."),
    )


@bp.get("/cases/<ref>/customer-page")
@needs("cases.read")
def preview(ref: str) -> str:
    """Show what the customer sees, without anything to press."""
    page = found(ref)
    case, link = page.case, link_of(page.case.id)
    visit = visit_by(case.id, link.serial, utc_now()) if link else None
    return page_of(visit or _as_hers(page), is_preview=True)


def _as_hers(page: CasePage) -> Visit:
    """Her view of a case that has no link yet."""
    case = page.case
    return Visit(
        case.id, 0, case.site_id, page.site, page.time_zone, page.locale, page.currency, case.customer_id, page.customer,
        page.customer_email, None, ends_at(case.resolved_at, case.closed_at),
    )  # fmt: skip


def _do(page: CasePage, deed: Callable[[CasePage], object], done: str) -> ResponseReturnValue:
    try:
        deed(page)
    except BadInput as mistake:
        flash(" ".join(text for texts in mistake.errors.values() for text in texts), "bad")
    except NotFound:
        flash(_("There is no link any more."), "warn")
    else:
        flash(done, "good")
    return redirect(url_for("cases.show", ref=page.ref, _anchor="customer-page"), 303)
