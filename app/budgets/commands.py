"""`flask fx import FILE`."""

import gzip
import io
import zipfile
import zlib
from pathlib import Path

import click
import orjson
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.budgets import rate_actions
from app.budgets.rate_rules import BadRates
from app.kernel.actor import command
from app.kernel.errors import Refusal
from app.kernel.time import utc_now


def register(app: Flask) -> None:
    app.cli.add_command(fx)


BYTES_MAX = 64 * 1024 * 1024  # unpacked; the bank's whole history since 1999 is under 2 MiB

fx = AppGroup("fx", help="Exchange rates, by which limits in another currency are compared.")


@fx.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def import_file(file: Path, as_json: bool) -> None:
    """Store the European Central Bank's euro reference rates from FILE (.csv, .csv.gz, or the bank's .zip)."""
    try:
        found = rate_actions.import_rates(text=read_file(file), actor=command("fx-import"), now=utc_now())
    except (BadRates, Refusal) as mistake:
        details = f" ({mistake.details['currency']}, {mistake.details['on']})" if isinstance(mistake, Refusal) else ""
        raise click.ClickException(f"{file.name}: {mistake}{details}") from None
    if as_json:
        days = {"first_on": found.first_on, "last_on": found.last_on}
        click.echo(orjson.dumps({"added": found.added, "read": found.read, **days}))
    else:
        click.echo(f"{found.added} of {found.read} rates are new, {found.first_on} to {found.last_on}.")


def read_file(file: Path) -> str:
    """Return a file of rates as text, unpacked where it is packed."""
    raw = file.read_bytes()
    try:
        if raw.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(raw)) as archive, archive.open(archive.namelist()[0]) as packed:
                raw = packed.read(BYTES_MAX + 1)
        elif raw.startswith(b"\x1f\x8b"):
            with gzip.open(io.BytesIO(raw)) as packed:
                raw = packed.read(BYTES_MAX + 1)
        if len(raw) > BYTES_MAX:
            raise BadRates("this is larger than 64 MiB")
        return raw.decode("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError, zlib.error, zipfile.BadZipFile, IndexError, RuntimeError):
        raise BadRates("this is no readable text, gzip or zip file") from None
