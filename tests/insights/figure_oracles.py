"""What is no plain share, worked out a second time: rows read by SQL of another hand, and the arithmetic done over again."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from itertools import combinations
from math import ceil, exp, log, sqrt
from statistics import fmean
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app.insights.queries import Part
from app.kernel.database import db

Known = dict[str, tuple[Any, ...]]  # key of a figure → (n, value) or (n, value, low, high); below the minimum (n, None)


class Hit(NamedTuple):
    """One thing counted by a pattern: whether it is a hit, and where and when it happened."""

    hit: bool
    case_id: int
    site_id: int
    team_id: int | None
    at: datetime


EDGES = (2_500, 5_000, 10_000, 25_000, 50_000, 100_000)
_PLACE = "t.site_id IN ({sites}) AND t.{at} >= :since AND t.{at} < :until"
_GIVEN = "t.nature = 'goodwill' AND NOT t.historic"


def rows_of(statement: str, part: Part, now: datetime, at: str = "") -> list[Any]:
    """Run a statement; t is the table that says where, `at` the column that says when."""
    found = (
        statement.replace("{place}", _PLACE).replace("{at}", at).replace("{sites}", ",".join(map(str, part.site_ids)))
    )
    given: dict[str, Any] = {"since": part.since, "until": part.until, "now": now}
    if db.engine.dialect.name == "sqlite":
        given = {key: f"{value:%Y-%m-%d %H:%M:%S.%f}" for key, value in given.items()}
    return list(db.session.execute(text(found), {key: value for key, value in given.items() if f":{key}" in found}))


def instant(said: Any) -> datetime:
    found = datetime.fromisoformat(said) if isinstance(said, str) else said
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def parsed(said: Any) -> Any:
    return json.loads(said) if isinstance(said, str) else said


def at_rank(values: Iterable[int], ratio: Fraction) -> int | None:
    found = sorted(values)
    return found[ceil(ratio * len(found)) - 1] if len(found) >= 10 else None


def wilson(k: int, n: int) -> tuple[Any, ...]:
    """Solved as a quadratic in p rather than by the closed form."""
    if n < 10:
        return n, None
    z2, p = 1.96**2, k / n
    a, b, c = n + z2, -(2 * n * p + z2), n * p * p
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return n, p, (-b - root) / (2 * a), (-b + root) / (2 * a)


def _shared(hits: Callable[[Part, datetime], list[Hit]]) -> Callable[[Part, datetime], Known]:
    def counted(part: Part, now: datetime) -> Known:
        found = hits(part, now)
        return {"all": wilson(sum(one.hit for one in found), len(found))}

    return counted


def _hit(row: Any, is_hit: bool) -> Hit:
    return Hit(is_hit, row.case_id, row.site_id, row.team_id, instant(row.created_at))


def gifts(part: Part, now: datetime) -> list[Any]:
    rows = rows_of(
        "SELECT t.id, t.case_id, t.site_id, t.team_id, t.amount_minor, t.decision, t.customer_id, t.created_at, c.loss_minor,"
        f" c.root_cause, c.category_id FROM remedy t JOIN case_file c ON c.id = t.case_id WHERE {{place}} AND {_GIVEN}"
        " AND t.amount_minor > 0 AND t.exception_id IS NULL"
        " AND t.state NOT IN ('requested', 'withdrawn') AND t.decision IS NOT NULL", part, now, "created_at",
    )  # fmt: skip
    found = []
    for row in rows:
        said = parsed(row.decision)
        currency = said["asked"]["amount"]["currency"]
        digits = 0 if currency == "JPY" else 2
        limits = [
            Fraction(one["limit"]["amount"]) * 10**digits
            for one in said["windows"]
            if one["unit"] in ("remedy", "incident")
            and one["measure"] == "amount"
            and one["limit"]["currency"] == currency
        ]
        if limits:
            found.append((row, said, currency, min(limits)))
    return found


def _hugging(part: Part, now: datetime) -> list[Hit]:
    kept = [
        (row, Fraction(row.amount_minor) / limit)
        for row, _, _, limit in gifts(part, now)
        if row.amount_minor != row.loss_minor
    ]
    return [_hit(row, ratio >= Fraction(9, 10)) for row, ratio in kept if Fraction(8, 10) <= ratio <= 1]


def _split(part: Part, now: datetime) -> list[Hit]:
    """It stands where the newest of the gifts does."""
    groups: dict[Any, list[tuple[Any, Fraction]]] = defaultdict(list)
    for row, said, currency, limit in gifts(part, now):
        if row.customer_id:
            cause = row.root_cause or said["asked"].get("cause") or row.category_id
            groups[row.customer_id, cause, currency].append((row, limit))
    found = []
    for given in groups.values():
        small = [
            (instant(row.created_at), row.amount_minor, limit) for row, limit in given if row.amount_minor <= limit
        ]
        found.append(_hit(max((row for row, _ in given), key=lambda row: row.id), _is_split(small)))
    return found


def _is_split(gifts: list[tuple[datetime, int, Fraction]]) -> bool:
    """By trying every choice of two and more."""
    near = timedelta(hours=72)
    return any(
        max(one[0] for one in some) - min(one[0] for one in some) <= near
        and sum(one[1] for one in some) > max(one[2] for one in some)
        for size in range(2, min(len(gifts), 6) + 1)
        for some in combinations(sorted(gifts), size)
    )


def _overturn(part: Part, now: datetime) -> list[Hit]:
    events: dict[int, list[Any]] = defaultdict(list)
    for row in rows_of(
        "SELECT e.case_id, t.site_id, t.team_id, e.kind, e.at, e.data FROM case_event e JOIN case_file t ON t.id = e.case_id WHERE"
        " t.site_id IN ({sites}) AND NOT t.historic AND e.kind IN ('resolved', 'reopened') ORDER BY e.at, e.id", part, now,
    ):  # fmt: skip
        events[row.case_id].append(row)
    grants: dict[int, list[datetime]] = defaultdict(list)
    for row in rows_of(
        "SELECT x.case_id, d.at FROM exception_decision d JOIN exception_request x ON x.id = d.exception_id"
        " WHERE d.outcome = 'approved'", part, now,
    ):  # fmt: skip
        grants[row.case_id].append(instant(row.at))
    hits = []
    for case_id, turns in events.items():
        for place, turn in enumerate(turns):
            before = turns[place - 1] if place else None
            was_no = (
                before is not None
                and before.kind == "resolved"
                and (parsed(before.data) or {}).get("outcome") == "declined"
            )
            if turn.kind != "reopened" or not was_no or not part.since <= instant(turn.at) < part.until:
                continue
            later = [one for one in turns[place + 1 :] if (parsed(one.data) or {}).get("outcome") == "declined"]
            until = instant(later[0].at) if later else datetime.max.replace(tzinfo=UTC)
            granted = any(instant(turn.at) <= at < until for at in grants[case_id])
            hits.append(Hit(granted, case_id, turn.site_id, turn.team_id, instant(turn.at)))
    return hits


def _precedents(part: Part, now: datetime) -> list[Any]:
    return rows_of(
        "SELECT t.employee_id, p.category_id, p.severity, p.kind, p.currency, p.amount_minor, t.case_id, t.site_id, t.team_id,"
        " t.created_at FROM remedy t JOIN precedent p ON p.remedy_id = t.id WHERE {place} AND p.answer <> 'reversed' AND NOT t.historic",
        part, now, "created_at",
    )  # fmt: skip


def _outside(part: Part, now: datetime) -> list[Hit]:
    newest: dict[Any, list[Any]] = defaultdict(list)
    for row in rows_of(
        "SELECT category_id, severity, kind, currency, amount_minor, answer FROM precedent WHERE at < :until"
        " ORDER BY at DESC, remedy_id DESC", part, now,
    ):  # fmt: skip
        newest[tuple(row[:4])].append(row)
    hits = []
    for row in _precedents(part, now):
        given = sorted(one.amount_minor for one in newest[tuple(row[1:5])][:200] if one.answer == "accepted")
        if len(given) >= 20:
            low, high = (given[ceil(Fraction(share, 100) * len(given)) - 1] for share in (10, 90))
            hits.append(_hit(row, row.amount_minor < low or row.amount_minor > high))
    return hits


def _consistency(part: Part, now: datetime) -> Known:
    """By the sums of squares of a table, not by moments of centred rows."""
    strata: dict[Any, list[Any]] = defaultdict(list)
    for row in _precedents(part, now):
        if row.employee_id is not None:
            strata[tuple(row[1:5])].append((row.employee_id, log(row.amount_minor)))
    kept = [members for members in strata.values() if len(members) >= 20]
    own: dict[int, list[float]] = defaultdict(list)
    for members in kept:
        for person, value in members:
            own[person].append(value - fmean(one for _, one in members))
    sizes, n = [len(values) for values in own.values()], sum(map(len, own.values()))
    if len(own) < 2 or n - len(own) - len(kept) + 1 < 1:
        return {"all": (0, None)}
    total = sum(value**2 for values in own.values() for value in values)
    between = sum(sum(values) ** 2 / len(values) for values in own.values())
    within = (total - between) / (n - len(own) - len(kept) + 1)
    size = (n - sum(one**2 for one in sizes) / n) / (len(sizes) - 1)
    person = max(0.0, (between / (len(sizes) - 1) - within) / size)
    return {"all": (n, person / (person + within))}


def _waits(part: Part, now: datetime) -> list[Any]:
    rows = rows_of(
        "SELECT t.asked_at, t.ended_at, t.state, t.site_id FROM exception_request t WHERE {place}",
        part,
        now,
        "asked_at",
    )
    return [(instant(row.asked_at), instant(row.ended_at or now), row.state, row.site_id) for row in rows]


def _wait(part: Part, now: datetime) -> Known:
    found = [
        int((end - start).total_seconds())
        for start, end, state, _ in _waits(part, now)
        if state in ("approved", "declined")
    ]
    return {
        f"all {name}": (len(found), at_rank(found, at))
        for name, at in (("p50", Fraction(1, 2)), ("p90", Fraction(9, 10)))
    }


def _waiting_sum(part: Part, now: datetime) -> Known:
    found = [(end - start).total_seconds() for start, end, _, _ in _waits(part, now)]
    return {"all": (len(found), round(sum(found)) if len(found) >= 10 else None)}


def _wait_business(part: Part, now: datetime) -> Known:
    hours = {
        row.id: row
        for row in rows_of(
            "SELECT s.id, v.time_zone, v.windows, v.holidays, v.special FROM site s JOIN calendar_version v"
            " ON v.calendar_id = s.calendar_id WHERE v.number = (SELECT max(number) FROM calendar_version o WHERE"
            " o.calendar_id = v.calendar_id)", part, now,
        )
    }  # fmt: skip
    found = [
        _open_seconds(start, end, hours.get(site))
        for start, end, state, site in _waits(part, now)
        if state in ("approved", "declined")
    ]
    return {
        f"all {name}": (len(found), at_rank(found, at))
        for name, at in (("p50", Fraction(1, 2)), ("p90", Fraction(9, 10)))
    }


def _open_seconds(start: datetime, end: datetime, hours: Any) -> int:
    """Local day by local day."""
    if hours is None:
        return int((end - start).total_seconds())
    zone, windows, holidays = ZoneInfo(hours.time_zone), parsed(hours.windows), parsed(hours.holidays) or {}
    special, total = parsed(hours.special) or {}, 0.0
    day = start.astimezone(zone).date() - timedelta(days=1)
    while day <= end.astimezone(zone).date():
        name = day.isoformat()
        spans = windows.get(("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()], [])
        if name in special:
            spans = special[name]["windows"]
        elif name in holidays:
            spans = []
        for opens, closes in spans:
            first, last = _local(day, opens, zone), _local(day + timedelta(days=closes <= opens), closes, zone)
            total += max(0.0, (min(last, end) - max(first, start)).total_seconds())
        day += timedelta(days=1)
    return int(total)


def _local(day: date, said: str, zone: ZoneInfo) -> datetime:
    hour, minute = map(int, said.split(":"))
    return (datetime.combine(day, time(), zone) + timedelta(hours=hour, minutes=minute)).astimezone(UTC)


def mantel(cases: Iterable[tuple[Any, bool, bool]]) -> tuple[int, int, float | None, float, float]:
    """(waited, others, difference, low, high) of (stratum, waited, hit): Mantel weights, Agresti and Caffo's ratios."""
    strata: dict[Any, dict[bool, list[bool]]] = defaultdict(lambda: {True: [], False: []})
    for stratum, waited, hit in cases:
        strata[stratum][waited].append(hit)
    both = [sides for sides in strata.values() if sides[True] and sides[False]]
    n1, n0 = (sum(len(sides[side]) for sides in both) for side in (True, False))
    if min(n1, n0) < 10:
        return n1, n0, None, 0, 0
    weights = [Fraction(len(one[True]) * len(one[False]), len(one[True]) + len(one[False])) for one in both]

    def mean(change: int) -> float:
        shares = [
            [Fraction(sum(one[side]) + change, len(one[side]) + 2 * change) for side in (True, False)] for one in both
        ]
        return float(sum(w * (a - b) for w, (a, b) in zip(weights, shares, strict=True)) / sum(weights))

    spread = 0.0
    for w, one in zip(weights, both, strict=True):
        for side in (True, False):
            p = (sum(one[side]) + 1) / (len(one[side]) + 2)
            spread += float(w) ** 2 * p * (1 - p) / (len(one[side]) + 2)
    reach = 1.96 * sqrt(spread) / float(sum(weights))
    return n1, n0, mean(0), mean(1) - reach, mean(1) + reach


