"""`flask outcomes import`: what became of customers, as another system tells it."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.insights import outcome_actions, outcome_rules
from app.insights.outcome_rules import BadLine, BadMapping, Line, OutcomeMapping
from app.kernel.actor import command
from app.kernel.plain_yaml import read_yaml
from app.kernel.time import utc_now
from app.kernel.yaml_rules import BadYaml

MISTAKES_SHOWN = 20
outcomes = AppGroup("outcomes", help="What became of customers later: stayed, returned, worth.")


def register(app: Flask) -> None:
    app.cli.add_command(outcomes)


@outcomes.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "mapping_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", help="What the source is called; default: the file's name.")
@click.option("--dry-run", is_flag=True, help="Read the file and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def import_outcomes(file: Path, mapping_file: Path, source: str | None, dry_run: bool, as_json: bool) -> None:
    """Take in FILE, comma-separated UTF-8 with a header. What is known already changes nothing, so it may run twice.

    The mapping is YAML: columns (ref, customer, day, stayed or left, returned, complaint, value, segment), and where
    needed day (one for all lines), currency, means_yes, means_no. Exit code 1 where a line can't be read; then nothing is taken.
    """
    try:
        mapping = outcome_rules.mapping_of(read_yaml(mapping_file))
        lines, mistakes = _read(file, mapping)
    except (BadMapping, BadYaml, UnicodeDecodeError, csv.Error) as wrong:
        raise click.ClickException(f"{mapping_file.name}: {wrong}") from None
    found: dict[str, Any] = {"lines": len(lines), "taken": 0, "known": 0, "strangers": 0, "mistakes": mistakes}
    if not mistakes and not dry_run:
        name = (source or file.stem)[:60]
        batches = range(0, len(lines), outcome_actions.BATCH)
        with click.progressbar(batches, label="Taking in", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
            for start in bar:
                taken = outcome_actions.take_outcomes(
                    lines=lines[start : start + outcome_actions.BATCH], source=name, currency=mapping.currency,
                    actor=command("outcomes"), now=utc_now(),
                )  # fmt: skip
                found["taken"] += taken.taken
                found["known"] += taken.known
                found["strangers"] += taken.strangers
    click.echo(json.dumps(found) if as_json else _as_text(found))
    if mistakes:
        raise SystemExit(1)


def _read(file: Path, mapping: OutcomeMapping) -> tuple[list[Line], list[str]]:
    lines: list[Line] = []
    mistakes: list[str] = []
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.reader(opened)
        at = outcome_rules.places(mapping, next(rows, []))
        for number, row in enumerate((row for row in rows if row), start=1):
            try:
                lines.append(outcome_rules.read(mapping, at, number, row))
            except BadLine as wrong:
                if len(mistakes) < MISTAKES_SHOWN:
                    mistakes.append(f"line {number}: {wrong}")
    return lines, mistakes


def _as_text(found: dict[str, Any]) -> str:
    text = "{lines} lines: {taken} taken in ({strangers} about customers who aren't known here), {known} known already"
    return "\n".join([text.format(**found), *found["mistakes"]])
