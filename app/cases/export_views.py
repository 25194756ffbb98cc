"""The cases of the queue as a file."""

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import export_actions, export_queries
from app.cases.blueprint import bp
from app.cases.queue_views import filters_of
from app.kernel.time import utc_now
from app.people.access import me, my_scope, needs
from app.people.step_up import require_proof

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson; charset=utf-8",
}


@bp.get("/cases/export")
@needs("cases.export")
def exporting() -> str:
    """What would go into the file; the address carries the queue's filters."""
    actor, scope, now = me(), my_scope("cases.export"), utc_now()
    who = {"me_id": actor.id, "team_id": actor.team_id}
    here, everything = (
        export_queries.count(*export_queries.conditions(scope, chosen, **who, now=now))
        for chosen in (filters_of(request.args), None)
    )
    return render_template("cases/export.html", here=here, everything=everything, asked=request.args.to_dict())


@bp.post("/cases/exports")
@needs("cases.export")
def export() -> ResponseReturnValue:
    """A deed, not a link: it is named in the trail, so no page that is fetched ahead makes one."""
    require_proof()
    now, form = utc_now(), request.form.get("form", "")
    filters = None if request.form.get("what") == "everything" else filters_of(request.form)
    if form not in TYPES:
        flash(_("Choose a format."), "bad")
        return redirect(url_for("cases.exporting"), 303)
    try:
        file = export_actions.export(form=form, filters=filters, actor=me(), now=now)  # type: ignore[arg-type]
    except (export_actions.TooMany, export_actions.TooLong) as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("cases.exporting"), 303)
    name = f"makegood-cases-{now:%Y-%m-%d}.{form}"
    answer = send_file(file, mimetype=TYPES[form], as_attachment=True, download_name=name, max_age=0, etag=False)
    answer.headers["Cache-Control"] = "no-store"
    return answer
