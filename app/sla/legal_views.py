"""Legal clocks: what each pack says, where it comes from, and which sites keep it; and the ISO 10002 questions."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.kernel.errors import NotFound
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.sla import legal_actions, legal_rules
from app.sla.blueprint import bp


@bp.get("/settings/legal-clocks")
@needs("settings.write")
def legal() -> str:
    adopted = legal_actions.adopted()
    rows: list[Any] = [(pack, adopted.get(pack.code, set())) for pack in legal_rules.PACKS.values()]
    return render_template("sla/legal.html", rows=rows, sites=people.sites(), questions=legal_rules.ISO_10002)


@bp.post("/settings/legal-clocks/<code>")
@needs("settings.write")
def keep_legal(code: str) -> Response:
    """Say which sites keep a pack; the others end it."""
    if code not in legal_rules.PACKS:
        raise NotFound
    known = {site.id for site in people.sites()}
    wanted = {site_id for site_id in request.form.getlist("site", type=int) if site_id in known}
    legal_actions.keep(code=code, site_ids=wanted, actor=me(), now=utc_now())
    flash(_("New cases of these sites get this clock from now on."), "good")
    return redirect(url_for("sla.legal", _anchor=code), 303)
