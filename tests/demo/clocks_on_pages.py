"""The seconds of the clocks' file and how long approvals take by team, walked and counted afresh from the rows."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from io import StringIO
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from app.insights.queries import Part
from app.people import queries as people
from tests.api.client import Api
from tests.demo.readers import Reader, stop_the_clock, time_words
from tests.insights.figure_oracles import at_rank, instant, parsed

Stretch = tuple[datetime, datetime]
DAY, NO_TIME = timedelta(days=1), timedelta(0)
SECOND = timedelta(seconds=1)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST = datetime(2100, 1, 1, tzinfo=UTC)


def clocks_and_waits_hold(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    sites = tuple(sorted(row.id for row in people.sites()))
    manager = Reader(app, "max@makegood.example", now, sites)
    versions = {
        row.id: row
        for row in manager.rows("SELECT v.id, v.time_zone, v.windows, v.holidays, v.special FROM calendar_version v")
    }
    seen: set[str] = set()
    for site_id in sites:
        chosen = f"t.site_id = {site_id} AND t.stopped_at IS NULL AND t.cancelled_at IS NULL AND NOT t.historic"
        seen |= _seconds(manager, {"site": site_id}, chosen, versions)
    told = [
        manager.rows(f"SELECT DISTINCT t.case_id FROM clock t {which} ORDER BY t.case_id LIMIT 2")
        for which in ("JOIN clock_pause p ON p.clock_id = t.id", "WHERE t.stopped_at > t.due_at")
    ]
    for (case_id,) in (*told[0], *told[1]):
        seen |= _seconds(manager, {"case": f"MG-{case_id}"}, f"t.case_id = {case_id}", versions)
    assert seen >= {"running", "breached", "paused", "met", "missed"}, seen
    leader = Reader(app, "sam@makegood.example", now)
    met = [_waits_by_place(app, manager, site_id) for site_id in (None, *sites)]
    assert _waits_by_place(app, leader, None) == met[1] > 1 < met[0], (
        "a team and a site have enough answers, beside their whole"
    )


def _seconds(reader: Reader, asked: dict[str, Any], chosen: str, versions: dict[int, Any]) -> set[str]:
    """Every line of the file: how much business time has passed and is left, what pauses took, and when it is due."""
    pauses: dict[int, list[Stretch]] = defaultdict(list)
    for row in reader.rows("SELECT p.clock_id, p.from_at, p.to_at FROM clock_pause p ORDER BY p.id"):
        pauses[row.clock_id].append((instant(row.from_at), instant(row.to_at) if row.to_at else LAST))
    body = reader.client.post("/clocks/exports", data=asked).get_data(as_text=True).lstrip("\ufeff")
    table, states = {row["clock"]: row for row in csv.DictReader(StringIO(body))}, set()
    rows = reader.rows(f"SELECT t.* FROM clock t WHERE {chosen}")
    assert len(table) == len(rows) > 0
    for row in rows:
        said, wanted = (
            table[f"CL-{row.id}"],
            _walked(row, pauses[row.id], versions.get(row.calendar_version_id), reader.now),
        )
        differ = {name: (said[name], value) for name, value in wanted.items() if said[name] != value}
        assert not differ, (row.id, row.milestone, differ)
        states.add(said["state"])
    return states


def _walked(row: Any, held: list[Stretch], hours: Any, now: datetime) -> dict[str, str]:
    begins = instant(row.started_at)
    ends = [instant(one) for one in (row.stopped_at, row.cancelled_at) if one]
    until, target = min([now, *ends]), timedelta(seconds=row.target_seconds)
    passed = sum((min(close, until) - opens for opens, close in _counting(begins, held, hours, until)), NO_TIME)
    # A pause that is open says nothing of when it ends: what it holds has no deadline, whatever was due before stays.
    due, left = None, target
    for opens, close in _counting(begins, held, hours, begins + 400 * DAY):
        if close - opens >= left:
            due = opens + left
            break
        left -= close - opens
    late = bool(due and until > due) or bool(row.breached_at and until > instant(row.breached_at))
    is_held = any(opens <= now < close for opens, close in held)
    state = "cancelled" if row.cancelled_at else ("missed" if late else "met") if row.stopped_at else ""
    wanted = {
        "due_at": f"{due:%Y-%m-%dT%H:%M:%SZ}" if due else "", "target_seconds": str(row.target_seconds),
        "elapsed_seconds": str(passed // SECOND), "left_seconds": str(row.target_seconds - passed // SECOND),
        "wall_elapsed_seconds": str(max(until - begins, NO_TIME) // SECOND),
        "wall_left_seconds": str(int((due - until) / SECOND)) if due else "",
        "paused_seconds": str(sum((min(close, until) - opens) // SECOND for opens, close in held if opens < until)),
    }  # fmt: skip
    if state or late or is_held:
        wanted["state"] = state or ("breached" if late else "paused")
    return wanted


def _counting(begins: datetime, held: list[Stretch], hours: Any, until: datetime) -> Iterator[Stretch]:
    """The stretches of working hours from the beginning on that no pause takes, one after the other."""
    for opens, close in _open(hours, begins, until):
        start = max(opens, begins)
        for stops, goes_on in sorted(held):
            if goes_on <= start or stops >= close:
                continue
            if stops > start:
                yield start, stops
            start = goes_on
        if start < min(close, until):
            yield start, min(close, until)


def _open(hours: Any, begins: datetime, until: datetime) -> Iterator[Stretch]:
    if hours is None:
        yield begins, until
        return
    zone, week, shut = ZoneInfo(hours.time_zone), parsed(hours.windows), parsed(hours.holidays) or {}
    own = {day: one["windows"] for day, one in (parsed(hours.special) or {}).items()}
    day = (begins - 2 * DAY).astimezone(zone).date()
    while _wall(day, "00:00", zone) < until:
        said = f"{day:%Y-%m-%d}"
        for opens, close in own.get(said, [] if said in shut else week.get(WEEK[day.weekday()], [])):
            first, last = _wall(day, opens, zone), _wall(day + DAY if close <= opens else day, close, zone)
            if last > begins and first < until:
                yield first, last
        day += DAY


def _wall(day: date, said: str, zone: ZoneInfo) -> datetime:
    hour, minute = int(said[:2]), int(said[3:5])
    days, hour = divmod(hour, 24)
    at = day + days * DAY
    return datetime(at.year, at.month, at.day, hour, minute, tzinfo=zone).astimezone(UTC)


def _waits_by_place(app: Flask, reader: Reader, site_id: int | None) -> int:
    """How long an approval takes in each site or, of one site, in each team: overview, the measure's page, and the API."""
    part = reader.part if site_id is None else Part((site_id,), None, reader.part.since, reader.now)
    place, table = ("site_id", "site") if len(part.site_ids) > 1 else ("team_id", "team")
    rows = reader.rows(
        f"SELECT t.{place} AS place, n.name, t.state, t.asked_at, t.ended_at FROM exception_request t LEFT JOIN {table} n ON"
        f" n.id = t.{place} WHERE t.site_id IN ({{sites}}) AND t.asked_at >= :since AND t.asked_at < :until", "", part,
    )  # fmt: skip
    names = {row.place: row.name for row in rows} if table == "site" else {None: "Without a team", **reader.teams()}
    took: dict[Any, list[int]] = defaultdict(list)
    waited: dict[Any, list[float]] = defaultdict(list)
    for row in rows:
        seconds = (instant(row.ended_at or reader.now) - instant(row.asked_at)).total_seconds()
        for key in ((None, "All together"), (row.place, names[row.place])):
            waited[key].append(seconds)
            if row.state in ("approved", "declined"):
                took[key].append(int(seconds))
    query = "period=365d" + (f"&site={site_id}" if site_id else "")
    halves = {key: (at_rank(one, Fraction(1, 2)), at_rank(one, Fraction(9, 10)), len(one)) for key, one in took.items()}
    shown = [row for row in reader.get(f"/insights?{query}").under("waits").rows if len(row) == 4]
    assert sorted(shown) == sorted(
        [name, time_words(half), time_words(most), str(n)] for (key, name), (half, most, n) in halves.items() if key
    ), (site_id, shown)  # fmt: skip
    lines = {f"{name}, {said}": (n, value) for (_key, name), (half, most, n) in halves.items()
             for said, value in (("half within", half), ("nine of ten within", most))}  # fmt: skip
    _figure(reader, "approval-wait", query, lines)
    sums = {name: (len(one), round(sum(one)) if len(one) >= 10 else None) for (_key, name), one in waited.items()}
    _figure(reader, "waiting-sum", query, sums)
    if site_id is None:
        _by_program(app, reader, {"site": "SI", "team": "TE"}[table], halves)
    return sum(half is not None for half, _most, _n in halves.values())


