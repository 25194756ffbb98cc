"""`flask reconcile` and `flask policy replay`: does everything that was settled, counted and paid agree, for ever?"""

import sys
from collections.abc import Iterator

import click
import orjson
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.kernel.references import parse_ref, ref
from app.kernel.time import iso, utc_now
from app.remedies import explain_command
from app.remedies import receipt_queries as receipts
from app.remedies import reconcile_queries as reconciling
from app.remedies.receipt_queries import ReceiptRow

BATCH = 500


def register(app: Flask) -> None:
    app.cli.add_command(reconcile)
    policy = app.cli.commands.get("policy")
    if not isinstance(policy, click.Group):
        policy = AppGroup("policy", help="Policies: what they allow, and what they allowed.")
        app.cli.add_command(policy)
    policy.add_command(replay)
    explain_command.register(app)


@click.command("reconcile")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def reconcile(as_json: bool) -> None:
    """Compare settled remedies, the ledger and payouts; exit code 0 only when nothing differs."""
    report = reconciling.reconcile(utc_now())
    if as_json:
        click.echo(orjson.dumps(report.json()))
    else:
        for one in report.differences:
            click.echo(f"{one.remedy}{f' {one.payout}' if one.payout else ''}: {one.what}")
        standing = ", ".join(f"{count} {state}" for state, count in report.states.items()) or "none"
        click.echo(f"{len(report.differences)} differences; payouts: {standing}.")
    sys.exit(0 if report.agrees else 1)


@click.command("replay")
@click.argument("remedy", required=False)
@click.option("--all", "everything", is_flag=True, help="Judge every receipt again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a receipt.")
@with_appcontext
def replay(remedy: str | None, everything: bool, as_json: bool) -> None:
    """Judge the receipts of REMEDY (RM-…) again; exit code 0 only when every answer is the stored one."""
    if everything == bool(remedy):
        raise click.UsageError("name one remedy, such as RM-12, or give --all")
    checked, broken = 0, 0
    for row in _everything() if everything else _of(remedy or ""):
        checked += 1
        broken += not row.holds
        if as_json:
            click.echo(orjson.dumps(_json(row)))
        elif not everything or not row.holds:
            answer = row.verdict.again["outcome"]
            click.echo(
                f"{ref('remedy', row.remedy_id)} {row.occasion}: {answer}, {'the same' if row.holds else 'NOT THE SAME'}"
            )
        if everything and checked % 10_000 == 0:
            click.echo(f"{checked} receipts", err=True)
    if not as_json:
        click.echo(f"{checked} receipts judged again, {broken} differ.")
    sys.exit(0 if checked and not broken else 1)


def _of(remedy: str) -> tuple[ReceiptRow, ...]:
    identity = parse_ref("remedy", remedy)
    if identity is None:
        raise click.UsageError(f"{remedy!r} is no remedy; give a reference such as RM-12")
    return receipts.receipts_of(identity)


def _everything() -> Iterator[ReceiptRow]:
    last = 0
    while rows := receipts.receipts_after(last, BATCH):
        yield from rows
        last = rows[-1].id


def _json(row: ReceiptRow) -> dict[str, object]:
    return {
        "remedy": ref("remedy", row.remedy_id),
        "occasion": row.occasion,
        "at": iso(row.at),
        "policy": row.about["policy"],
        "hash": row.content_hash,
        "whole": row.verdict.is_whole,
        "same_answer": row.verdict.is_same,
        "same_policy": row.is_same_policy,
        "stored": row.verdict.stored,
        "again": row.verdict.again,
    }
