"""The decider's mirror: one's own decisions, shown to oneself. Nobody is compared with anybody."""

from flask import render_template

from app.insights import approval_queries as queries
from app.insights import figures
from app.insights.blueprint import bp
from app.kernel.time import utc_now
from app.people.access import me, needs


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
