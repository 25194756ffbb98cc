"""`flask check`: every promise of the product, asked of the database itself."""

import sys

import click
import orjson
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.kernel import invariants
from app.kernel.time import utc_now
from app.ops import safety, ways_in
from app.ops.safety_rules import Finding
from app.ops.ways_in import Line

QUICK = ("money",)


@click.command("check")
@click.option("--all", "everything", is_flag=True, help="Every part and the whole trail; without it only money.")
@click.option(
    "--config", "settings_only", is_flag=True, help="Only the settings, judged as for production, and the ways in."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def check(everything: bool, settings_only: bool, as_json: bool) -> None:
    """Look for anything that must never be; exit code 0 only when nothing is found."""
    if settings_only:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        sys.exit(_say_settings(safety.look(app, with_database=True), ways_in.lines(app, utc_now()), as_json))
    found = {part: invariants.violations(part) for part in (invariants.parts() if everything else QUICK)}
    if as_json:
        click.echo(orjson.dumps({"sound": not any(found.values()), "violations": found}))
    else:
        for part, sentences in found.items():
            click.echo(f"{part}: {'sound' if not sentences else f'{len(sentences)} broken'}")
            for sentence in sentences:
                click.echo(f"  {sentence}")
    sys.exit(1 if any(found.values()) else 0)


def _say_settings(found: list[Finding], ways: list[Line], as_json: bool) -> int:
    """Print what production refuses, what it only warns of, and how people come in; returns the exit code."""
    refused = [finding for finding in found if finding.is_refused]
    if as_json:
        rows = [{"setting": one.setting, "sentence": one.sentence, "refused": one.is_refused} for one in found]
        said = [{"way": one.way, "sentence": one.sentence, "good": one.is_good} for one in ways]
        click.echo(orjson.dumps({"safe": not refused, "findings": rows, "ways_in": said}))
        return 1 if refused else 0
    for finding in sorted(found, key=lambda one: not one.is_refused):
        click.echo(f"{'REFUSED' if finding.is_refused else 'warning'}  {finding.line()}")
    for line in ways:
        click.echo(f"{'way in ' if line.is_good else 'look   '}  {line.way}: {line.sentence}")
    click.echo(f"{len(refused)} that production refuses, {len(found) - len(refused)} warnings.")
    return 1 if refused else 0
