"""`flask approvals import`: what another system's decision log says about who decides, how fast, and for whom."""

import csv
import gzip
import sys
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import orjson
from flask import Flask

from app.approvals import log_rules
from app.approvals.log_rules import BadMapping, LogLine, LogMapping, Report
from app.kernel.plain_yaml import read_yaml
from app.kernel.yaml_rules import BadYaml

MISTAKES_SHOWN = 20


def register(app: Flask) -> None:
    app.cli.add_command(group)


@click.group("approvals")
def group() -> None:
    """Decisions about exceptions."""


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "mapping_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write the whole report as JSON.")
def import_log(file: Path, mapping_file: Path, as_json: bool) -> None:
    """Read a decision log in any shape that a mapping describes, and report on it. Nothing is written.

    The mapping is YAML: columns (case, by, decision, at; optional: step, asked_at, asked_by), formats, zone, decisions.
    """
    try:
        mapping = log_rules.mapping_of(read_yaml(mapping_file), _zone)
    except (BadMapping, BadYaml) as wrong:
        raise click.ClickException(f"{mapping_file.name}: {wrong}") from None
    try:
        lines, mistakes = _read(file, mapping)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as wrong:
        raise click.ClickException(f"{file.name}: this is no readable table ({wrong})") from None
    found = log_rules.report(lines)
    if as_json:
        said = asdict(found) | {"mistakes": mistakes}
        sys.stdout.buffer.write(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
    else:
        _say(found, mistakes)
    if mistakes:
        raise SystemExit(1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadMapping(f"unknown time zone {name}") from None


def _read(file: Path, mapping: LogMapping) -> tuple[list[LogLine], list[str]]:
    lines, mistakes = [], []
    for number, row in _rows(file, mapping):
        try:
            lines.append(mapping.read(number, row))
        except ValueError as wrong:
            mistakes.append(f"line {number}: {wrong}")
    return lines, mistakes


def _rows(file: Path, mapping: LogMapping) -> Iterator[tuple[int, Any]]:
    opened: Any = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8-sig", newline="") as stream:
        head = stream.readline()
        stream.seek(0)
        reader = csv.DictReader(stream, delimiter=max(",;\t", key=head.count))
        absent = sorted(set(mapping.columns.values()) - set(reader.fieldnames or ()))
        if absent:
            raise click.ClickException(f"{file.name} has no column {', '.join(absent)}")
        yield from enumerate(reader, start=2)


def _say(found: Report, mistakes: list[str]) -> None:
    click.echo(f"{found.count} decisions")
    for decision, count in sorted(found.decisions.items()):
        click.echo(f"  {decision}: {count}")
    click.echo("by")
    for who, count in sorted(found.by.items(), key=lambda pair: (-pair[1], pair[0])):
        click.echo(f"  {who}: {count}")
    for wait in found.waits:
        click.echo(
            f"step {wait.step}: half in {wait.p50_seconds} s, nine of ten in {wait.p90_seconds} s (n {wait.count})"
        )
    for name, lines in (
        ("own request", found.own),
        ("second decision", found.twice),
        ("before it was asked", found.backwards),
    ):
        click.echo(f"{name}: {len(lines)}")
        for line in lines:
            click.echo(f"  line {line.number}: {line.case} by {line.by}")
    for mistake in mistakes[:MISTAKES_SHOWN]:
        click.echo(mistake, err=True)
    if len(mistakes) > MISTAKES_SHOWN:
        click.echo(f"and {len(mistakes) - MISTAKES_SHOWN} more", err=True)
