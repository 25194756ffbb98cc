"""`flask customers segment CU-12 regular`, `flask customers import FILE`: segments and values of customers;
`flask personal rotate`: keys under a new secret; `flask personal seal`: what stood plain before there were keys."""

import json
import sys
from collections.abc import Iterable
from typing import BinaryIO

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.customers import care_actions, rotation_actions, segment_actions
from app.customers.care_forms import BYTES_MAX, read_figures
from app.kernel import personal
from app.kernel.actor import command
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.privacy.cleaning import clean

group = AppGroup("customers", help="What customers are, for the rules that depend on it.")
personal_group = AppGroup("personal", help="The keys under which personal fields are sealed.")


def register(app: Flask) -> None:
    app.cli.add_command(group)
    app.cli.add_command(personal_group)


@personal_group.command("rotate")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@with_appcontext
def rotate(as_json: bool) -> None:
    """Put every personal key under the newest SECRET_KEY; afterwards SECRET_KEY_FALLBACKS isn't needed to open them.

    Web processes may go on meanwhile. Stopped anywhere, run it again: what was done is passed over.
    """
    batches = rotation_actions.rotate(actor=command("personal"), now=utc_now())
    _tell("rewrapped", _counted(personal.REWRAPS, batches), as_json)


@personal_group.command("seal")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@with_appcontext
def seal(as_json: bool) -> None:
    """Seal words about employees that were written before there were keys for them; once after an upgrade over 0031.

    Then the database is swept of what stood there readable. Web processes may go on meanwhile. Stopped anywhere, run it again.
    """
    counts = _counted(personal.SEALS, rotation_actions.seal(actor=command("personal"), now=utc_now()))
    _tell("sealed", counts, as_json)
    if not clean({table for table, _column in personal.WORDS}):
        raise click.ClickException("sealed, but not swept: somebody still reads the old pages. Run it again.")


def _counted(steps: Iterable[str], batches: Iterable[rotation_actions.Rewrapped]) -> dict[str, int]:
    counts = dict.fromkeys(steps, 0)
    for batch in batches:
        counts[batch.about] += batch.changed
        if sys.stderr.isatty():
            click.echo(f"\r{batch.about}: up to {batch.looked_to:,}  ", nl=False, err=True)
    return counts


def _tell(deed: str, counts: dict[str, int], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({deed: counts}))
    else:
        click.echo("\n".join(f"{about}: {count:,}" for about, count in counts.items()))


@group.command("segment")
@click.argument("customer")
@click.argument("segment", required=False)
@with_appcontext
def set_segment(customer: str, segment: str | None) -> None:
    """Put CUSTOMER (CU-12) into SEGMENT; without one, into none."""
    identity = parse_ref("customer", customer)
    try:
        if identity is None:
            raise NotFound
        segment_actions.set_segment(customer_id=identity, segment=segment, actor=command("segment"), now=utc_now())
    except NotFound:
        raise click.ClickException(f"there is no customer {customer}") from None
    except BadInput as mistake:
        raise click.ClickException(" ".join(text for texts in mistake.errors.values() for text in texts)) from None
    click.echo(f"{customer}: {segment or 'no segment'}")


@group.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only look whether the file could be taken.")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@with_appcontext
def take_file(file: BinaryIO, dry_run: bool, as_json: bool) -> None:
    """Take segments and values from FILE: columns customer, segment, value, currency. All lines or none."""
    try:
        figures = read_figures(file.read(BYTES_MAX + 1))
        count = care_actions.take_figures(figures=figures, actor=command("figures"), now=utc_now(), dry_run=dry_run)
    except BadInput as mistake:
        texts = [text for texts in mistake.errors.values() for text in texts]
        if as_json:
            click.echo(json.dumps({"taken": 0, "mistakes": texts}))
            raise click.exceptions.Exit(1) from None
        raise click.ClickException("\n".join(texts)) from None
    if as_json:
        click.echo(json.dumps({"taken": 0 if dry_run else count, "sound": count, "mistakes": []}))
    else:
        click.echo(f"{count} customers, nothing was changed" if dry_run else f"{count} customers")
