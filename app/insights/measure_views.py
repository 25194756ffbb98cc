"""Every measure with what it is, what it rests on, and the cases behind it."""

from typing import Any

from flask import abort, render_template, request, url_for

from app.insights import band_queries, figure_queries, figures, measure_queries, measure_sheet, risk_queries, rules
from app.insights.band_queries import Band, band_of_key
from app.insights.blueprint import bp
from app.insights.choice import Choice, chosen
from app.insights.measures import GROUPS, MEASURES, OVER_USE, UNDER_USE, Measure
from app.kernel.paging import Page
from app.people.access import can, my_scope, needs

BY = ("stage", "cause", "segment", "severity", "channel", "category_id", "team_id", "site_id")
# What is no share is about the cases of an older list, or of a share that counts the same things.
_LISTS = {
    "approval-wait": "asked", "approval-wait-business": "asked", "waiting-sum": "asked", "waiting-cost": "asked",
    "exceptions": "asked",
    "clocks-kept": "missed", "due": "late",
}  # fmt: skip
_ALIKE = {
    "consistency": "autonomy", "equity-amount": "autonomy", "equity-time": "own-authority",
    "recovery-return": "own-authority",
}  # fmt: skip


@bp.get("/insights/measures")
@needs("metrics.read")
def measures() -> str:
    choice = chosen()
    group = request.args.get("group", "freedom")
    if group not in GROUPS:
        abort(404)
    tails = {name: measure_sheet.card(MEASURES[name], choice) for name in (*UNDER_USE, *OVER_USE) if group == "freedom"}
    return render_template(
        "insights/measures.html",
        choice=choice,
        periods=rules.PERIODS,
        group=group,
        groups=[(words, _url(choice, group=name), name == group) for name, words in measure_sheet.GROUP_WORDS.items()],
        cards=[measure_sheet.card(one, choice) for one in GROUPS[group] if one.name not in tails],
        under_use=[tails[name] for name in UNDER_USE if name in tails],
        over_use=[tails[name] for name in OVER_USE if name in tails],
        has_risk=group == "outcomes" and risk_queries.is_on(),
    )


def _url(choice: Choice, **more: Any) -> str:
    return url_for("insights.measures", **{**choice.args, **more})


@bp.get("/insights/measures/<name>")
@needs("metrics.read")
def measure(name: str) -> str:
    one, choice = _known(name), chosen()
    names, is_share = figures.names_of(choice.sites, choice.teams), name in measure_queries.SHARES
    by = request.args.get("by", "cause")
    by = by if by in BY else "cause"
    found = figure_queries.figures(name, choice.part, choice.part.until)
    return render_template(
        "insights/measure.html",
        choice=choice,
        periods=rules.PERIODS,
        measure=one,
        group=next(group for group, members in GROUPS.items() if one in members),
        lines=[
            *measure_sheet.lines(one, found, names, choice, may_read=can("cases.read")),
            *measure_sheet.beside(name, choice),
        ],
        chart=measure_sheet.time_chart(name, choice) if is_share else None,
        by=by,
        bys=[(key, measure_sheet.BY_WORDS[key]) for key in BY],
        breakdown=measure_sheet.breakdown(name, by, choice, names, may_read=can("cases.read")) if is_share else None,
        behind=_behind(name, choice) if can("cases.read") else None,
    )


def _behind(name: str, choice: Choice) -> dict[str, str]:
    """The lists of cases: those that count and the others of a share; all that any other measure is about."""
    if name in measure_queries.SHARES:
        return {hit: url_for("insights.measure_cases", name=name, hit=hit, **choice.args) for hit in ("1", "0")}
    if name in _LISTS:
        return {"all": url_for("insights.cases", measure=_LISTS[name], **choice.args)}
    return {"all": url_for("insights.measure_cases", name=_ALIKE[name], **choice.args)}


@bp.get("/insights/measures/<name>/cases")
@needs("metrics.read")
def measure_cases(name: str) -> str:
    """What a share counts; below its minimum the list doesn't say which of them are hits."""
    one, choice, page = _known(name), chosen(), Page.of(request.args.get("after"))
    my_scope("cases.read")
    if name not in measure_queries.SHARES:
        abort(404)
    by, of = request.args.get("by"), request.args.get("of", "")
    where = {by: _value(by, of)} if by in BY else {}
    band = _band(name, by, of)
    is_enough = _is_enough(one, choice, where, band)
    hit = {"1": True, "0": False}.get(request.args.get("hit", "")) if is_enough else None
    found = measure_queries.behind(name, choice.part, choice.part.until, page, hit=hit, band=band, **where)
    here: dict[str, Any] = {key: value for key, value in request.args.items() if key != "after"} | {"name": name}
    return render_template(
        "insights/measure_cases.html",
        measure=one,
        hit=hit,
        is_enough=is_enough,
        choice=choice,
        rows=found.rows,
        names=figures.names_of(choice.sites, choice.teams),
        back_url=url_for("insights.measure", name=name, **choice.args),
        next_url=url_for("insights.measure_cases", **here, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("insights.measure_cases", **here) if page.after else None,
    )


def _band(name: str, by: str | None, of: str) -> Band | None:
    """The band of amounts that the address names; one that is none is nowhere."""
    if by != "band":
        return None
    found = band_of_key(of)
    if name not in band_queries.TABLES or found is None:
        abort(404)
    return found


def _is_enough(one: Measure, choice: Choice, where: dict[str, Any], band: Band | None) -> bool:
    part, now = choice.part, choice.part.until
    if band is not None:
        counted = band_queries.by_band(one.name, part, now).get(band)
        return counted is not None and counted.trials >= one.n_min
    if not where:
        return measure_queries.total(one.name, part, now).trials >= one.n_min
    ((by, of),) = where.items()
    found = measure_queries.by(by, one.name, part, now).get(of)
    return found is not None and found.trials >= one.n_min


def _known(name: str) -> Measure:
    found = MEASURES.get(name)
    if found is None:
        abort(404)
    return found


def _value(by: str, of: str) -> str | int | None:
    """A group as the address says it; an empty one is what isn't known."""
    if not of:
        return None
    if by in ("stage", "cause", "segment", "channel"):
        return of
    return int(of) if of.isascii() and of.isdigit() and len(of) < 10 else -1
