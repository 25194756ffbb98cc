"""Every worked deadline that was collected from other products, none left out."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.calendars.day_rules import count_days
from app.calendars.rules import Calendar, due, elapsed, next_open

FILE = json.loads((Path(__file__).parents[1] / "data" / "sla_vectors.json").read_text())
DEADLINES = FILE["vectors"] + FILE["derived_vectors"]


def calendar_of(row: dict[str, Any]) -> Calendar:
    return Calendar.parse(FILE["calendars"][row["calendar"]], row["tz"], row["holidays"])


def pauses_of(row: dict[str, Any]) -> list[tuple[datetime, datetime | None]]:
    return [(moment(a), moment(b) if b else None) for a, b in row["pauses"]]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize("row", DEADLINES, ids=lambda row: row["id"])
def test_each_worked_deadline_is_met(row: dict[str, Any]) -> None:
    calendar, expected = calendar_of(row), row.get("exact_due", row["expected_due"])
    if isinstance(row["duration"], dict):
        found: Any = count_days(moment(row["start"]), row["duration"]["business_days"], row["rule"], calendar)
    else:
        found = due(moment(row["start"]), row["duration"], calendar, pauses_of(row))
        if row["boundary"] == "next_open" and found is not None:
            # This row follows the other convention: a deadline on a closing time rolls on. Ours is the same
            # deadline before it rolls, so rolling it has to give the row's answer.
            found = rolled(found, calendar, pauses_of(row))
    assert found == (None if expected is None else moment(expected))


def rolled(at: datetime, calendar: Calendar, pauses: list[tuple[datetime, datetime | None]]) -> datetime | None:
    opening = next_open(at, calendar)
    for begins, ends in pauses:
        if opening is not None and ends is not None and begins <= opening < ends:
            opening = next_open(ends, calendar)
    return opening


@pytest.mark.parametrize("row", FILE["elapsed_vectors"], ids=lambda row: row["id"])
def test_each_worked_duration_is_met(row: dict[str, Any]) -> None:
    expected = row.get("exact_elapsed_seconds", row["expected_elapsed_seconds"])
    assert elapsed(moment(row["start"]), moment(row["end"]), calendar_of(row), pauses_of(row)) == expected


def test_the_file_of_worked_deadlines_is_whole() -> None:
    counts = FILE["about"]["counts"]
    assert {name: len(FILE[name]) for name in counts} == counts
