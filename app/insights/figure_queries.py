"""Each measure of the registry as figures: what a page, the API and an export show, and nothing below a measure's n_min.

One place decides what leaves the server. Figures stand by place, never by value, and never by person.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import select

from app.approvals.models import ExceptionRequest
from app.calendars.queries import calendar_of, calendars
from app.calendars.rules import elapsed
from app.cases.models import Case
from app.customers.models import CustomerSegment
from app.insights import band_queries, measure_queries, pattern_queries, queries, return_queries, waiting_queries
from app.insights.equity_rules import AmountGap, Given, amount_gaps
from app.insights.measures import MEASURES
from app.insights.queries import DECIDED, WAITS_MAX, Part, in_team
from app.insights.rules import Percentile, Share, percentile
from app.insights.statistics_rules import tail_of_half
from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import Site
from app.remedies.models import Remedy

ROWS_MAX = 20_000
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its n and 95 % interval. k, value, low and high are None where n is too small to say them.

    key: "all", a reference of a place, a segment, a state, or one of these with p50 or p90. chance: of a pattern, how often
    chance alone gives as much; chance is a reason to read the cases.
    """

    key: str
    n: int
    k: int | None
    value: float | None
    low: float | None
    high: float | None
    chance: float | None = None
    rest_n: int | None = None
    note: str = ""


def figures(name: str, part: Part, now: datetime, *, is_grouped: bool = True) -> list[Figure]:
    """All figures of one measure; "all" first, then places in the order of their numbers. is_grouped: also by place."""
    if name in measure_queries.SHARES:
        return _shares(name, part, now, is_grouped)
    found = _OTHERS[name](part, now)
    return list(found if is_grouped else islice(found, 2 if MEASURES[name].unit == "seconds" else 1))


def share_figure(name: str, key: str, one: Share) -> Figure:
    """A share as it may leave the server."""
    if one.trials < MEASURES[name].n_min:
        return Figure(key, one.trials, None, None, None, None)
    chance = tail_of_half(one.successes, one.trials) if name == "threshold-hugging" else None
    return Figure(key, one.trials, one.successes, one.ratio, one.low, one.high, chance)


def _shares(name: str, part: Part, now: datetime, is_grouped: bool) -> list[Figure]:
    if not is_grouped:
        return [share_figure(name, "all", measure_queries.total(name, part, now))]
    groups = measure_queries.by(f"{part.by}_id", name, part, now)
    k, n = sum(one.successes for one in groups.values()), sum(one.trials for one in groups.values())
    found = [share_figure(name, "all", measure_queries.share(k, n))]
    for place in sorted(groups, key=lambda key: (key is None, key)):
        found.append(share_figure(name, place_key(part, place), groups[place]))
    if name in band_queries.TABLES:
        found += [share_figure(name, band.key, one) for band, one in band_queries.by_band(name, part, now).items()]
    return found


def place_key(part: Part, place: int | None) -> str:
    """Name a place by its reference; None, those without a team, is "none"."""
    return ref(part.by, place) if place else "none"


def _percentiles(key: str, seconds: list[int]) -> Iterable[Figure]:
    seconds.sort()
    for name, at in (("p50", 0.5), ("p90", 0.9)):
        found: Percentile = percentile(seconds, at)
        yield Figure(f"{key} {name}", found.count, None, found.value, found.low, found.high)


def _wait(part: Part, _now: datetime) -> Iterable[Figure]:
    groups: dict[int | None, list[int]] = defaultdict(list)
    waits = queries.waits(part)
    for wait in waits:
        groups[wait.group].append(wait.seconds)
    yield from _percentiles("all", [wait.seconds for wait in waits])
    for place in sorted(groups, key=lambda key: key or 0):
        yield from _percentiles(place_key(part, place), groups[place])


def _wait_business(part: Part, _now: datetime) -> Iterable[Figure]:
    """In the hours that the site has now: a percentile of a time says little about a single day's change."""
    rows = db.session.execute(
        select(ExceptionRequest.asked_at, ExceptionRequest.ended_at, ExceptionRequest.site_id, Site.calendar_id)
        .join(Site, Site.id == ExceptionRequest.site_id)
        .where(ExceptionRequest.site_id.in_(part.site_ids), ExceptionRequest.state.in_(DECIDED))
        .where(ExceptionRequest.asked_at >= part.since, ExceptionRequest.asked_at < part.until)
        .where(in_team(ExceptionRequest.team_id, part))
        .order_by(ExceptionRequest.asked_at.desc(), ExceptionRequest.id.desc())
        .limit(WAITS_MAX)
    ).all()
    hours = {row.id: row.hours for row in calendars()}
    yield from _percentiles(
        "all",
        [
            elapsed(row.asked_at, max(row.asked_at, row.ended_at), hours.get(row.calendar_id, calendar_of(None)))
            for row in rows
        ],
    )


def _waiting_cost(part: Part, _now: datetime) -> Iterable[Figure]:
    for key, difference in (
        ("all", waiting_queries.satisfied_difference),
        ("taken", waiting_queries.taken_difference),
    ):
        one = difference(part)
        yield Figure(key, one.waited, None, one.value, one.low, one.high, rest_n=one.others)


