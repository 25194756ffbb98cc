"""`flask policy check|export|import|packs`: a policy as a file, outside the web pages."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson
from flask import Flask
from flask.cli import AppGroup

from app.kernel.actor import command
from app.kernel.errors import BadInput, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.policies import actions as policies
from app.policies import check_rules, document_queries, queries
from app.policies.document_queries import DocumentRow
from app.policies.finding_words import FindingRow, finding_rows
from app.policies.packs import PACKS, pack
from app.policies.yaml_rules import BadPolicyFile, PolicyFile, dump, load

group = AppGroup("policy", help="Check, explain and try policies.")
FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


def register(app: Flask) -> None:
    app.cli.add_command(group)


@group.command("check")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(file: Path, as_json: bool) -> None:
    """Look a policy file over; exit code 0 only when it has no errors. Writes nothing. FILE may be - for stdin."""
    known = document_queries.known()
    try:
        read = load(_text(file), known)
    except BadPolicyFile as mistake:
        lines = [_said(True, "unreadable", problem.line, problem.sentence) for problem in mistake.problems]
        _report(lines, None, as_json)
    else:
        shapes = [
            _said(True, "shape", line, f"{field}: {sentence}")
            for rule, line in zip(read.document.rules, read.lines, strict=True)
            for field, sentences in check_rules.shape_errors(rule).items()
            for sentence in sentences
        ]
        found = check_rules.findings(read.document, known)
        rows = finding_rows(found, read.document, known)
        _report(shapes + [_finding(row, read) for row in rows], len(read.document.rules), as_json)


def _text(file: Path) -> str:
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            text: str = stream.read()
            return text
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is no text in UTF-8") from None


def _said(
    is_error: bool, code: str, line: int, text: str, advice: str = "", rules: tuple[int, ...] = ()
) -> dict[str, Any]:
    level = "error" if is_error else "warning"
    return {"level": level, "code": code, "line": line, "rules": list(rules), "text": text, "advice": advice}


def _finding(row: FindingRow, read: PolicyFile) -> dict[str, Any]:
    line = read.lines[row.places[0] - 1] if row.places else 1
    return _said(row.is_error, row.code, line, row.text, row.advice, row.places)


def _report(findings: list[dict[str, Any]], rules: int | None, as_json: bool) -> None:
    errors = sum(finding["level"] == "error" for finding in findings)
    if as_json:
        click.echo(orjson.dumps({"ok": not errors, "rules": rules, "findings": findings}).decode())
    else:
        for finding in findings:
            click.echo(f"line {finding['line']}: {finding['level']}: {finding['text']}")
            if finding["advice"]:
                click.echo(f"    {finding['advice']}")
        warnings = len(findings) - errors
        click.echo(f"errors: {errors}, warnings: {warnings}" + (f", rules: {rules}" if rules is not None else ""))
    sys.exit(1 if errors else 0)


@group.command("export")
@click.argument("version", required=False)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write there instead of stdout.")
def export(version: str | None, output: Path | None) -> None:
    """Write a version (PO-3, or its number) as YAML; without one the version in force."""
    row = _version(version)
    text = dump(row.document, document_queries.known(), starts=row.valid_from)
    if output:
        output.write_text(text, encoding="utf-8")
        click.echo(f"{row.ref} is written to {output}.", err=True)
    else:
        click.echo(text, nl=False)


def _version(text: str | None) -> DocumentRow:
    if text is None:
        in_force = queries.version_in_force(utc_now())
        if in_force is None:
            raise click.ClickException("no policy is in force")
        identity: int | None = in_force.version.id
    else:
        identity = parse_ref("policy", text) or queries.version_id_of(text)
    row = document_queries.document(identity) if identity else None
    if row is None:
        raise click.ClickException(f"there is no policy version {text}")
    return row


@group.command("import")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_file(file: Path, as_json: bool) -> None:
    """Make a draft of a policy file. A second person reviews it before it can be published."""
    now = utc_now()
    try:
        read = load(_text(file), document_queries.known())
        draft = policies.draft_document(
            document=read.document, valid_from=max(read.starts or now, now), actor=command("policy-import"), now=now
        )
    except BadPolicyFile as mistake:
        raise click.ClickException("\n".join(f"line {one.line}: {one.sentence}" for one in mistake.problems)) from None
    except BadInput as mistake:
        raise click.ClickException("; ".join(text for texts in mistake.errors.values() for text in texts)) from None
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    row = document_queries.document(draft.id)
    assert row is not None
    answer = {"ref": row.ref, "number": row.number, "title": row.document.title, "rules": len(row.document.rules)}
    if as_json:
        click.echo(orjson.dumps(answer).decode())
    else:
        click.echo(
            f"{row.ref} “{answer['title']}” is drafted with {answer['rules']} rules. Look at /policies/{row.ref}"
        )


@group.command("packs")
@click.argument("code", required=False, type=click.Choice(PACKS))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def packs(code: str | None, as_json: bool) -> None:
    """List the ready packs with their sources, or print one as YAML to start a file from."""
    if code:
        click.echo(dump(pack(code), document_queries.known()), nl=False)
        return
    rows = [
        {"code": one, "title": pack(one).title, "source": pack(one).source, "rules": len(pack(one).rules)}
        for one in PACKS
    ]
    if as_json:
        click.echo(orjson.dumps({"packs": rows}).decode())
        return
    for row in rows:
        click.echo(f"{row['code']}: {row['title']}, {row['rules']} rules\n{row['source']}\n")
