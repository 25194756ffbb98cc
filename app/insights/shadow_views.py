"""Drafts that answer silently beside the policy in force: start, stop, and what would have differed."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.insights import shadow_actions as shadows
from app.insights import shadow_queries as queries
from app.insights import simulation_figures as figures
from app.insights.blueprint import bp
from app.insights.shadow_forms import ShadowForm
from app.insights.simulation_views import sites_in_scope, version_of
from app.kernel.errors import BadInput
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people.access import can, me, needs
from app.policies import queries as policies


@bp.get("/shadow-runs")
@needs("policies.simulate")
def shadow_runs() -> str:
    site_ids = tuple(site.id for site in sites_in_scope())
    rows = [(run, queries.agreement(run.id, site_ids)) for run in queries.runs(20)]
    return render_template("insights/shadow_runs.html", rows=rows)


@bp.get("/policies/<ref>/shadow")
@needs("policies.simulate")
def shadow(ref: str) -> str:
    return _page(ref, ShadowForm(formdata=None))


@bp.post("/policies/<ref>/shadow")
@needs("policies.write")
def start_shadow(ref: str) -> ResponseReturnValue:
    version, form = version_of(ref), ShadowForm()
    if not form.validate():
        return _page(ref, form), 422
    try:
        shadows.start(version_id=version.id, reason=form.reason.data or "", actor=me(), now=utc_now())
    except (BadInput, shadows.NoShadow) as refusal:
        status = form.take(refusal)
        return _page(ref, form), status
    flash(_("From now on this version answers in the shadow. Nobody at the desk sees it."), "good")
    return redirect(url_for("insights.shadow", ref=ref), 303)


@bp.post("/policies/<ref>/shadow/ending")
@needs("policies.write")
def stop_shadow(ref: str) -> ResponseReturnValue:
    try:
        shadows.stop(version_id=version_of(ref).id, actor=me(), now=utc_now())
    except shadows.NoShadow as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("Stopped. What it answered so far stays here."), "good")
    return redirect(url_for("insights.shadow", ref=ref), 303)


def _page(ref: str, form: ShadowForm) -> str:
    version, sites = version_of(ref), sites_in_scope()
    run, page = queries.newest_run(version.id), Page.of(request.args.get("after"))
    site_ids = tuple(site.id for site in sites)
    found = queries.differences(run.id, site_ids, page) if run else None
    in_force = policies.version_in_force(utc_now())
    return render_template(
        "insights/shadow.html",
        version=version,
        form=form,
        run=run,
        agreement=queries.agreement(run.id, site_ids) if run else None,
        rows=found.rows if found else (),
        next_url=url_for("insights.shadow", ref=ref, after=found.next_cursor) if found and found.next_cursor else None,
        start_url=url_for("insights.shadow", ref=ref) if page.after else None,
        sites={site.id: site.name for site in sites},
        kinds={kind.code: kind.name for kind in policies.kinds()},
        words=figures.outcome_words,
        may_write=can("policies.write"),
        may_read_cases=can("cases.read"),
        is_in_force=in_force is not None and in_force.version.id == version.id,
    )
