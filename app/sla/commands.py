"""`flask sla due --stdin`: deadlines for other programs, one JSON object a line."""

import sys
from datetime import date, datetime
from typing import Any

import click
import orjson
from flask import Flask
from flask.cli import AppGroup

from app.calendars.day_rules import MONTH_RULES, count_days, count_months
from app.calendars.rules import BadCalendar, Calendar, Pause, due, elapsed
from app.kernel.time import iso, parse_instant

group = AppGroup("sla", help="Deadlines in working hours.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("due")
@click.option("--stdin", is_flag=True, required=True, expose_value=False, help="Read one JSON object a line.")
def due_command() -> None:
    """Print {"due": …}, {"elapsed_seconds": …} or {"error": …} for every line, in order.

    A line: {"windows": {"mon": [["09:00", "17:00"]]}, "tz": "Europe/London", "holidays": ["2026-12-25"],
    "start": "2026-02-06T16:00:00Z", "duration": 28800, "pauses": [["…", null]]}. The duration is business seconds,
    {"business_days": n} or {"calendar_months": n} with a "rule"; with "end" instead of it the elapsed time is told.
    """
    calendars: dict[bytes, Calendar] = {}
    for line in sys.stdin.buffer:
        if line.strip():
            sys.stdout.buffer.write(orjson.dumps(answer(line, calendars)) + b"\n")
    sys.stdout.buffer.flush()


def answer(line: bytes, calendars: dict[bytes, Calendar] | None = None) -> dict[str, Any]:
    """Answer one line; whatever is wrong with it becomes its error."""
    try:
        asked = orjson.loads(line)
        if not isinstance(asked, dict):
            return {"error": "a line is a JSON object"}
        return _answer(asked, {} if calendars is None else calendars)
    except BadCalendar as problem:
        return {"error": str(problem)}
    except KeyError as missing:
        return {"error": f"{missing.args[0]} is missing"}
    except OverflowError:
        return {"error": "the date is out of range"}
    except (ValueError, TypeError) as problem:
        return {"error": str(problem)}


def _answer(asked: dict[str, Any], calendars: dict[bytes, Calendar]) -> dict[str, Any]:
    calendar = _calendar(asked, calendars)
    pauses = _pauses(asked.get("pauses") or [])
    if "end" in asked:
        start, end = _instant(asked["start"], "start"), _instant(asked["end"], "end")
        return {"elapsed_seconds": elapsed(start, end, calendar, pauses)}
    duration = asked["duration"]
    if isinstance(duration, dict):
        return {"due": _by_date(asked, duration, calendar)}
    if isinstance(duration, bool) or not isinstance(duration, int):
        raise ValueError("duration is a whole number of seconds, business_days or calendar_months")
    found = due(_instant(asked["start"], "start"), duration, calendar, pauses)
    return {"due": None if found is None else iso(found)}


def _by_date(asked: dict[str, Any], duration: dict[str, Any], calendar: Calendar) -> str:
    if len(duration) != 1:
        raise ValueError("duration has one of business_days and calendar_months")
    (unit, count), rule = next(iter(duration.items())), str(asked.get("rule", ""))
    if isinstance(count, bool) or not isinstance(count, int):
        raise ValueError(f"{unit} is a whole number")
    start = _start(asked["start"])
    if unit == "business_days":
        found = count_days(start, count, rule, calendar)
        return iso(found) if isinstance(found, datetime) else found.isoformat()
    if unit != "calendar_months":
        raise ValueError("duration has one of business_days and calendar_months")
    if rule not in MONTH_RULES:
        raise BadCalendar("rule", rule)
    return count_months(start, count, calendar).isoformat()


def _calendar(asked: dict[str, Any], calendars: dict[bytes, Calendar]) -> Calendar:
    """Lines that share their hours share the worked-out days."""
    given = (asked["windows"], asked["tz"], asked.get("holidays") or [])
    key = orjson.dumps(given)
    if key not in calendars:
        if len(calendars) >= 200:
            calendars.clear()
        if not isinstance(given[2], list):
            raise ValueError("holidays is a list of dates")
        calendars[key] = Calendar.parse(*given)
    return calendars[key]


def _pauses(given: Any) -> list[Pause]:
    if not isinstance(given, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        raise ValueError("pauses is a list of [from, to]")
    return [(_instant(a, "pause"), None if b is None else _instant(b, "pause")) for a, b in given]


def _start(text: Any) -> datetime | date:
    if isinstance(text, str) and len(text) == 10:
        return date.fromisoformat(text)
    return _instant(text, "start")


def _instant(text: Any, what: str) -> datetime:
    if not isinstance(text, str):
        raise ValueError(f"{what} is an instant with its offset")
    return parse_instant(text)
