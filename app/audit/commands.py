"""`flask audit verify`, `audit head`, `audit export`: the trail checked and carried away from outside the web pages."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import orjson
from flask import Flask, current_app
from flask.cli import AppGroup

from app.audit import checkpoint_jobs as witness
from app.audit import checkpoint_keys, evidence, queries
from app.audit import checkpoint_queries as checkpoints
from app.audit.chain_rules import BadHead, Head, Report, parse_heads
from app.audit.checkpoint_keys import BadKeys
from app.audit.checkpoint_places import NotKept
from app.audit.evidence_sheet import readable_trail
from app.audit.search_actions import record_export
from app.kernel.actor import command
from app.kernel.errors import Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now

STOPPED = 130  # as shells say of what Ctrl-C ended

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
@click.option(
    "--checkpoints",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A copy of the checkpoints kept elsewhere; more than one may be given. Without it: the instance's own.",
)
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A copy of the public keys kept elsewhere. Without it: the instance's own.",
)
@click.option("--since-checkpoint", is_flag=True, help="Trust the newest checkpoint outside and check what follows.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    head_file: Path | None,
    newer: bool,
    files: tuple[Path, ...],
    keys: Path | None,
    since_checkpoint: bool,
    as_json: bool,
) -> None:
    """Recompute the whole chain and its hash tree, and hold them against what is kept outside the database.

    Exit code 0 only when all of it is whole, 1 when it isn't, 2 when it can't be asked so, 130 when it was stopped.
    """
    heads = _read_heads(head_file) if head_file else []
    if newer and not heads:
        raise click.UsageError("--newer needs --head FILE")
    if newer and since_checkpoint:
        raise click.UsageError("choose one of --newer and --since-checkpoint")
    try:
        kept = checkpoints.outside(files, keys)
    except BadKeys as mistake:
        raise click.ClickException(str(mistake)) from None
    if since_checkpoint and checkpoints.newest_outside(kept) is None:
        raise click.UsageError("--since-checkpoint: no checkpoint that the trail's key signed is kept outside")
    report = _verified(kept, heads, after=heads[-1] if newer else None, since_checkpoint=since_checkpoint)
    click.echo(_as_json(report) if as_json else _as_text(report))
    sys.exit(0 if report.is_whole else 1)


def _verified(
    kept: checkpoints.Outside, heads: Sequence[Head], *, after: Head | None, since_checkpoint: bool
) -> Report:
    """Verify with a bar that shows how far it is; Ctrl-C ends the program, with another code than a broken trail."""
    try:
        with click.progressbar(length=1, label="Verifying", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

            def show(done: int, total: int) -> None:
                bar.length = max(total, 1)
                bar.update(done - bar.pos)

            return checkpoints.verify(
                now=utc_now(),
                kept=kept,
                heads=heads,
                after=after,
                since_checkpoint=since_checkpoint,
                on_progress=show,
            )
    except KeyboardInterrupt:
        click.echo("Stopped before the end: nothing is proved. Nothing was changed; run it again.", err=True)
        sys.exit(STOPPED)


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
            "checkpoint": problem.serial if problem else None,
            "checked": report.checked,
            "erased": report.erased,
            "unsealed": report.unsealed,
            "unsealed_seconds": round(report.unsealed_seconds, 3) if report.unsealed_seconds is not None else None,
            "number": report.head.number,
            "chain_hash": report.head.chain_hash,
            "at": report.head.at,
            "heads_compared": report.heads_compared,
            "checkpoints_compared": report.checkpoints_compared,
            "recorded_early": report.early,
            "first_recorded_early": report.first_early,
            "seconds": round(report.seconds, 3),
        }
    ).decode()


def _as_text(report: Report) -> str:
    lines = []
    if problem := report.problem:
        where = f" First bad number: {problem.number}." if problem.number is not None else ""
        where += f" Checkpoint: {problem.serial}." if problem.serial is not None else ""
        lines.append(f"NOT WHOLE ({problem.code}).{where} {problem.sentence}")
    else:
        agrees = [
            f"{count:,} {what}"
            for count, what in (
                (report.checkpoints_compared, "signed checkpoint(s)"),
                (report.heads_compared, "head(s) kept outside"),
            )
            if count
        ]
        agreeing = f", agrees with {' and '.join(agrees)}" if agrees else ""
        lines.append(f"Whole: {report.checked:,} entries{agreeing}. Head: {report.head.line()}")
        if not agrees:
            lines.append("Without checkpoints or --head FILE a cut tail or a rewritten chain can't be seen.")
    if report.first_early is not None:
        lines.append(
            f"{report.early:,} entries, the first of them number {report.first_early}, claim to be more than an hour older than "
            "the checkpoint before them: they were put in later, or a clock ran wrong."
        )
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
    now = utc_now()
    until = queries.head(now).number
    narrowed = {"case": case_ref} if case_ref else {}
    actor = command("audit-export")
    record_export(count=until, form="jsonl", narrowed=narrowed, actor=actor, now=now, site_id=None)
    for line in queries.export_lines(filters, until):
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


@group.command("checkpoint")
@click.option("--again", is_flag=True, help="Write what the files outside lack, after they were cut or taken away.")
def checkpoint(again: bool) -> None:
    """Sign a checkpoint over what is new now, and hand over what is waiting."""
    try:
        if again:
            click.echo(f"Written again: {witness.give_again()}")
        made = witness.make(now=utc_now())
        witness.hand_over(now=utc_now())
    except (BadKeys, NotKept, witness.CheckpointsDiverge) as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(made.note if made else "Nothing is new since the last checkpoint.")


@group.command("keys")
@click.option("--rotate", is_flag=True, help="Make a new signing key and destroy the old one.")
def keys(rotate: bool) -> None:
    """Print the public keys of the checkpoints; keep a copy where the database's owner can't write."""
    settings = current_app.extensions["makegood_settings"]
    try:
        if rotate:
            checkpoint_keys.rotate(settings, utc_now())
        ring = checkpoint_keys.read_ring(checkpoint_keys.public_path(settings))
    except BadKeys as mistake:
        raise click.ClickException(str(mistake)) from None
    click.echo(checkpoint_keys.ring_json(ring).decode(), nl=False)


@group.command("pack")
@click.argument("case_ref")
@click.option(
    "--to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write it; default: the working folder.",
)
def pack(case_ref: str, target: Path | None) -> None:
    """Write the evidence of one case, e.g. MG-2041: entries, proofs, checkpoints, keys, and the program that checks them."""
    case_id = parse_ref("case", case_ref)
    if case_id is None:
        raise click.BadParameter("a case is written like MG-2041", param_hint="CASE_REF")
    now = utc_now()
    try:
        found = evidence.gather(case_id=case_id, site_ids=None, with_addresses=True)
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    with current_app.test_request_context(base_url=current_app.extensions["makegood_settings"].base_url):
        readable = readable_trail(found, now)
    path = target or Path(f"evidence-{case_ref.upper()}.zip")
    path.write_bytes(evidence.pack(evidence=found, readable=readable, actor=command("audit-pack"), now=now))
    click.echo(f"{path}: {len(found.rows)} entries, up to checkpoint {found.proofs.checkpoints[-1].serial}")


@group.command("verifier")
def verifier() -> None:
    """Print the stand-alone verifier; it needs Python and the package cryptography, nothing of ours."""
    click.echo(evidence.VERIFIER.read_text(encoding="utf-8"), nl=False)
