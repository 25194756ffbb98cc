"""What became of customers later, as other systems told it. Of the whole company, so only for who reads all of it."""

from flask import render_template

from app.insights import figures, outcome_queries
from app.insights.blueprint import bp
from app.kernel.money import NO_CURRENCY
from app.people.access import needs


@bp.get("/insights/outcomes")
@needs("outcomes.read")
def outcomes() -> str:
    return render_template(
        "insights/outcomes.html",
        found=outcome_queries.later(),
        share_words=figures.share_words,
        no_currency=NO_CURRENCY,
    )
