"""`flask rollups rebuild`: count every day again from the cases, and say whether what was kept was right."""

import json
import time

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.insights import rollup_actions
from app.kernel.time import utc_now

rollups = AppGroup("rollups", help="The counts that are kept for the overview.")


def register(app: Flask) -> None:
    app.cli.add_command(rollups)


@rollups.command("rebuild")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def rebuild(as_json: bool) -> None:
    """Count all days again. Safe at any time; the overview shows the old counts until it is done."""
    start = time.monotonic()
    rows = rollup_actions.rebuild(now=utc_now())
    took, is_whole = time.monotonic() - start, rollup_actions.is_whole()
    found = {"rows": rows, "seconds": round(took, 3), "whole": is_whole}
    click.echo(
        json.dumps(found) if as_json else f"{rows} rows counted in {took:.1f} s; they equal the cases: {is_whole}"
    )
    if not is_whole:
        raise SystemExit(1)
