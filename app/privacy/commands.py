"""`flask privacy`: retention, and the record of processing."""

import sys
from dataclasses import asdict
from datetime import datetime

import click
import orjson
from flask import Flask
from flask.cli import AppGroup

from app.kernel.time import utc_now
from app.privacy.processing_queries import record
from app.privacy.purposes import CLASSES
from app.privacy.retention_actions import retain
from app.privacy.retention_queries import due

ROUNDS_MAX = 10_000


group = AppGroup("privacy", help="How long data is kept, and the record of processing.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("retention")
@click.option("--dry-run", is_flag=True, help="Only count what has had its time.")
@click.option("--json", "as_json", is_flag=True)
def retention(dry_run: bool, as_json: bool) -> None:
    """Let go what has had its time, class by class; holds are respected."""
    now = utc_now()
    rows = due(now)
    if not dry_run:
        _let_go(now, sum(row.count for row in rows))
    if as_json:
        click.echo(orjson.dumps({"dry_run": dry_run, "classes": [asdict(row) for row in rows]}).decode())
        return
    for row in rows:
        period = f"{row.days} days" if row.days else "not by time"
        click.echo(f"{row.code:<10} {row.count:>8}  {period:<12} {CLASSES[row.code].title}")


def _let_go(now: datetime, length: int) -> None:
    with click.progressbar(length=length, label="Letting go", file=sys.stderr) as bar:
        for _round in range(ROUNDS_MAX):
            gone = retain(now=now)
            bar.update(gone)
            if not gone:
                break


@group.command("record")
def processing_record() -> None:
    """Write the record of processing (GDPR Art. 30) as JSON."""
    click.echo(orjson.dumps(record(), option=orjson.OPT_INDENT_2).decode())