def _waiting_cost(part: Part, now: datetime) -> Known:
    answers = rows_of(
        "SELECT c.category_id, t.severity, a.csat, (SELECT count(*) FROM exception_request x WHERE x.case_id = t.case_id AND"
        " x.asked_at <= t.resolved_at) AS asked FROM survey t JOIN survey_answer a ON a.survey_id = t.id JOIN case_file c"
        " ON c.id = t.case_id WHERE {place} AND a.csat IS NOT NULL", part, now, "resolved_at",
    )  # fmt: skip
    offers = rows_of(
        "SELECT t.kind, t.currency, t.amount_minor, t.state, t.exception_id FROM remedy t LEFT JOIN exception_request x ON"
        f" x.id = t.exception_id WHERE {{place}} AND {_GIVEN} AND t.state IN ('settled', 'reversed', 'declined', 'released',"
        " 'expired', 'withdrawn') AND (t.exception_id IS NULL OR x.state = 'approved')", part, now, "created_at",
    )  # fmt: skip
    found = {
        "all": mantel(((row.category_id, row.severity), row.asked > 0, row.csat >= 4) for row in answers),
        "taken": mantel(
            ((row.kind, row.currency, sum(row.amount_minor > edge for edge in EDGES)), row.exception_id is not None,
             row.state in ("settled", "reversed")) for row in offers
        ),
    }  # fmt: skip
    return {
        key: (n, None) if value is None else (n, value, low, high) for key, (n, _, value, low, high) in found.items()
    }


