"""Every share parted by every dimension and over time, and the rooms around it, set against SQL of another hand."""

from collections import defaultdict
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.insights import measure_queries
from app.insights.queries import Part
from app.kernel.database import db
from app.people import queries as people
from tests.demo.figures_at_depth import _label, _part
from tests.demo.readers import Reader, percent, stop_the_clock
from tests.insights.figure_oracles import PATTERNS, gifts, instant, wilson
from tests.insights.recoveries import ORACLES, _in_dialect

DIMENSIONS = {
    "stage": "c.journey_stage", "cause": "c.root_cause", "segment": "g.segment", "severity": "c.severity",
    "channel": "c.channel", "category_id": "c.category_id", "team_id": "{of}.team_id", "site_id": "{of}.site_id",
}  # fmt: skip
# Which table says where each thing counted happened, and when: `c` the case, `s` its resolution, and so on.
OF = {
    "discretion-utilisation": ("c", "resolved_at"), "own-authority": ("c", "resolved_at"), "under-use": ("c", "resolved_at"),
    "first-contact": ("s", "resolved_at"), "recovery": ("s", "resolved_at"), "response": ("s", "resolved_at"),
    "reopened": ("s", "resolved_at"), "repeat-contact": ("s", "resolved_at"), "double-deviation": ("s", "resolved_at"),
    "autonomy": ("r", "created_at"), "rubber-stamp": ("x", "ended_at"), "promise-kept": ("p", "due_at"),
    "told-before-miss": ("p", "due_at"), "follow-up": ("f", "due_at"),
}  # fmt: skip
PERIOD_DAYS, STRETCH_DAYS = 90, 15
Counted = dict[Any, tuple[int, int]]


def figures_hold_beyond(app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.undo()
    stop_the_clock(monkeypatch, now)
    sites = tuple(sorted(row.id for row in people.sites()))
    manager = Reader(app, "max@makegood.example", now, sites)
    manager.part = Part(sites, None, now - timedelta(days=PERIOD_DAYS), now)
    _near_the_limit(manager)
    enough = sum(_measure(manager, name, place) for place, name in enumerate((*ORACLES, *PATTERNS)))
    assert all({one.hit for one in hits(manager.part, now)} == {True, False} for hits in PATTERNS.values())
    assert enough > 60, "parts with a figure, not only too few"


def _near_the_limit(reader: Reader) -> None:
    """Amounts from four fifths of the giver's limit to the whole of it, and every second one to the customer before."""
    found, before = gifts(reader.part, reader.now), 0
    changes = []
    for place, (row, _said, _currency, limit) in enumerate(found):
        minor = int(limit * (80 + place % 21) / 100)
        before = row.customer_id if place % 2 == 0 or not before else before
        changes.append({"id": row.id, "minor": minor, "customer": before})
    db.session.remove()
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.execute(text("UPDATE remedy SET amount_minor = :minor, customer_id = :customer WHERE id = :id"), changes)
        raw.commit()


def _measure(reader: Reader, name: str, place: int) -> int:
    """A share by every dimension, and over time; one dimension in turn as the page writes it. How many parts say a figure."""
    rows, enough = _rows(reader, name), 0
    for index, by in enumerate(DIMENSIONS):
        wanted: Counted = _counted((getattr(row, by), row.hit) for row in rows)
        found = measure_queries.by(by, name, reader.part, reader.now)
        assert {key: (one.successes, one.trials) for key, one in found.items()} == wanted, (name, by)
        enough += sum(n >= 10 for _k, n in wanted.values())
        if index == place % len(DIMENSIONS):
            page = reader.get(f"/insights/measures/{name}?period=90d&by={by}")
            lines = [_part(_words(reader, by, key), k, n) for key, (k, n) in wanted.items()]
            assert sorted(row[:3] for row in page.under("parts").rows) == sorted(lines), (name, by)
            _over_time(reader, page, name, rows)
    return enough


def _rows(reader: Reader, name: str) -> list[Any]:
    """What a share counts, each thing with whether it is a hit and with all its dimensions."""
    if name in PATTERNS:
        return _pattern(reader, name)
    (hit, rows), (of, at) = ORACLES[name], OF[name]
    tables, _, where = rows.partition(" WHERE ")
    if of not in ("c", "s"):
        tables += f" JOIN case_file c ON c.id = {of}.case_id"
    if of == "s" and name != "recovery":
        where += " AND NOT c.historic"
    columns = ", ".join(f"{column.format(of=of)} AS {key}" for key, column in DIMENSIONS.items())
    return reader.rows(
        _in_dialect(
            f"SELECT CASE WHEN {hit} THEN 1 ELSE 0 END AS hit, {of}.{at} AS at, {columns} {tables}"
            f" LEFT JOIN customer_segment g ON g.customer_id = c.customer_id WHERE {where}", reader.part,
        )
    )  # fmt: skip


def _pattern(reader: Reader, name: str) -> list[Any]:
    columns = ", ".join(f"{column} AS {key}" for key, column in DIMENSIONS.items() if "{of}" not in column)
    cases = {
        row.id: row._asdict()
        for row in reader.rows(
            f"SELECT c.id, {columns} FROM case_file c LEFT JOIN customer_segment g ON g.customer_id = c.customer_id"
        )
    }
    found = PATTERNS[name](reader.part, reader.now)
    return [SimpleNamespace(**{**cases[one.case_id], **one._asdict()}) for one in found]


def _counted(pairs: Any) -> Counted:
    found: dict[Any, list[int]] = defaultdict(list)
    for key, hit in pairs:
        found[key].append(hit)
    return {key: (sum(hits), len(hits)) for key, hits in found.items()}


def _words(reader: Reader, by: str, key: Any) -> str:
    if by in ("site_id", "team_id", "category_id"):
        if key is None:
            return "Without a team"
        if by == "team_id":
            return reader.teams()[key]
        table = {"site_id": "site", "category_id": "category"}[by]
        return str(db.session.execute(text(f"SELECT name FROM {table} WHERE id = :id"), {"id": key}).scalar_one())
    return _label(by, "" if key is None else str(key))


def _over_time(reader: Reader, page: Any, name: str, rows: list[Any]) -> None:
    """Stretches counted back from now; the oldest is what is left of the period. Without a stretch of ten there is no drawing."""
    whole = -(-PERIOD_DAYS // STRETCH_DAYS)
    back = [(reader.now - instant(row.at)) / timedelta(days=STRETCH_DAYS) for row in rows]
    counts = _counted((min(whole - 1, int(-(-one // 1)) - 1), row.hit) for one, row in zip(back, rows, strict=True))
    shown = [one for one in page.all() if one.attributes.get("id") == "time"]
    if all(n < 10 for _k, n in counts.values()):
        assert not shown, name
        return
    wanted = []
    for index in reversed(range(whole)):
        k, n = counts.get(index, (0, 0))
        wanted.append(percent(wilson(k, n)[1]) if n >= 10 else "–")
    assert [row[1] for row in shown[0].rows] == wanted, name
