"""The morning page of somebody who leads: their own mirror first, then today, what is at risk, and both ends of the use of freedom."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import render_template

from app.insights import approval_queries, figures, lead_queries, measure_sheet, queries, rules
from app.insights.blueprint import bp
from app.insights.choice import chosen
from app.insights.measures import MEASURES, OVER_USE, UNDER_USE
from app.insights.spend_queries import month_gone
from app.people.access import me, my_site, needs
from app.people.permissions import scope_of


@bp.get("/insights/today")
@needs("exceptions.decide")
def lead() -> str:
    choice, actor = chosen(), me()
    part, now, zone = choice.part, choice.part.until, ZoneInfo(my_site().time_zone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    names, scope = figures.names_of(choice.sites, choice.teams), scope_of(actor, "metrics.read")
    assert scope is not None, "whoever decides reads figures"
    return render_template(
        "insights/lead.html",
        choice=choice,
        periods=rules.PERIODS,
        mirror=approval_queries.mirror(actor.id or 0, now),
        read=lead_queries.answers_read(actor.id or 0, part),
        today=lead_queries.today(replace(part, since=_utc(midnight))),
        due=queries.due_now(part, now, queries.COUNT_MAX),
        pools=figures.pools_of(part, names, choice.sites, now),
        share_words=figures.share_words,
        month_gone=month_gone(now, zone.key)[1],
        now=now,
    )


@bp.get("/insights/today/radar")
@needs("exceptions.decide")
def radar() -> str:
    """Both ends side by side; fetched after the page, since it reads amounts one by one."""
    choice = chosen()
    cards = {name: measure_sheet.card(MEASURES[name], choice) for name in (*UNDER_USE, *OVER_USE)}
    return render_template(
        "insights/_tails.html",
        under_use=[cards[name] for name in UNDER_USE],
        over_use=[cards[name] for name in OVER_USE],
    )


def _utc(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo("UTC"))