def _ratios(rows: Iterable[tuple[str, str, Any, int]]) -> Known:
    """(segment, currency, stratum, value) → the ratio of each segment, by weighted differences within strata."""
    found: Known = {}
    all_of = list(rows)
    for currency in {row[1] for row in all_of}:
        here = [row for row in all_of if row[1] == currency]
        counts = {name: sum(row[0] == name for row in here) for name in {row[0] for row in here}}
        order = sorted(counts, key=lambda name: (-counts[name], name))
        for name in order[:1] if len(order) == 2 else order if len(order) > 2 else []:
            one, rest, parts = 0, 0, []
            for stratum in {row[2] for row in here}:
                mine = [log(row[3]) for row in here if row[2] == stratum and row[0] == name]
                theirs = [log(row[3]) for row in here if row[2] == stratum and row[0] != name]
                if mine and theirs:
                    one, rest = one + len(mine), rest + len(theirs)
                    weight = len(mine) * len(theirs) / (len(mine) + len(theirs))
                    parts.append((weight, fmean(mine) - fmean(theirs)))
            key = f"{name} {currency}".strip()
            if min(one, rest) < 10:
                found[key] = (one, None)
            else:
                found[key] = (one, exp(sum(w * gap for w, gap in parts) / sum(w for w, _ in parts)))
    return found


