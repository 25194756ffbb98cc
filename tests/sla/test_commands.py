import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.sla.commands import answer

FILE = json.loads((Path(__file__).parents[1] / "data" / "sla_vectors.json").read_text())
WEEK = {name: [["09:00", "17:00"]] for name in ("mon", "tue", "wed", "thu", "fri")}
LINE = {"windows": WEEK, "tz": "Europe/London", "start": "2026-02-06T16:00:00Z", "duration": 8 * 3_600}


def ask(**changes: Any) -> dict[str, Any]:
    line = {key: value for key, value in {**LINE, **changes}.items() if value is not ...}
    return answer(json.dumps(line).encode())


def test_a_line_is_answered_with_its_deadline_or_what_has_elapsed() -> None:
    assert ask() == {"due": "2026-02-09T16:00:00Z"}
    assert ask(duration=..., end="2026-02-09T10:00:00Z") == {"elapsed_seconds": 2 * 3_600}
    assert ask(pauses=[["2026-02-06T16:30:00Z", None]]) == {"due": None}


def test_counting_rules_answer_a_date_or_an_instant() -> None:
    easter = {"holidays": ["2026-04-03", "2026-04-06"], "start": "2026-04-02"}
    assert ask(**easter, duration={"business_days": 3}, rule="count_days_after_start") == {"due": "2026-04-09"}
    months = {"duration": {"calendar_months": 1}, "rule": "add_months_then_next_working_day"}
    assert ask(**easter, **months) == {"due": "2026-05-04"}
    kept = ask(duration={"business_days": 1}, rule="roll_forward_then_advance_keep_time")
    assert kept == {"due": "2026-02-09T16:00:00Z"}


@pytest.mark.parametrize(
    "changes",
    [
        {"tz": "Mars/Olympus"},
        {"tz": 5},
        {"windows": ...},
        {"windows": []},
        {"windows": {"mon": [["17:00", "nine"]]}},
        {"start": "2026-02-06T16:00:00"},
        {"start": 12},
        {"duration": -1},
        {"duration": 1.5},
        {"duration": True},
        {"duration": {}},
        {"duration": {"business_days": 1}},
        {"duration": {"business_days": "1"}, "rule": "count_days_after_start"},
        {"duration": {"fortnights": 1}, "rule": "count_days_after_start"},
        {"duration": {"calendar_months": 1}, "rule": "count_days_after_start"},
        {"pauses": [["2026-02-06T16:30:00Z"]]},
        {"pauses": "no"},
        {"holidays": ["2026-02-30"]},
        {"holidays": "2026-02-28"},
        {"start": "9999-12-31T16:00:00Z", "duration": 10**9},
        {"windows": {}, "duration": {"business_days": 1}, "rule": "count_days_after_start"},
    ],
)
def test_a_bad_line_is_answered_with_its_error(changes: dict[str, Any]) -> None:
    assert list(ask(**changes)) == ["error"]


def test_the_command_answers_every_line_in_order_and_goes_on_after_a_bad_one(app: Flask) -> None:
    lines = [json.dumps(LINE), "{not json", "[]", "", json.dumps({**LINE, "duration": 3_600})]
    result = app.test_cli_runner().invoke(args=["sla", "due", "--stdin"], input="\n".join(lines) + "\n")
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [list(found) for found in answers] == [["due"], ["error"], ["error"], ["due"]]
    assert answers[3] == {"due": "2026-02-06T17:00:00Z"}


@pytest.mark.parametrize(
    "row", FILE["vectors"] + FILE["elapsed_vectors"] + FILE["derived_vectors"], ids=lambda r: r["id"]
)
def test_every_worked_row_can_be_asked_as_a_line(row: dict[str, Any]) -> None:
    keys = ("tz", "holidays", "start", "duration", "end", "pauses", "rule")
    line = {"windows": FILE["calendars"][row["calendar"]], **{key: row[key] for key in keys if key in row}}
    found = answer(json.dumps(line).encode())
    assert list(found) == ["elapsed_seconds" if "end" in row else "due"]
    if "end" in row:
        assert found["elapsed_seconds"] == row.get("exact_elapsed_seconds", row["expected_elapsed_seconds"])
