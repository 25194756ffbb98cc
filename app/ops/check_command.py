"""`flask check`: every promise of the product, asked of the database itself."""

import sys

import click
import orjson
from flask.cli import with_appcontext

from app.kernel import invariants

QUICK = ("money",)


@click.command("check")
@click.option("--all", "everything", is_flag=True, help="Every part and the whole trail; without it only money.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def check(everything: bool, as_json: bool) -> None:
    """Look for anything that must never be; exit code 0 only when nothing is found."""
    found = {part: invariants.violations(part) for part in (invariants.parts() if everything else QUICK)}
    if as_json:
        click.echo(orjson.dumps({"sound": not any(found.values()), "violations": found}))
    else:
        for part, sentences in found.items():
            click.echo(f"{part}: {'sound' if not sentences else f'{len(sentences)} broken'}")
            for sentence in sentences:
                click.echo(f"  {sentence}")
    sys.exit(1 if any(found.values()) else 0)
