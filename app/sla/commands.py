"""`flask sla`: `due` for other programs, `rerun` for open cases, `replay` to check every stored deadline."""

import sys
from datetime import date, datetime
from typing import Any

import click
import orjson
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.calendars.day_rules import MONTH_RULES, count_days, count_months
from app.calendars.rules import BadCalendar, Calendar, Pause, due, elapsed
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.references import ref
from app.kernel.time import iso, parse_instant, utc_now
from app.sla import past_queries, queries, rerun_actions, rerun_rules

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


@group.command("rerun")
@click.option("--kind", type=click.Choice(rerun_rules.KINDS), required=True, help="What open cases should follow.")
@click.option("--reason", help="Why; without it only the preview is shown.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_appcontext
def rerun_command(kind: str, reason: str | None, as_json: bool) -> None:
    """Bring new hours or targets to open cases, with progress. Without --reason: say what it would do."""
    if reason is None:
        found = rerun_actions.preview(kind, now=utc_now())
        said: dict[str, Any] = {"cases": found.case_count, "looked": found.looked_count, "moves": len(found.moves)}
        click.echo(
            orjson.dumps(said)
            if as_json
            else "{cases} open cases; of the first {looked}, clocks that move: {moves}".format(**said)
        )
        return
    try:
        rerun_id = rerun_actions.ask(kind=kind, reason=reason, actor=command("sla-rerun"), now=utc_now())
    except (BadInput, Refusal) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    while (row := queries.rerun(rerun_id)).state == "waiting":
        if not as_json:
            click.echo(f"\r{row.looked_count:,} of {row.case_count:,} cases, {row.moved_count:,} moved", nl=False)
        rerun_actions.run_waiting(now=utc_now())
    said = {"rerun": rerun_id, "state": row.state, "looked": row.looked_count, "moved": row.moved_count}
    click.echo(orjson.dumps(said) if as_json else f"\r{row.looked_count:,} cases looked at, {row.moved_count:,} moved.")


@group.command("replay")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@with_appcontext
def replay_command(as_json: bool) -> None:
    """Recompute every stored deadline from the events; exit 1 when one does not follow from them."""
    count, wrong = 0, []
    for ids in queries.clock_ids():
        count += len(ids)
        wrong += past_queries.disagreements(ids)
        db.session.rollback()
    rows = [
        {"clock": ref("clock", one.clock_id), "stored": str(one.stored), "computed": str(one.computed)} for one in wrong
    ]
    if as_json:
        click.echo(orjson.dumps({"clocks": count, "wrong": rows}))
    else:
        for row in rows:
            click.echo("{clock}: stored {stored}, computed {computed}".format(**row))
        click.echo(f"{count:,} clocks, {len(rows)} that do not follow from their events.")
    if rows:
        raise SystemExit(1)


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
