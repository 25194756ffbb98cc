"""`flask policy simulate`: a policy tried on the past, from the command line."""

import json
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext

from app.insights import outcome_commands, rollup_commands
from app.insights import simulation_queries as queries
from app.insights.equity_rules import AmountGap, Equity, Gap, Group
from app.insights.rules import COUNT_MIN
from app.insights.simulation_queries import Span
from app.insights.simulation_rules import Result, Side
from app.kernel.money import Money
from app.kernel.references import parse_ref, ref
from app.kernel.time import UTC, iso, utc_now
from app.people import queries as people
from app.policies import document_queries
from app.policies import queries as policies
from app.policies.rules import Rule
from app.policies.yaml_rules import BadPolicyFile, load

DAYS_DEFAULT = 90


def register(app: Flask) -> None:
    group = app.cli.commands.get("policy")
    if not isinstance(group, AppGroup):
        group = AppGroup("policy", help="Check, explain and try policies.")
        app.cli.add_command(group)
    group.add_command(simulate)
    rollup_commands.register(app)
    outcome_commands.register(app)


@click.command("simulate")
@click.argument("draft")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC); default 90 days ago.")
@click.option("--to", "until", type=click.DateTime(["%Y-%m-%d"]), help="Last day (UTC, included); default today.")
@click.option("--site", "codes", multiple=True, help="Only this site, by its code; may be given several times.")
@click.option(
    "--against",
    type=click.Choice(["current", "then"]),
    default="current",
    show_default=True,
    help="Compare with the policy in force now, or with the one in force at each moment.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def simulate(
    draft: str, since: datetime | None, until: datetime | None, codes: tuple[str, ...], against: str, as_json: bool
) -> None:
    """Replay the past under DRAFT: a version's number (3 or PO-3), or a policy file. Nothing is written."""
    now = utc_now()
    rules, title = _draft(draft, now)
    span = _span(since, until, codes, now)
    in_force = policies.version_in_force(now)
    if in_force is None and against == "current":
        raise click.ClickException("no policy is in force; use --against then")
    other = queries.standing(in_force.rules, now) if in_force and against == "current" else None
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1_000, label="Replaying", file=sys.stderr, hidden=hidden) as bar:
        result = queries.simulate(
            rules, span, against=other, on_progress=lambda ratio: bar.update(int(ratio * 1_000) - bar.pos)
        )
    found = _as_json(result, span, title, against)
    click.echo(json.dumps(found) if as_json else _as_text(result, found))


def _draft(text: str, now: datetime) -> tuple[tuple[Rule, ...], str]:
    number = int(text) if text.isascii() and text.isdigit() else None
    identity = parse_ref("policy", text)
    if number is not None or identity is not None:
        found = next((row for row in policies.versions() if row.number == number or row.id == identity), None)
        if found is None:
            raise click.BadParameter(f"there is no policy version {text}", param_hint="DRAFT")
        rules = policies.rules_of(found.id)
        return queries.standing(rules, max(now, found.valid_from)), f"version {found.number}, {found.title}"
    path = Path(text)
    if not path.is_file():
        raise click.BadParameter(f"{text} is neither a version's number nor a file", param_hint="DRAFT")
    try:
        file = load(path.read_text(encoding="utf-8"), document_queries.known())
    except (BadPolicyFile, UnicodeDecodeError) as mistake:
        raise click.BadParameter(f"{path.name}: {mistake}", param_hint="DRAFT") from None
    return queries.standing(file.document.rules, max(now, file.starts or now)), f"{path.name}, {file.document.title}"


def _span(since: datetime | None, until: datetime | None, codes: tuple[str, ...], now: datetime) -> Span:
    last = until.date() if until else now.date()
    first = since.date() if since else last - timedelta(days=DAYS_DEFAULT)
    if first > last:
        raise click.BadParameter("the end is before the beginning", param_hint="--to")
    sites = {site.code: site.id for site in people.sites()}
    for code in codes:
        if code not in sites:
            raise click.BadParameter(f"there is no site {code}; known: {', '.join(sorted(sites))}", param_hint="--site")
    chosen = tuple(sites[code] for code in codes) or tuple(sites.values())
    return Span(_midnight(first), _midnight(last + timedelta(days=1)), chosen)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _as_json(result: Result, span: Span, title: str, against: str) -> dict[str, Any]:
    """Below ten answers every figure is null: said are only their number, and what each single one would be."""
    found = _figures(result)
    return {
        "draft": title,
        "from": iso(span.since),
        "until": iso(span.until),
        "against": against,
        "asked": result.after.asked,
        **(found if result.is_enough else dict.fromkeys(found)),
        "changes": [
            {
                "case": ref("case", change.asked.case_id),
                "remedy": None if change.asked.is_attempt else ref("remedy", change.asked.id),
                "at": iso(change.asked.at),
                "kind": change.asked.offer.kind,
                "amount": change.asked.offer.amount.json(),
                "before": change.before.outcome,
                "after": change.after.outcome,
                "clause": change.after.decision.clause,
            }
            for change in result.changes
        ],
    }


