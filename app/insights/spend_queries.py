"""Pools that are spent ahead of their month, and what their money went to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.budgets.models import Purse
from app.budgets.rules import month_of
from app.insights.spend_rules import Given, Spent, heaviest, is_ahead
from app.kernel.database import db
from app.kernel.money import NO_CURRENCY, Money
from app.people.queries import SiteRow
from app.remedies.models import Remedy

POOLS = ("site_month", "team_month")
GIFTS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Alarm:
    """One pool that runs dry before its month ends. spent: what took most of it first."""

    purse_id: int
    unit: str
    site_id: int
    team_id: int | None
    used: Money
    limit: Money
    elapsed: float
    spent: tuple[Spent, ...]


def month_gone(now: datetime, zone: str) -> tuple[datetime, float]:
    """When the month began at a place, and which share of it has gone by."""
    local = now.astimezone(ZoneInfo(zone))
    start = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (start + timedelta(days=32)).replace(day=1)
    return start, (local.timestamp() - start.timestamp()) / (end.timestamp() - start.timestamp())


def alarms(sites: Sequence[SiteRow], now: datetime) -> tuple[Alarm, ...]:
    """The pools of this month at these sites that are ahead of it, by place."""
    months = {site.id: month_gone(now, site.time_zone) for site in sites}
    periods = {site.id: month_of(now, site.time_zone) for site in sites}
    rows = db.session.scalars(
        select(Purse)
        .where(Purse.unit.in_(POOLS), Purse.site_id.in_(list(months)), Purse.period.in_(set(periods.values())))
        .where(Purse.currency != NO_CURRENCY)
        .order_by(Purse.site_id, Purse.unit, Purse.id)
        .limit(500)
    )
    found = []
    for purse in rows:
        start, elapsed = months[purse.site_id]
        used = purse.reserved_minor + purse.settled_minor - purse.approved_minor
        if purse.period != periods[purse.site_id] or not is_ahead(used, purse.ceiling_minor, elapsed):
            continue
        amounts = Money(used, purse.currency), Money(purse.ceiling_minor, purse.currency)
        spent = heaviest(_given(purse, start))
        found.append(Alarm(purse.id, purse.unit, purse.site_id, purse.team_id, *amounts, elapsed, spent))
    return tuple(found)


def _given(purse: Purse, since: datetime) -> list[Given]:
    """Goodwill in money of the month that is held or was given at the pool's place."""
    statement = select(Remedy.kind, Remedy.amount_minor, Remedy.currency, Remedy.decision).where(
        Remedy.site_id == purse.site_id,
        Remedy.created_at >= since,
        Remedy.nature == "goodwill",
        Remedy.state.in_(("reserved", "settled")),
        Remedy.amount_minor > 0,
        Remedy.historic.is_(False),
        Remedy.decision.is_not(None),
    )
    if purse.unit == "team_month":
        statement = statement.where(Remedy.team_id == purse.team_id)
    return [
        Given(
            row.kind,
            row.decision["asked"]["category_id"],
            row.decision["asked"]["role"],
            row.currency,
            row.amount_minor,
        )
        for row in db.session.execute(statement.limit(GIFTS_MAX))
        if row.decision["asked"]["role"]
    ]