def _equity_amount(part: Part, now: datetime) -> Known:
    rows = rows_of(
        "SELECT g.segment, t.currency, t.kind, c.category_id, c.severity, t.amount_minor FROM remedy t JOIN case_file c"
        " ON c.id = t.case_id LEFT JOIN customer_segment g ON g.customer_id = t.customer_id WHERE {place} AND t.amount_minor > 0"
        f" AND {_GIVEN} AND t.customer_id IS NOT NULL AND t.state IN ('reserved', 'settled')", part, now, "created_at",
    )  # fmt: skip
    return _ratios((row[0] or "unknown", row[1], tuple(row[2:5]), row[5]) for row in rows)


def _equity_time(part: Part, now: datetime) -> Known:
    rows = rows_of(
        "SELECT g.segment, t.category_id, t.severity, t.site_id, t.received_at, t.resolved_at FROM case_file t LEFT JOIN"
        " customer_segment g ON g.customer_id = t.customer_id WHERE {place} AND NOT t.historic AND t.severity > 0 AND"
        " t.customer_id IS NOT NULL", part, now, "resolved_at",
    )  # fmt: skip
    return _ratios(
        (row[0] or "unknown", "", tuple(row[1:4]), max(1, int((instant(row[5]) - instant(row[4])).total_seconds())))
        for row in rows
    )


