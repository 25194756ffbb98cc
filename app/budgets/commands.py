"""`flask check --all`: every promise about money and the trail, asked of the database itself."""

import sys

import click
import orjson
from flask import Flask
from flask.cli import with_appcontext

from app.audit import queries as trail
from app.budgets import checks
from app.kernel.time import utc_now


def register(app: Flask) -> None:
    app.cli.add_command(check)


@click.command("check")
@click.option("--all", "everything", is_flag=True, help="Money and the whole trail; without it only money.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def check(everything: bool, as_json: bool) -> None:
    """Look for anything that must never be; exit code 0 only when nothing is found."""
    found = {"money": checks.violations()}
    if everything:
        report = trail.verify(now=utc_now())
        found["trail"] = [] if report.is_whole else [str(report.problem)]
    if as_json:
        click.echo(orjson.dumps({"sound": not any(found.values()), "violations": found}))
    else:
        for part, sentences in found.items():
            click.echo(f"{part}: {'sound' if not sentences else f'{len(sentences)} broken'}")
            for sentence in sentences:
                click.echo(f"  {sentence}")
    sys.exit(1 if any(found.values()) else 0)
