"""The figures of a period as a file for a spreadsheet."""

from typing import Any

from flask import Response, abort

from app.insights import export_actions
from app.insights.blueprint import bp
from app.insights.choice import chosen
from app.kernel.time import utc_now
from app.people.access import me, needs

TYPES: dict[Any, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@bp.post("/insights/exports/<form>")
@needs("metrics.read")
def export(form: str) -> Response:
    """A deed, not a link: it is named in the trail, so no page that is fetched ahead makes one."""
    if form not in TYPES:
        abort(404)
    choice = chosen()
    body = export_actions.export_figures(part=choice.part, form=form, actor=me(), now=utc_now())  # type: ignore[arg-type]
    name = f"makegood-figures-{choice.part.until:%Y-%m-%d}-{choice.period.name}.{form}"
    answer = Response(body, content_type=TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
