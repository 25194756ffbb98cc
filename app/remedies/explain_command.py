"""`flask policy explain`: "Can I?" from the command line, answered by the same judge as the page and the API."""

import sys
from typing import Any

import click
import orjson
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from app.approvals import queries as approvals
from app.cases.models import Case
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.money import BadMoney, Money
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.models import Site
from app.people.queries import PersonRow
from app.remedies import queries
from app.remedies.queries import Judged

SAID = {"allowed": "Yes", "needs_approval": "Not alone", "refused": "No"}


def register(app: Flask) -> None:
    group = app.cli.commands.get("policy")
    if not isinstance(group, AppGroup):
        group = AppGroup("policy", help="Check, explain and try policies.")
        app.cli.add_command(group)
    group.add_command(explain)


@click.command("explain")
@click.argument("case")
@click.argument("kind")
@click.argument("amount")
@click.argument("employee")
@click.option("--nature", type=click.Choice(["goodwill", "redress"]), default="goodwill", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the API's answer as one JSON object.")
@with_appcontext
def explain(case: str, kind: str, amount: str, employee: str, nature: str, as_json: bool) -> None:
    """Say whether EMPLOYEE (EM-12 or an e-mail) may give KIND of AMOUNT (site's money) in CASE (MG-12), and why.

    Writes nothing. Exit code 0 whatever the answer is; 1 when it can't be asked.
    """
    person, case_id = _person(employee), _case(case)
    now = utc_now()
    try:
        judged = queries.can_i(
            case_id=case_id, kind=kind, amount=_amount(amount, case_id), nature=nature, actor=person.actor, now=now
        )
    except NotFound:
        raise click.ClickException(f"{employee} may not see {case}") from None
    except BadInput as mistake:
        raise click.ClickException(" ".join(text for texts in mistake.errors.values() for text in texts)) from None
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from None
    if as_json:
        waits = approvals.waits((judged.spending.site_id,), now)
        wait = {"n": waits.count, "p50_seconds": waits.p50_seconds, "p90_seconds": waits.p90_seconds}
        version = judged.in_force.version.number
        sys.stdout.write(
            orjson.dumps({**judged.decision.json(), "policy_version": version, "wait": wait}).decode() + "\n"
        )
        return
    for line in _lines(judged):
        click.echo(line)


def _lines(judged: Judged) -> list[str]:
    decision = judged.decision
    clause = f", clause {decision.clause}" if decision.clause else ""
    version = judged.in_force.version.number
    lines = [f"{SAID[decision.outcome]}: {decision.why}{clause} (policy version {version})."]
    lines.append(f"Allowed now: {decision.allowed_now.format()}.")
    for window in decision.windows:
        said: dict[str, Any] = window.json()
        name = " ".join(str(part) for part in (window.unit, window.days and f"{window.days} days", window.kind) if part)
        mark = "over" if window.is_exceeded else "fits"
        lines.append(
            f"  {mark:<5}{name:<28}limit {said['limit']['amount']} {window.currency}, used {said['used']['amount']}, "
            f"asked {said['requested']['amount']}, left after {said['headroom']['amount']}, clause {window.clause}"
            + (f", rate of {window.rate_on}" if window.rate_on else "")
        )
    return lines


def _person(text: str) -> PersonRow:
    identity = parse_ref("employee", text)
    found = people.person(identity) if identity else people.person_by_email(text)
    if found is None:
        raise click.ClickException(f"nobody is called {text}: give EM-12 or an e-mail address")
    return found


def _case(text: str) -> int:
    identity = parse_ref("case", text)
    if identity is None or db.session.get(Case, identity) is None:
        raise click.ClickException(f"there is no case {text}")
    return identity


def _amount(text: str, case_id: int) -> Money:
    currency = db.session.execute(
        select(Site.currency).join(Case, Case.site_id == Site.id).where(Case.id == case_id)
    ).scalar_one()
    try:
        return Money.parse(text, currency)
    except BadMoney as mistake:
        raise click.ClickException(str(mistake)) from None