def _figures(result: Result) -> dict[str, Any]:
    waiting = result.waiting
    codes = {site.id: site.code for site in people.sites()}
    return {
        "changed": result.changed,
        "shifts": dict(result.shifts),
        "then": _side(result.then),
        "before": _side(result.before),
        "after": _side(result.after),
        "spend_change_minor": result.spend_change,
        "waiting": {
            "saved_seconds": None if waiting.typical_seconds is None else waiting.saved_seconds,
            "saved_measured": waiting.saved_measured,
            "saved_unmeasured": waiting.saved_unmeasured,
            "added": waiting.added,
            "typical_seconds": waiting.typical_seconds,
            "net_seconds": waiting.net_seconds,
        },
        "affected": {
            "cases": result.cases,
            "customers": result.customers,
            "roles": {role: dict(counts) for role, counts in sorted(result.roles.items())},
            "sites": {codes[site_id]: dict(counts) for site_id, counts in result.sites.items()},
        },
        "equity": [_equity(one, codes) for one in result.equity],
        "replayed_as_recorded": {"count": result.faithful[0], "of": result.faithful[1]},
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "allowed": side.allowed,
        "needs_approval": side.needs_approval,
        "refused": side.refused,
        "spend_minor": dict(sorted(side.spend.items())),
    }


def _equity(equity: Equity, codes: dict[int, str]) -> dict[str, Any]:
    def gap(one: Gap) -> dict[str, Any]:
        return {
            "k": one.one.successes if one.one.is_enough else None,
            "n": one.one.trials,
            "difference": one.difference,
            "low": one.low,
            "high": one.high,
            "verdict": one.verdict,
        }

    def amount(one: AmountGap) -> dict[str, Any]:
        return {
            "group": name(one.group),
            "currency": one.currency,
            "n": one.count,
            "n_others": one.rest_count,
            "median_minor": one.median_minor,
            "median_minor_others": one.rest_median_minor,
            "ratio": one.ratio,
            "low": one.low,
            "high": one.high,
            "verdict": one.verdict,
        }

    def name(group: Group) -> str:
        return codes.get(group, "") if isinstance(group, int) else group

    return {
        "by": equity.by,
        "groups": [
            {"group": name(before.group), "before": gap(before), "after": gap(after)}
            for before, after in zip(equity.before, equity.after, strict=True)
        ],
        "amounts_before": [amount(one) for one in equity.amounts_before],
        "amounts_after": [amount(one) for one in equity.amounts_after],
    }


def _as_text(result: Result, found: dict[str, Any]) -> str:
    lines = [
        f"{found['draft']}: {found['from'][:10]} to {found['until'][:10]} (exclusive), compared with: {found['against']}",
    ]
    if not result.is_enough:
        return "\n".join(
            [*lines, f"{result.after.asked} answers replayed: too few for figures ({COUNT_MIN} are needed)"]
        )
    lines += [
        f"{result.changed} of {result.after.asked} answers differ"
        + "".join(f", {count} {shift}" for shift, count in result.shifts.items() if count),
        "",
        f"{'':<16}{'at once':>10}{'approval':>10}{'refused':>10}",
    ]
    for name, side in (("as it was", result.then), (found["against"], result.before), ("draft", result.after)):
        lines.append(f"{name:<16}{side.allowed:>10}{side.needs_approval:>10}{side.refused:>10}")
    lines.append("")
    for currency, minor in result.spend_change.items():
        given = Money(result.after.spend[currency], currency).decimal()
        sign = "-" if minor < 0 else "+"
        lines.append(f"{currency}: {given} given, {sign}{Money(abs(minor), currency).decimal()}")
    net = result.waiting.net_seconds
    lines.append(f"waiting saved: {'cannot tell' if net is None else f'{net / 3600:.1f} h'}")
    lines.append(f"affected: {result.cases} cases, {result.customers} customers")
    for equity in found["equity"]:
        for group in equity["groups"]:
            before, after = group["before"]["verdict"], group["after"]["verdict"]
            lines.append(f"{equity['by']} {group['group']}: n={group['after']['n']}, before {before}, draft {after}")
    lines.append(f"replayed as recorded: {result.faithful[0]} of {result.faithful[1]}")
    return "\n".join(lines)
