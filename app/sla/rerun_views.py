"""Re-runs: what new hours or targets would do to open cases, asking for one, and how far it is."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.validators import InputRequired, Length

from app.kernel.errors import Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.sla import queries, rerun_actions
from app.sla.blueprint import bp
from app.sla.rerun_rules import KINDS
from app.ui.forms import Form, LineField, options

KIND_WORDS: dict[str, Any] = {
    "hours": _l("the newest working hours"),
    "targets": _l("the newest targets and rules"),
    "both": _l("both"),
}
STATE_WORDS: dict[str, Any] = {"waiting": _l("under way"), "done": _l("done"), "stopped": _l("stopped")}


class RerunForm(Form):
    """What open cases should follow, and why."""

    kind = RadioField(_l("Open cases follow"), choices=lambda: options(KIND_WORDS.items()), default="hours")
    reason = LineField(_l("Reason"), validators=[InputRequired(), Length(min=3, max=500)])


@bp.get("/settings/re-runs")
@needs("settings.write")
def reruns() -> str:
    kind = request.args.get("kind", "")
    return _page(None, kind if kind in KINDS else None)


@bp.post("/settings/re-runs")
@needs("settings.write")
def ask_rerun() -> Response | tuple[str, int]:
    form, status = RerunForm(), 422
    if form.validate():
        try:
            rerun_actions.ask(kind=form.kind.data, reason=form.reason.data or "", actor=me(), now=utc_now())
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("The re-run has begun. This page shows how far it is."), "good")
            return redirect(url_for("sla.reruns"), 303)
    return _page(form, form.kind.data if form.kind.data in KINDS else None), status


@bp.post("/settings/re-runs/<ref>/stop")
@needs("settings.write")
def stop_rerun(ref: str) -> Response:
    rerun_actions.stop(rerun_id=parse_ref("rerun", ref) or 0, actor=me(), now=utc_now())
    flash(_("The re-run is stopped. What it has moved stays moved."), "good")
    return redirect(url_for("sla.reruns"), 303)


def _page(form: Any, kind: str | None) -> str:
    rows = queries.reruns()
    return render_template(
        "sla/reruns.html",
        form=form or RerunForm(formdata=None, kind=kind or "hours"),
        kind=kind,
        preview=rerun_actions.preview(kind, now=utc_now()) if kind else None,
        rows=rows,
        names=people.names(row.asked_by_id for row in rows),
        words={"kind": KIND_WORDS, "state": STATE_WORDS, "milestone": queries.MILESTONE_NAMES},
    )
