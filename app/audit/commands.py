"""`flask audit verify`, `audit head`, `audit export`: the trail checked and carried away from outside the web pages."""

import sys
from pathlib import Path

import click
import orjson
from flask import Flask
from flask.cli import AppGroup

from app.audit import queries
from app.audit.chain_rules import BadHead, Head, Report, parse_heads
from app.kernel.references import parse_ref
from app.kernel.time import utc_now

group = AppGroup("audit", help="Verify the trail, print its head, export it.")


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("verify")
@click.option(
    "--head",
    "head_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Heads kept outside the database, as `audit head` prints them; each must lie on the chain.",
)
@click.option("--newer", is_flag=True, help="Trust the chain up to the newest head in the file and check what follows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(head_file: Path | None, newer: bool, as_json: bool) -> None:
    """Recompute the whole chain; exit code 0 only when it is whole."""
    heads = _read_heads(head_file) if head_file else []
    if newer and not heads:
        raise click.UsageError("--newer needs --head FILE")
    after = heads[-1] if newer else None
    with click.progressbar(length=1, label="Verifying", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def show(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        report = queries.verify(now=utc_now(), heads=heads, after=after, on_progress=show)
    click.echo(_as_json(report) if as_json else _as_text(report))
    sys.exit(0 if report.is_whole else 1)


def _read_heads(path: Path) -> list[Head]:
    try:
        return parse_heads(path.read_text(encoding="utf-8"))
    except (BadHead, UnicodeDecodeError) as mistake:
        raise click.BadParameter(f"{path.name}: {mistake}", param_hint="--head") from None


def _as_json(report: Report) -> str:
    problem = report.problem
    return orjson.dumps(
        {
            "whole": report.is_whole,
            "problem": problem.code if problem else None,
            "first_bad_number": problem.number if problem else None,
            "entry_id": problem.entry_id if problem else None,
            "checked": report.checked,
            "erased": report.erased,
            "unsealed": report.unsealed,
            "unsealed_seconds": round(report.unsealed_seconds, 3) if report.unsealed_seconds is not None else None,
            "number": report.head.number,
            "chain_hash": report.head.chain_hash,
            "at": report.head.at,
            "heads_compared": report.heads_compared,
            "seconds": round(report.seconds, 3),
        }
    ).decode()


def _as_text(report: Report) -> str:
    lines = []
    if report.problem:
        where = f" First bad number: {report.problem.number}." if report.problem.number is not None else ""
        lines.append(f"NOT WHOLE ({report.problem.code}).{where} {report.problem.sentence}")
    else:
        outside = f", agrees with {report.heads_compared} head(s) kept outside" if report.heads_compared else ""
        lines.append(f"Whole: {report.checked:,} entries{outside}. Head: {report.head.line()}")
        if not report.heads_compared:
            lines.append("Without --head FILE a cut tail or a rewritten chain can't be seen.")
    if report.erased:
        lines.append(f"{report.erased:,} of them had their readable part erased, as the law asks.")
    lines.append(f"Unsealed: {report.unsealed:,}" + (f", {report.unsealed_seconds:.0f} s" if report.unsealed else ""))
    return "\n".join(lines)


@group.command("head")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def head(as_json: bool) -> None:
    """Print the end of the chain, one line; append it to a file that the database's owner can't write."""
    end = queries.head(utc_now())
    if as_json:
        click.echo(orjson.dumps({"number": end.number, "chain_hash": end.chain_hash, "at": end.at}))
    else:
        click.echo(end.line())


@group.command("export")
@click.option("--case", "case_ref", help="Only the entries of one case, e.g. MG-2041.")
def export(case_ref: str | None) -> None:
    """Write the trail as JSON lines to standard output, with everything that a verifier elsewhere needs."""
    filters = None
    if case_ref is not None:
        case_id = parse_ref("case", case_ref)
        if case_id is None:
            raise click.BadParameter("a case is written like MG-2041", param_hint="--case")
        filters = queries.Filters(case_id=case_id)
    for line in queries.export_lines(filters):
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()
