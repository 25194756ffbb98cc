"""The company by site, journey stage, cause, segment and time, with the cases behind each node; and when cases arrive."""

from dataclasses import replace
from datetime import UTC, timedelta
from datetime import date as Day
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.insights import company_sheet, figures, queries, rollup_queries, rules
from app.insights.arrival_rules import arrivals
from app.insights.blueprint import bp
from app.insights.choice import Choice, chosen
from app.insights.rollup_models import DIMENSIONS
from app.kernel.paging import Page
from app.people.access import can, my_scope, needs
from app.ui import kept, unchanged
from app.ui.filters import zone_of


@bp.get("/insights/company")
@needs("metrics.read")
def company() -> ResponseReturnValue:
    by = request.args.get("by", "cause")
    if by not in company_sheet.DIMENSIONS:
        abort(404)
    choice, (first, last) = _places(with_teams=by == "team")
    # Read before the counts: what is rendered is never older than the mark it is kept under.
    mark, may_read = rollup_queries.mark(), can("cases.read")
    shown = (choice.sites, choice.teams, choice.site_id, choice.period.name, by, first, last)
    zone = zone_of(None)
    ends = [at.astimezone(zone).date() for at in (choice.part.since, choice.part.until)]
    depends = ("company", *shown, *ends, may_read, mark)
    tag = unchanged.tag(depends)
    if unchanged.is_known(tag):
        return unchanged.in_a_word(tag)
    content = kept.markup(depends, lambda: _content(choice, by, (first, last), may_read, mark is not None))
    return unchanged.in_full(render_template("insights/company.html", choice=choice, content=content), tag)


def _content(choice: Choice, by: str, days: tuple[Day, Day], may_read: bool, is_counted: bool) -> str:
    """All of the page that hangs on the counts; the same for everybody who may see these sites."""
    found = rollup_queries.overview(choice.part.site_ids, *days, [by] if by in DIMENSIONS else [])
    currencies = {site.id: site.currency for site in choice.sites}
    names = figures.names_of(choice.sites, choice.teams)
    return render_template(
        "insights/_company.html",
        choice=replace(choice, teams=()),
        periods=rules.PERIODS,
        by=by,
        bys=[
            (words, url_for("insights.company", **{**choice.args, "by": key}), key == by)
            for key, words in company_sheet.DIMENSIONS.items()
        ],
        rows=company_sheet.rows(found, by, names, currencies, choice.args, may_read),
        whole=company_sheet.whole(found, currencies),
        share_words=figures.share_words,
        weeks=company_sheet.week_chart(found) if len(found.weeks) > 1 else None,
        is_counted=is_counted,
    )


@bp.get("/insights/arrivals")
@needs("metrics.read")
def arriving() -> str:
    """When cases arrive; the overview fetches its card after the page, since it reads the cases themselves."""
    choice = chosen()
    received = queries.received(choice.part)
    return render_template(
        "insights/arrivals.html",
        choice=choice,
        periods=rules.PERIODS,
        heat=company_sheet.heat(arrivals(received, {site.id: site.time_zone for site in choice.sites})),
        received_count=len(received),
        is_cut=len(received) == queries.ARRIVALS_MAX,
    )


@bp.get("/insights/company/<by>/cases")
@needs("metrics.read")
def company_cases(by: str) -> str:
    if by not in DIMENSIONS:
        abort(404)
    my_scope("cases.read")
    choice, (first, last) = _places()
    page, of = Page.of(request.args.get("after")), request.args.get("of")
    found = rollup_queries.cases_of(choice.part.site_ids, first, last, by, of, page)
    here: dict[str, Any] = {"by": by, **{key: value for key, value in request.args.items() if key != "after"}}
    return render_template(
        "insights/company_cases.html",
        choice=choice,
        rows=found.rows,
        names=figures.names_of(choice.sites, choice.teams),
        back_url=url_for("insights.company", by=by if by in company_sheet.DIMENSIONS else "cause", **choice.args),
        next_url=url_for("insights.company_cases", **here, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("insights.company_cases", **here) if page.after else None,
    )


def _places(*, with_teams: bool = True) -> tuple[Choice, tuple[Day, Day]]:
    """Whole sites and whole days (UTC): that is what is kept."""
    choice = chosen(with_teams=with_teams)
    last = choice.part.until.astimezone(UTC).date()
    part = replace(choice.part, team_id=None)
    return replace(choice, part=part, team_id=None), (last - timedelta(days=choice.period.days - 1), last)
