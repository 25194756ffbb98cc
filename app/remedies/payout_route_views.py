"""Settings: which connector pays what where."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.policies import queries as policies
from app.remedies import payout_queries as queries
from app.remedies import payout_route_actions as routes
from app.remedies import payout_words as words
from app.remedies.blueprint import bp
from app.remedies.connectors import chosen
from app.remedies.payout_forms import RouteForm
from app.ui.forms import options


@bp.get("/payout-routes")
@needs("settings.write")
def payout_routes() -> str:
    return _page(_form(formdata=None))


@bp.post("/payout-routes")
@needs("settings.write")
def set_payout_route() -> ResponseReturnValue:
    form = _form()
    if not form.validate():
        return _page(form), 422
    try:
        routes.set_route(
            site_id=int(form.site_id.data) if form.site_id.data else None, kind=form.kind.data or None,
            connector=form.connector.data, actor=me(), now=utc_now(),
        )  # fmt: skip
    except BadInput as mistake:
        form.take(mistake)
        return _page(form), 422
    flash(_("It holds for what is settled from now on."), "good")
    return redirect(url_for("remedies.payout_routes"), 303)


@bp.post("/payout-routes/<int:route_id>/removal")
@needs("settings.write")
def remove_payout_route(route_id: int) -> ResponseReturnValue:
    routes.remove_route(route_id=route_id, actor=me(), now=utc_now())
    flash(_("Removed; the wider rule holds again."), "good")
    return redirect(url_for("remedies.payout_routes"), 303)


def _form(**given: None) -> RouteForm:
    form = RouteForm(**given)
    form.site_id.choices = options([("", _("Every site")), *((str(site.id), site.name) for site in people.sites())])
    kinds = [(kind.code, kind.name) for kind in policies.kinds(active_only=True) if kind.monetary]
    form.kind.choices = options([("", _("Every kind")), *kinds])
    form.connector.choices = options(words.CONNECTORS.items())
    return form


def _page(form: RouteForm) -> str:
    missing = {name: connector.missing for name, connector in chosen.connectors().items() if connector.missing}
    return render_template(
        "remedies/payout_routes.html",
        form=form,
        routes=queries.routes(),
        words=words,
        missing=missing,
        kind_names={kind.code: kind.name for kind in policies.kinds()},
    )
