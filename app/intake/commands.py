"""`flask cases import FILE`: history from a file, with a dry run, a progress bar and a report of what was turned away."""

import csv
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import gettext as _

from app.intake import actions, jobs, queries, reader
from app.intake.known import mapping_named, shipped
from app.intake.mapping_rules import BadMapping, Mapping, fitting
from app.intake.reader import Unreadable
from app.intake.rules import REPORT_HEADER, Reject, report_row
from app.kernel.actor import command
from app.kernel.errors import Refusal
from app.kernel.references import ref
from app.kernel.time import utc_now

ACTOR = command("import")


def register(app: Flask) -> None:
    """Put the command into the group `cases`, which another room may have opened."""
    group = app.cli.commands.get("cases")
    if not isinstance(group, click.Group):
        group = AppGroup("cases", help="Cases from outside.")
        app.cli.add_command(group)
    group.add_command(import_file)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    "mapping_text",
    metavar="NAME|FILE",
    help="A mapping's name or file; found by the header when left out.",
)
@click.option("--dry-run", is_flag=True, help="Count what would happen and write nothing.")
@click.option(
    "--rejects", "rejects_path", type=click.Path(path_type=Path), help="Where to write the rows turned away (CSV)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@with_appcontext
def import_file(file: Path, mapping_text: str | None, dry_run: bool, rejects_path: Path | None, as_json: bool) -> None:
    """Import past cases from FILE (CSV, plain or gzip). Running it again imports nothing twice."""
    began = time.monotonic()
    try:
        mapping = chosen_mapping(file, mapping_text)
        rejects_path = rejects_path or _default_report(file)
        if _same(file, rejects_path):
            raise Unreadable(_("The report would overwrite the file itself."))
        result = _run(file, mapping, dry_run, rejects_path)
    except (Unreadable, BadMapping, Refusal) as refusal:
        _fail(str(refusal), as_json)
    except OSError as error:
        _fail(_("%(file)s: %(reason)s", file=error.filename or file, reason=error.strerror or str(error)), as_json)
    result["seconds"] = round(time.monotonic() - began, 2)
    click.echo(json.dumps(result) if as_json else _in_words(result))


def chosen_mapping(file: Path, text: str | None) -> Mapping:
    """Return the mapping that was asked for, or the one that fits the file's header."""
    if text:
        return mapping_named(text)
    header = reader.header_of(file)
    found = fitting(header, shipped().values())
    if found is None:
        other = reader.wrong_delimiter(header, ",")
        if other:
            raise Unreadable(
                _("The columns seem to be separated by %(found)s. Name a mapping that says so.", found=other)
            )
        raise Unreadable(
            _(
                "No mapping fits these columns: %(names)s. Known kinds of file: %(known)s.",
                names=", ".join(header)[:300],
                known=", ".join(shipped()),
            )
        )
    return found


def _run(file: Path, mapping: Mapping, dry_run: bool, rejects_path: Path) -> dict[str, Any]:
    survey = jobs.checked(file, mapping)
    with _report(rejects_path) as report, _bar(survey.rows) as tick:
        if dry_run:
            counts = jobs.try_out(path=file, mapping=mapping, actor=ACTOR, clock=utc_now, tick=tick, report=report)
            run_ref = None
        else:
            run_id = actions.start(
                file_name=file.name, file_path=None, file_bytes=file.stat().st_size, mapping=mapping, is_dry=False,
                actor=ACTOR, now=utc_now(),
            )  # fmt: skip
            _read(run_id, file, mapping, survey, tick, report)
            row = queries.run(run_id)
            assert row is not None
            counts = actions.Counts(row.read_count, row.imported_count, row.present_count, row.rejected_count)
            run_ref = ref("import", run_id)
    return {
        "run": run_ref,
        "mapping": mapping.name,
        "dry_run": dry_run,
        "rows": counts.read,
        "imported": counts.imported,
        "present": counts.present,
        "rejected": counts.rejected,
        "rejects_file": str(rejects_path),
    }


def _read(run_id: int, file: Path, mapping: Mapping, survey: reader.Survey, tick: Any, report: Any) -> None:
    try:
        jobs.read_run(
            run_id=run_id,
            path=file,
            mapping=mapping,
            actor=ACTOR,
            clock=utc_now,
            survey=survey,
            tick=tick,
            report=report,
        )
    except BaseException as error:
        message = str(error) if isinstance(error, Refusal | Unreadable) else type(error).__name__
        actions.end(run_id=run_id, state="failed", message=message, actor=ACTOR, now=utc_now())
        raise


@contextmanager
def _report(path: Path) -> Iterator[jobs.Report]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REPORT_HEADER)

        def report(rejects: list[Reject]) -> None:
            for reject in rejects:
                writer.writerows(report_row(reject))

        yield report


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """Show progress on a terminal, and nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    with click.progressbar(length=total, label=_("Importing"), file=sys.stderr, show_pos=True) as bar:
        yield bar.update


def _default_report(file: Path) -> Path:
    stem = file.name.removesuffix(".gz").removesuffix(".csv")
    moment = utc_now().strftime("%Y%m%d-%H%M%S")
    return Path(current_app.instance_path) / "imports" / f"{stem}-{moment}-rejects.csv"


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.exists() and one.samefile(other)


def _in_words(result: dict[str, Any]) -> str:
    lines = [
        _("%(rows)d rows read with the mapping %(mapping)s in %(seconds)s s.", **result),
        _("Would be imported: %(imported)d", **result) if result["dry_run"] else _("Imported: %(imported)d", **result),
        _("There already: %(present)d", **result),
        _("Turned away: %(rejected)d, see %(rejects_file)s", **result),
    ]
    return "\n".join(lines)


def _fail(sentence: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"error": sentence}))
    click.echo(_("Nothing was imported from this file: %(reason)s", reason=sentence), err=True)
    raise SystemExit(1)
