"""A policy tried on the past: what it would have answered. Nothing here writes."""

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.insights import simulation_figures as figures
from app.insights import simulation_queries as queries
from app.insights.blueprint import bp
from app.insights.simulation_forms import SimulationForm
from app.insights.simulation_kept import simulated
from app.insights.simulation_rules import CHANGES_MAX, SHIFTS, Result
from app.kernel.errors import NotFound
from app.kernel.references import parse_ref
from app.kernel.time import UTC, utc_now
from app.people import queries as people
from app.people.access import can, my_scope, needs
from app.people.queries import SiteRow
from app.policies import queries as policies
from app.policies.queries import VersionRow

# A page answers within seconds; more is for the command, which shows how far it is.
ANSWERS_MAX = 5_000
ROWS_ON_A_PAGE = 25


@bp.get("/policies/<ref>/simulation")
@needs("policies.simulate")
def simulation(ref: str) -> ResponseReturnValue:
    version, sites, now = version_of(ref), sites_in_scope(), utc_now()
    form = SimulationForm(request.args, sites, get_timezone() or UTC, now)
    shown: dict[str, Any] = {"version": version, "form": form, "figures": None}
    if "from" not in request.args and "to" not in request.args:
        return render_template("insights/simulation.html", **shown)
    if not form.validate():
        return render_template("insights/simulation.html", **shown), 422
    in_force = policies.version_in_force(now)
    span = form.span
    if in_force is None or queries.count(span) > ANSWERS_MAX:
        form.form_errors = [_too_much() if in_force else _("No policy is in force to compare with.")]
        return render_template("insights/simulation.html", **shown), 422
    against = None if form.is_against_then else queries.standing(in_force.rules, now)
    draft = queries.standing(policies.rules_of(version.id), max(now, version.valid_from))
    result = simulated(draft, span, against=against)
    words = _("Policy at the time") if against is None else _("Policy in force")
    shown |= {"figures": figures.figures_of(result, sites, against=words), "result": result, "against": words}
    return render_template("insights/simulation.html", **shown, **_page(result, sites, ref))


def version_of(ref: str) -> VersionRow:
    identity = parse_ref("policy", ref)
    version = policies.version(identity) if identity else None
    if version is None:
        raise NotFound
    return version


def sites_in_scope() -> tuple[SiteRow, ...]:
    """The places whose past the reader may look at."""
    scope = my_scope("policies.simulate")
    return people.sites_within(scope)


def _too_much() -> str:
    return _(
        "That is more than %(count)d answers. Choose a shorter time or one site, or run “flask policy simulate”.",
        count=ANSWERS_MAX,
    )


def _page(result: Result, sites: tuple[SiteRow, ...], ref: str) -> dict[str, Any]:
    """The cases whose answer changes, a page at a time, narrowed to one way of changing if asked."""
    shift = request.args.get("shift")
    changes = [change for change in result.changes if shift not in SHIFTS or change.shift == shift]
    start = min(max(request.args.get("start", 0, type=int), 0), len(changes))
    rows = changes[start : start + ROWS_ON_A_PAGE]
    args = {name: value for name, value in request.args.items() if name in ("from", "to", "site", "against")}

    def here(**changed: Any) -> str:
        return url_for("insights.simulation", ref=ref, _anchor="cases", **{**args, **changed})

    return {
        "rows": figures.change_rows(rows, sites, policies.kinds()),
        "first": start + 1,
        "last": start + len(rows),
        "listed": len(changes),
        "is_cut": result.changed > CHANGES_MAX,
        "shift": shift if shift in SHIFTS else None,
        "shifts": [(name, result.shifts[name], here(shift=name)) for name in SHIFTS if result.shifts[name]],
        "all_url": here(),
        "next_url": here(shift=shift, start=start + ROWS_ON_A_PAGE) if start + ROWS_ON_A_PAGE < len(changes) else None,
        "prev_url": here(shift=shift) if start else None,
        "may_read_cases": can("cases.read"),
    }
