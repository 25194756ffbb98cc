"""The figures of a period as a file for a spreadsheet."""

from typing import Any

from flask import Response, abort, request

from app.insights import export_actions, figures, measure_sheet, report_rules, report_sheet
from app.insights.blueprint import bp
from app.insights.choice import Choice, chosen
from app.insights.measures import MEASURES
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.people.step_up import require_proof
from app.ui.filters import zone_of

TYPES: dict[Any, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@bp.post("/insights/exports/<form>")
@needs("metrics.read")
def export(form: str) -> Response:
    """A deed, not a link: it is named in the trail, so no page that is fetched ahead makes one."""
    if form not in TYPES:
        abort(404)
    require_proof()
    choice = chosen()
    if form == "pdf":
        body = _paper(choice)
    else:
        said_of = measure_sheet.said_of(figures.names_of(people.sites(), people.teams()))
        body = export_actions.export_figures(
            part=choice.part,
            form=form,  # type: ignore[arg-type]
            said_of=said_of,
            actor=me(),
            now=utc_now(),
        )
    name = f"makegood-figures-{choice.part.until:%Y-%m-%d}-{choice.period.name}.{form}"
    answer = Response(body, content_type=TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _paper(choice: Choice) -> bytes:
    """What `of` names on paper: the overview, one measure, or all of them."""
    of = request.args.get("of", "all")
    if of not in ("all", "overview") and of not in MEASURES:
        abort(404)
    measures = tuple(MEASURES) if of == "all" else report_rules.measures_of("measure" if of in MEASURES else of, of)
    title = report_sheet.title_of("measure" if of in MEASURES else of, of if of in MEASURES else None)
    report = report_sheet.report_of(title, measures, choice.part, zone_of(None))
    body = report_sheet.on_paper(report)
    rows = sum(len(section.rows) for section in report.sections)
    export_actions.note_export(part=choice.part, form="pdf", rows=rows, actor=me(), now=utc_now())
    return body