def _by_program(app: Flask, reader: Reader, prefix: str, halves: dict[Any, tuple[Any, Any, int]]) -> None:
    body = Api(app, reader.person).get("/metrics/approval-wait", period="365d").get_json()
    given = {one["key"]: one for one in body["figures"]}
    for (key, _name), (half, most, n) in halves.items():
        called = "all" if key is None else f"{prefix}-{key}"
        for said, value in (("p50", half), ("p90", most)):
            one = given[f"{called} {said}"]
            assert (one["n"], one["value"]) == (n, value), (called, said, one)


def _figure(reader: Reader, name: str, query: str, wanted: dict[str, tuple[int, float | None]]) -> None:
    shown = reader.get(f"/insights/measures/{name}?{query}").under("figure").rows
    found = {}
    for label, figure in shown:
        called = next((one for one in sorted(wanted, key=len, reverse=True) if label.startswith(one)), "")
        found[called] = SimpleNamespace(note=label.removeprefix(called), figure=figure)
    assert set(found) >= {one for one in wanted if wanted[one][0]}, (name, shown, wanted)
    for called, (n, value) in wanted.items():
        if called in found:
            assert f"{n} counted" in found[called].note, (name, called, shown)
            assert found[called].figure == ("–" if value is None else time_words(value)), (name, called, shown)