def _return(part: Part, now: datetime) -> Known:
    newest = {
        row.customer_id: row
        for row in rows_of("SELECT * FROM later_outcome WHERE customer_id > 0 ORDER BY id", part, now)
    }
    gravest = dict(
        rows_of("SELECT t.customer_id, max(t.severity) FROM case_file t WHERE {place} AND t.severity > 0 GROUP BY 1",
                part, now, "resolved_at")
    )  # fmt: skip
    segments = dict(rows_of("SELECT customer_id, segment FROM customer_segment", part, now))
    paid = {
        row[0]: row
        for row in rows_of(
            "SELECT t.customer_id, sum(t.amount_minor), max(t.currency) FROM remedy t WHERE {place} AND t.nature = 'goodwill'"
            " AND t.state = 'settled' AND t.amount_minor > 0 GROUP BY t.customer_id", part, now, "created_at",
        )
    }  # fmt: skip
    known = [
        one for one in newest.values() if one.customer_id in gravest and None not in (one.has_stayed, one.value_millis)
    ]
    found: Known = {}
    for currency in {one.currency for one in known} - {"XXX"}:
        here = [
            one
            for one in known
            if one.currency == currency and paid.get(one.customer_id, (0, 0, currency))[2] == currency
        ]
        n, _, value, low, high = mantel(
            ((gravest[one.customer_id], segments.get(one.customer_id)), one.customer_id in paid, bool(one.has_stayed))
            for one in here
        )
        worth = fmean(one.value_millis / 10 for one in here)
        cost = fmean(paid[one.customer_id][1] for one in here if one.customer_id in paid) if n else 0
        carried = [(delta * worth - cost) / cost for delta in (value, low, high)] if value is not None else []
        found[currency] = (n, *carried) if carried else (n, None)
    return found


def _clocks(part: Part, now: datetime) -> Known:
    rows = rows_of(
        "SELECT t.milestone, sum(CASE WHEN t.stopped_at <= t.due_at THEN 1 ELSE 0 END), count(*) FROM clock t WHERE {place}"
        " AND NOT t.historic GROUP BY t.milestone", part, now, "stopped_at",
    )  # fmt: skip
    return {milestone: wilson(int(kept), n) for milestone, kept, n in rows}


def _exceptions(part: Part, now: datetime) -> Known:
    rows = rows_of(
        "SELECT t.state, count(*) FROM exception_request t WHERE {place} GROUP BY t.state", part, now, "asked_at"
    )
    return {state: (n, n) for state, n in rows}


def _due(part: Part, now: datetime) -> Known:
    rows = rows_of(
        "SELECT t.due_at FROM clock t WHERE t.stopped_at IS NULL AND t.cancelled_at IS NULL AND t.due_at IS NOT NULL"
        " AND NOT t.historic AND t.site_id IN ({sites})",
        part,
        now,
    )
    hours = [(instant(row.due_at) - now) / timedelta(hours=1) for row in rows]
    counts = {
        "late": sum(h < 0 for h in hours),
        "soon": sum(0 <= h < 8 for h in hours),
        "later": sum(h >= 8 for h in hours),
    }
    return {key: (n, n) for key, n in counts.items()}


# The shares that are patterns: each thing counted, so that it can be parted by place and by time as well.
PATTERNS: dict[str, Callable[[Part, datetime], list[Hit]]] = {
    "threshold-hugging": _hugging, "split-spending": _split, "overturn": _overturn, "outside-band": _outside,
}  # fmt: skip
FIGURES: dict[str, Callable[[Part, datetime], Known]] = {
    **{name: _shared(hits) for name, hits in PATTERNS.items()},
    "approval-wait": _wait, "approval-wait-business": _wait_business, "waiting-sum": _waiting_sum,
    "waiting-cost": _waiting_cost, "consistency": _consistency, "equity-amount": _equity_amount,
    "equity-time": _equity_time, "recovery-return": _return, "clocks-kept": _clocks, "exceptions": _exceptions, "due": _due,
}  # fmt: skip
