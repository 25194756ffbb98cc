"""The decider's mirror, shown to oneself, and what a place learns from its decisions. Nobody is compared with anybody."""

from flask import render_template

from app.insights import approval_queries as queries
from app.insights import figures
from app.insights.blueprint import bp
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.policies import queries as policies


@bp.get("/metrics/my-decisions")
@needs("exceptions.decide")
def my_decisions() -> str:
    return render_template(
        "insights/my_decisions.html",
        mirror=queries.mirror(me().id or 0, utc_now()),
        share_words=figures.share_words,
        days=queries.DAYS,
        quick_seconds=queries.QUICK_SECONDS,
    )


@bp.get("/metrics/appeals")
@needs("metrics.read")
def appeals() -> str:
    """A decider reads about themselves first, then about the places they lead; HR reads the same figures."""
    actor, now, scope = me(), utc_now(), my_scope("metrics.read")
    sites = people.sites_within(scope)
    return render_template(
        "insights/appeals.html",
        mine=queries.mirror(actor.id or 0, now) if can("exceptions.decide") else None,
        found=queries.learned([site.id for site in sites], now),
        where=sites[0].name if len(sites) == 1 else None,
        kinds={kind.code: kind.name for kind in policies.kinds()},
        share_words=figures.share_words,
        bounds_words=figures.bounds_words,
        difference_words=figures.difference_words,
        days=queries.DAYS,
        now=now,
    )
