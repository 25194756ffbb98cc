"""`flask backup` and `flask restore`: one archive with the database, the files and the checkpoints; proved before it is used."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import orjson
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.kernel.time import iso, utc_now
from app.ops import backup as making
from app.ops import restore as restoring
from app.ops.archive import BadArchive
from app.ops.schema import is_at_head
from app.ops.stores import Refused


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def backup(file: Path, as_json: bool) -> None:
    """Write everything that an instance is, but for its secrets, into FILE; others may go on working."""
    began = time.monotonic()
    made = _or_say_why(lambda: making.make(_app(), file, now=utc_now(), say=_say))
    seconds = round(time.monotonic() - began, 3)
    if as_json:
        said = {"file": str(made.path), "bytes": made.byte_count, "files": made.file_count, "rows": made.row_count}
        click.echo(orjson.dumps({**said, "seconds": seconds}))
        return
    click.echo(
        f"{made.path}: {made.row_count:,} rows, {made.file_count:,} files, {made.byte_count:,} bytes, {seconds} s.\n"
        "It is sealed under SECRET_KEY, which is not in it: keep that somewhere else."
    )


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", "over", is_flag=True, help="Put it in the place of a database that holds something.")
@click.option("--rehearse", is_flag=True, help="Do everything but the last step, and note that it went well.")
@click.option("--accept-violations", is_flag=True, help="Restore also what breaks an invariant.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def restore(file: Path, over: bool, rehearse: bool, accept_violations: bool, as_json: bool) -> None:
    """Restore FILE beside the database, check all of it, and only then put it into place. Stop the servers first."""
    began, app, now = time.monotonic(), _app(), utc_now()
    done = _or_say_why(
        lambda: restoring.restore(
            app, file, now=now, say=_say, over=over, rehearse=rehearse, accept_violations=accept_violations
        )
    )
    if rehearse and is_at_head():
        making.sign_of_life(restoring.DRILL, now)
    seconds = round(time.monotonic() - began, 3)
    sound = not any(done.violations.values())
    if as_json:
        said = {"made_at": done.made_at, "engine": done.engine, "rows": done.row_count, "files": done.file_count}
        said["entries_lost"] = done.further.size - done.covered if done.further else 0
        click.echo(
            orjson.dumps({**said, "sound": sound, "rehearsed": rehearse, "kept_at": done.kept_at, "seconds": seconds})
        )
        return
    word = "could be restored" if rehearse else "is restored"
    click.echo(f"The backup of {done.made_at} {word}: {done.row_count:,} rows, {done.file_count:,} files, {seconds} s.")
    click.echo(
        "Every check of what was restored holds."
        if sound
        else "Some checks don't hold; `flask --app wsgi check --all` names them."
    )
    if done.further:
        click.echo(
            f"The trail outside goes further: its checkpoints know {done.further.size - done.covered:,} entries more, until "
            f"{iso(done.further.at)}. They were made after this backup and are not in it.\n"
            "`audit verify` and `check --all` say so from then on, and no checkpoint is signed, until the record outside begins anew: "
            "see “After a restore of an older state” in docs/operations.md."
        )
    if done.kept_at:
        click.echo(f"What was there before is kept as {done.kept_at}; remove it when you are sure.")


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def _or_say_why(deed: Callable[[], Any]) -> Any:
    try:
        return deed()
    except (Refused, BadArchive) as why:
        raise click.ClickException(str(why)) from None


def _say(sentence: str) -> None:
    if sys.stderr.isatty():
        click.echo(sentence, err=True)
