"""`flask db …`, `flask serve`, `flask check`, `flask scheduler`, `flask backup` and `flask restore`."""

import os
import sys
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from app.kernel import migrations
from app.kernel.database import db, prepare_engine
from app.ops import processes, safety
from app.ops.backup_commands import backup, restore
from app.ops.check_command import check
from app.ops.scheduler_command import scheduler
from app.ops.schema import is_at_head, is_empty
from config import ROOT, Settings

DEMO_PEOPLE = (
    ("Ana", "ana@makegood.example", "frontline: logs cases and makes them good"),
    ("Bo", "bo@makegood.example", "frontline: Ana's colleague"),
    ("Sam", "sam@makegood.example", "supervisor: decides exceptions"),
    ("Max", "max@makegood.example", "manager: sees the whole company"),
    ("Hana", "hana@makegood.example", "HR: reads outcomes"),
    ("Ada", "ada@makegood.example", "administrator: people, sites, catalogue"),
    ("Ines", "ines@makegood.example", "administrator: decides the change of role that Ada proposed"),
    ("Audra", "audra@makegood.example", "auditor: reads everything, changes nothing"),
)

group = AppGroup("db", help="Bring the database's schema up or down.")


def register(app: Flask) -> None:
    app.cli.add_command(group)
    app.cli.add_command(serve)
    app.cli.add_command(check)
    app.cli.add_command(scheduler)
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@group.command("upgrade")
@click.argument("revision", default="head")
def db_upgrade(revision: str) -> None:
    """Migrate up, by default to what this code expects."""
    _migrate(revision, up=True)


@group.command("downgrade")
@click.argument("revision")
def db_downgrade(revision: str) -> None:
    """Migrate down to a revision, or to `base`."""
    _migrate(revision, up=False)


@group.command("current")
def db_current() -> None:
    """Print the database's revision and the code's; exit code 1 when they differ."""
    found, wanted = migrations.database_head(_owner_engine()), migrations.code_head()
    click.echo(f"database {found or 'empty'}, code {wanted}")
    sys.exit(0 if found == wanted else 1)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--prepare", is_flag=True, help="First migrate, and fill an empty database with the demo company.")
def serve(host: str, port: int, prepare: bool) -> None:
    """Serve the pages, with the scheduler beside them, until Ctrl-C."""
    if not processes.is_free(host, port):
        raise click.ClickException(f"port {port} on {host} is taken: stop what uses it, or choose one with --port")
    if prepare and not is_at_head():
        click.echo("Bringing the database up to date …")
        _migrate("head", up=True)
    if not is_at_head():
        raise click.ClickException("the database is not at this code's schema: run `flask --app wsgi db upgrade`")
    if prepare and is_empty():
        click.echo("Filling the empty database with the demo company …")
        if processes.run_flask("demo") != 0:
            raise click.ClickException("the demo company could not be made; see above")
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        safety.refuse_demo_people(app)
    except RuntimeError as unsafe:
        raise click.ClickException(str(unsafe)) from None
    _say_hello(host, port)
    _let_go_of_the_database()
    sys.exit(processes.serve(app, host, port, workers=_workers()))


def _say_hello(host: str, port: int) -> None:
    click.echo(f"\nMakegood serves http://{host}:{port} (also http://localhost:{port}). Ctrl-C stops it.")
    kept = Path(current_app.instance_path) / "demo-pass-phrase"
    if not kept.exists():
        return
    click.echo("\nDemo people:")
    for name, address, part in DEMO_PEOPLE:
        click.echo(f"  {name:<6}{address:<26}{part}")
    click.echo(f"\nTheir pass phrase: {kept.read_text(encoding='utf-8').strip()}")
    click.echo(f"(kept in {os.path.relpath(kept, ROOT)})\n")


def _migrate(revision: str, *, up: bool) -> None:
    engine = _owner_engine()
    (migrations.upgrade if up else migrations.downgrade)(engine, revision)
    engine.dispose()


def _owner_engine() -> Engine:
    settings: Settings = current_app.extensions["makegood_settings"]
    if settings.owner_database_url.startswith("sqlite:///"):
        Path(settings.owner_database_url.removeprefix("sqlite:///")).parent.mkdir(
            parents=True, exist_ok=True, mode=0o700
        )
    engine = create_engine(settings.owner_database_url, poolclass=NullPool)
    prepare_engine(engine)
    return engine


def _workers() -> int:
    """SQLite has one writer: a second process would only wait for the first."""
    settings: Settings = current_app.extensions["makegood_settings"]
    return 1 if settings.database_url.startswith("sqlite") else 2


def _let_go_of_the_database() -> None:
    db.session.remove()
    db.engine.dispose()
