"""`flask demo`: fill an empty database with the demo company."""

import gc
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import func, select

from app.approvals.models import ExceptionRequest
from app.cases.models import Case, Category
from app.demo.asked_of_data import ask_about_data
from app.demo.cared import care_for
from app.demo.company import DOMAIN, NAMED, NAMED_LATER
from app.demo.mails import write_mails
from app.demo.phrases import WORDS
from app.demo.simulation import tell_a_year
from app.insights import risk_actions
from app.kernel.actor import customer
from app.kernel.database import Base, db
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import parse_instant, utc_now
from app.kernel.transactions import TECHNICAL_TABLES
from app.ops import access_actions
from app.people import queries as people
from app.people.models import Employee
from app.people.role_actions import propose_role
from app.portal import answer_actions as answers
from app.portal import link_actions as links
from app.portal import place_actions
from app.portal import report_actions as reports
from app.portal.report_queries import open_place
from app.remedies import actions as remedies
from app.remedies import choice_actions as choices
from app.remedies.models import Remedy
from app.sla.models import Clock
from config import Settings


def register(app: Flask) -> None:
    app.cli.add_command(demo)


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    """One long run that keeps little: looking for cycles less often saves a twentieth of it."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@click.command("demo")
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed tells the same stories.")
@click.option(
    "--days", default=365, show_default=True, type=click.IntRange(1, 1500), help="How long the company has lived."
)
@click.option(
    "--until", "until_text", metavar="INSTANT", help="When the story ends, e.g. 2026-11-22T15:00:00Z (default: now)."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@with_appcontext
def demo(seed: int, days: int, until_text: str | None, as_json: bool) -> None:
    """Fill an EMPTY database with the demo company: a hotel group, forty people and a year of cases."""
    settings: Settings = current_app.extensions["makegood_settings"]
    if settings.is_production:
        raise click.ClickException("demo people have a pass phrase that is printed; production refuses them")
    taken = filled_table()
    if taken:
        raise click.ClickException(
            f"the database isn't empty (table {taken}); the demo clock may only tell a new story"
        )
    began = time.monotonic()
    end = _until(until_text)
    phrase = keep_phrase(Path(current_app.instance_path))
    with _bar(end - timedelta(days=days), end) as tick, _collecting_rarely():
        tell_a_year(seed=seed, days=days, end=end, phrase=phrase, tick=tick, access=access_actions)
        hear_customers(end)
        write_mails(end)
    result: dict[str, object] = {**counts(), "seconds": round(time.monotonic() - began, 1)}
    if as_json:
        click.echo(json.dumps(result))
        return
    click.echo(", ".join(f"{value} {name}" for name, value in result.items()))
    click.echo("\nDemo people:")
    for name, box, role, title in (*NAMED, *NAMED_LATER):
        click.echo(f"  {name:<14}{box + '@' + DOMAIN:<26}{role:<12}{title}")
    click.echo(f"\nTheir pass phrase: {phrase}")


def hear_customers(now: datetime) -> None:
    """The customers' side: a public form with a poster, a report, links to pages, an offer to choose from and an answer."""
    ana, sam = (people.person_by_email(f"{box}@{DOMAIN}") for box in ("ana", "sam"))
    assert ana is not None and sam is not None
    place = place_actions.add_place(site_id=sam.site_id, name="Front desk", channel="web", actor=sam.actor, now=now)
    form = open_place(place.code)
    category = db.session.scalar(select(Category.id).where(Category.name == "Wi-Fi and technology"))
    assert form is not None and category is not None
    said = reports.Said(
        text="The key card opens the gym but not my door. Third time today.", category_id=category, severity=1,
        name="Dora Klein", email="dora.klein@guest.example", consent=True, language="en",
    )  # fmt: skip
    reports.report(place=form, said=said, intent="demo-report-0001", address=None, now=now)
    newest = {
        summary: case_id
        for case_id, summary in db.session.execute(
            select(Case.id, Case.summary).where(Case.owner_id == ana.id, Case.resolved_at.is_(None)).order_by(Case.id)
        )
    }
    cleo, naomi = newest["No heating in room 512, second night"], newest["Key card dies each evening"]
    for case_id in (cleo, naomi):
        links.make_link(case_id=case_id, actor=ana.actor, now=now)
    first, second, third = (
        remedies.offer(
            case_id=naomi, kind=kind, amount=Money(dollars * 100, "USD"), reason="Three evenings in the lobby",
            intent=f"demo-offer-{kind}-{dollars}", actor=ana.actor, now=now,
        ).id
        for kind, dollars in (("refund", 10), ("refund", 20), ("voucher", 30))
    )  # fmt: skip
    case = db.session.get_one(Case, naomi)
    answers.disagree(
        case_id=naomi, remedy_id=first, reason="Thank you, but I stood in the lobby on three evenings.",
        intent="demo-answer-0001", actor=customer(ref("customer", case.customer_id or 0), case.site_id), now=now,
    )  # fmt: skip
    choices.let_choose(case_id=naomi, remedy_ids=[second, third], actor=ana.actor, now=now)
    care_for(cleo, ana, sam, now)
    ada = people.person_by_email(f"ada@{DOMAIN}")
    assert ada is not None
    ask_about_data(db.session.get_one(Case, cleo).customer_id or 0, ada, now)
    bo = people.person_by_email(f"bo@{DOMAIN}")
    assert bo is not None
    why = "Leads the late desk while Sam is away in spring."
    propose_role(employee_id=bo.id, role="supervisor", reason=why, actor=ada.actor, now=now)
    risk_actions.switch(is_on=True, reason="To call back first who was let down twice.", actor=ada.actor, now=now)


def filled_table() -> str | None:
    """Name a table of the business that has a row, or None when the database is empty."""
    for table in Base.metadata.sorted_tables:
        if table.name not in TECHNICAL_TABLES and db.session.execute(select(table).limit(1)).first() is not None:
            return str(table.name)
    db.session.rollback()
    return None


def keep_phrase(folder: Path) -> str:
    """Return the demo's pass phrase; the first time it is made at random and kept for its owner alone."""
    path = folder / "demo-pass-phrase"
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    folder.mkdir(parents=True, exist_ok=True)
    phrase = " ".join(secrets.choice(WORDS) for _ in range(6))
    path.touch(mode=0o600)
    path.write_text(phrase + "\n", encoding="utf-8")
    return phrase


def counts() -> dict[str, int]:
    """What the company has at the end."""

    def count(model: type[Base], *conditions: object) -> int:
        return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0  # type: ignore[arg-type]

    return {
        "people": count(Employee),
        "cases": count(Case),
        "open": count(Case, Case.resolved_at.is_(None)),
        "remedies": count(Remedy),
        "exceptions": count(ExceptionRequest),
        "waiting": count(ExceptionRequest, ExceptionRequest.state == "waiting"),
        "breaches": count(Clock, Clock.breached_at.is_not(None)),
    }


def _until(text: str | None) -> datetime:
    if text is None:
        return utc_now()
    try:
        end = parse_instant(text)
    except ValueError as mistake:
        raise click.BadParameter(str(mistake), param_hint="--until") from None
    if end > utc_now():
        raise click.BadParameter("the story can't end in the future", param_hint="--until")
    return end


@contextmanager
def _bar(start: datetime, end: datetime) -> Iterator[Callable[[datetime], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    days = max(1, (end - start).days)
    with click.progressbar(length=days, label="Telling the year", file=sys.stderr) as bar:

        def tick(now: datetime) -> None:
            bar.update(max(0, (now - start).days - bar.pos))

        yield tick
