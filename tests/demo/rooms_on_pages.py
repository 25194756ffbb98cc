"""The rooms whose figures need more than two quiet weeks: first as the demo company is, then after one busy day more."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from app.people import queries as people
from tests.demo import busy_day
from tests.demo import decisions_on_pages as decisions
from tests.demo import people_on_pages as staff
from tests.demo.readers import Reader, stop_the_clock


def rooms_say_what_sql_counts(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """now: the end of the story, and the time on every page so far."""
    assert _met(app, now, draft=0) == (0, 0, 0, 0), "two quiet weeks are too few, and nothing is said of them"
    draft = busy_day.live_a_busy_day(now)
    busy_day.spend_the_pool("Guest relations", f"{now:%Y-%m}")
    later = now + timedelta(days=1)
    monkeypatch.undo()
    stop_the_clock(monkeypatch, later)
    assert _met(app, later, draft=draft) == (1, 3, 1, 3), (
        "bands, three pools and one return have enough behind them now"
    )
    decisions.on_the_past(_reader(app, "max", later), draft)
    hana, ana = _reader(app, "hana", later), _reader(app, "ana", later)
    staff.reviewed(app, hana, ana, date(2026, 4, 1), later.date(), monkeypatch)


def _reader(app: Flask, who: str, now: datetime) -> Reader:
    sites = tuple(sorted(row.id for row in people.sites()))
    return Reader(app, f"{who}@makegood.example", now, sites if who in ("max", "hana") else None)


def _met(app: Flask, now: datetime, *, draft: int) -> tuple[int, int, int, int]:
    """How many bands of requests, pools, returns and bands of amounts say a figure."""
    manager, leader, hana = (_reader(app, who, now) for who in ("max", "sam", "hana"))
    for reader in (manager, leader):
        decisions.appeals_page(reader)
    decisions.own_mirror(leader)
    decisions.in_the_shadow(manager, draft)
    decisions.read_by_programs(app, manager)
    staff.fairness(hana, 3 if draft else 0)
    return (
        decisions.growing_authority(manager), decisions.spent_ahead(manager), decisions.what_recovery_returns(app, manager),
        decisions.bands_of_amounts(manager),
    )  # fmt: skip