def _waiting_sum(part: Part, now: datetime) -> Iterable[Figure]:
    places = waiting_queries.waited(part, now)
    counts = {"all": (sum(n for n, _ in places.values()), sum(seconds for _, seconds in places.values()))}
    counts |= {place_key(part, place): places[place] for place in sorted(places, key=lambda key: (key is None, key))}
    for key, (n, seconds) in counts.items():
        yield Figure(key, n, None, seconds if n >= MEASURES["waiting-sum"].n_min else None, None, None)


def _consistency(part: Part, _now: datetime) -> Iterable[Figure]:
    found = pattern_queries.consistency(part)
    is_enough = found is not None and found.count >= MEASURES["consistency"].n_min
    if found is None or not is_enough:
        yield Figure("all", found.count if found else 0, None, None, None, None)
    else:
        yield Figure("all", found.count, None, found.share, found.low, found.high)


def _equity_amount(part: Part, _now: datetime) -> Iterable[Figure]:
    rows = db.session.execute(
        select(
            CustomerSegment.segment, Remedy.currency, Remedy.amount_minor, Remedy.kind, Case.category_id, Case.severity
        )
        .select_from(Remedy)
        .join(Case, Case.id == Remedy.case_id)
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == Remedy.customer_id)
        .where(Remedy.site_id.in_(part.site_ids), Remedy.nature == "goodwill", Remedy.amount_minor > 0)
        .where(Remedy.created_at >= part.since, Remedy.created_at < part.until, Remedy.customer_id.is_not(None))
        .where(Remedy.state.in_(("reserved", "settled")), Remedy.historic.is_(False))
        .where(in_team(Remedy.team_id, part))
        .order_by(Remedy.id.desc())
        .limit(ROWS_MAX)
    )  # fmt: skip
    amounts: dict[tuple[Any, str], Given] = defaultdict(list)
    for segment, currency, minor, kind, category_id, severity in rows:
        amounts[segment or UNKNOWN, currency].append(((kind, category_id, severity), minor))
    yield from _gaps(amount_gaps(amounts))


def _equity_time(part: Part, _now: datetime) -> Iterable[Figure]:
    rows = db.session.execute(
        select(
            CustomerSegment.segment, Case.received_at, Case.resolved_at, Case.category_id, Case.severity, Case.site_id
        )
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == Case.customer_id)
        .where(Case.site_id.in_(part.site_ids), Case.resolved_at >= part.since, Case.resolved_at < part.until)
        .where(Case.historic.is_(False), Case.severity > 0, Case.customer_id.is_not(None))
        .where(in_team(Case.team_id, part))
        .order_by(Case.id.desc())
        .limit(ROWS_MAX)
    )
    times: dict[tuple[Any, str], Given] = defaultdict(list)
    for segment, received_at, resolved_at, *stratum in rows:
        assert resolved_at is not None, "chosen by it"
        seconds = max(1, int((resolved_at - received_at).total_seconds()))
        times[segment or UNKNOWN, ""].append((tuple(stratum), seconds))
    yield from _gaps(amount_gaps(times))


def _gaps(found: Iterable[AmountGap]) -> Iterable[Figure]:
    """Both medians stand beside the ratio, where there are enough on both sides."""
    for gap in found:
        key = f"{gap.group} {gap.currency}".strip()
        note = f"{gap.median_minor}/{gap.rest_median_minor}" if gap.ratio is not None else ""
        yield Figure(key, gap.count, None, gap.ratio, gap.low, gap.high, rest_n=gap.rest_count, note=note)


def _return(part: Part, _now: datetime) -> Iterable[Figure]:
    for one in return_queries.returns(part):
        yield Figure(one.currency, one.helped, None, one.value, one.low, one.high, rest_n=one.others)


def _clocks(part: Part, _now: datetime) -> Iterable[Figure]:
    for milestone, grouped in queries.kept_clocks(part).items():
        yield share_figure("clocks-kept", milestone, grouped[None])


def _exceptions(part: Part, _now: datetime) -> Iterable[Figure]:
    for state, count in sorted(queries.outcomes(part).items()):
        yield Figure(state, count, None, count, None, None)


def _due(part: Part, now: datetime) -> Iterable[Figure]:
    due = queries.due_now(part, now)
    for key, count in (("late", due.late), ("soon", due.soon), ("later", due.later)):
        yield Figure(key, count, None, count, None, None)


_OTHERS: dict[str, Callable[[Part, datetime], Iterable[Figure]]] = {
    "approval-wait": _wait,
    "approval-wait-business": _wait_business,
    "waiting-sum": _waiting_sum,
    "waiting-cost": _waiting_cost,
    "consistency": _consistency,
    "equity-amount": _equity_amount,
    "equity-time": _equity_time,
    "recovery-return": _return,
    "clocks-kept": _clocks,
    "exceptions": _exceptions,
    "due": _due,
}
assert set(MEASURES) == {*measure_queries.SHARES, *_OTHERS}, "every measure of the registry has its figures"
