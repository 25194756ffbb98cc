"""`flask customers segment CU-12 regular`: which segment a customer belongs to."""

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.customers import segment_actions
from app.kernel.actor import command
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now

group = AppGroup("customers", help="What customers are, for the rules that depend on it.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


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
