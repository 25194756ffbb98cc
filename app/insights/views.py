"""The page of figures, and the cases behind each."""

from flask import abort, render_template, request, url_for

from app.insights import (
    approval_views,
    company_views,
    export_views,
    figures,
    lead_views,
    measure_views,
    outcome_views,
    proposal_views,
    pulse_views,
    queries,
    report_views,
    risk_views,
    rules,
    shadow_views,
    simulation_views,
    spend_views,
)
from app.insights.blueprint import bp
from app.insights.choice import chosen
from app.kernel.paging import Page
from app.people.access import can, my_scope, needs

__all__ = [
    "approval_views",
    "bp",
    "company_views",
    "export_views",
    "lead_views",
    "measure_views",
    "outcome_views",
    "proposal_views",
    "pulse_views",
    "report_views",
    "risk_views",
    "shadow_views",
    "simulation_views",
    "spend_views",
]


@bp.get("/insights")
@needs("metrics.read")
def overview() -> str:
    choice = chosen()
    names = figures.names_of(choice.sites, choice.teams)
    return render_template(
        "insights/overview.html",
        choice=choice,
        periods=rules.PERIODS,
        found=figures.figures_of(choice.part, choice.period, names, choice.sites, choice.part.until),
        share_words=figures.share_words,
        bounds_words=figures.bounds_words,
        behind=lambda measure: url_for("insights.cases", measure=measure, **choice.args),
        may_read_cases=can("cases.read"),
    )


@bp.get("/insights/cases/<measure>")
@needs("metrics.read")
def cases(measure: str) -> str:
    if measure not in queries.MEASURES:
        abort(404)
    my_scope("cases.read")  # figures alone go further than the cases behind them
    choice, page = chosen(), Page.of(request.args.get("after"))
    found = queries.cases_behind(measure, choice.part, choice.part.until, page)
    here = {"measure": measure, **choice.args}
    return render_template(
        "insights/cases.html",
        measure=measure,
        choice=choice,
        rows=found.rows,
        names=figures.names_of(choice.sites, choice.teams),
        back_url=url_for("insights.overview", **choice.args),
        next_url=url_for("insights.cases", after=found.next_cursor, **here) if found.next_cursor else None,
        start_url=url_for("insights.cases", **here) if page.after else None,
    )
