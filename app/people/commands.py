"""`flask people add|role|list|link` and `flask token create`: what an operator does before anybody can sign in."""

from typing import Any

import click
import orjson
from flask import Flask, current_app
from flask.cli import AppGroup

from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.paging import SIZE_MAX, Page
from app.kernel.time import iso, utc_now
from app.people import actions as people
from app.people import queries
from app.people.models import ROLES

people_group = AppGroup("people", help="Add and list people.")
token_group = AppGroup("token", help="Access tokens for programs.")


def register(app: Flask) -> None:
    app.cli.add_command(people_group)
    app.cli.add_command(token_group)


@people_group.command("add")
@click.option("--email", prompt="E-mail")
@click.option("--name", prompt="Name")
@click.option("--role", prompt="Role", type=click.Choice(ROLES))
@click.option(
    "--site", "site_name", prompt="Site (code or name)", help="A site's code or name; made when there is none."
)
@click.option("--team", "team_name", default=None, help="A team of that site; made when it is not there.")
@click.option("--manager", "manager_email", default=None, help="The manager's e-mail address.")
@click.option("--job-title", default="")
@click.option("--time-zone", default="UTC", show_default=True, help="For the first site.")
@click.option("--currency", default="EUR", show_default=True, help="For the first site.")
@click.option("--country", default="GB", show_default=True, help="For the first site.")
@click.option("--locale", default="en_GB", show_default=True, help="For the first site.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def add(as_json: bool, **said: Any) -> None:
    """Add somebody and print the one-time link by which they choose a pass phrase. There is no default one."""
    try:
        answer = _add(**said)
    except Refusal as refusal:
        raise click.ClickException(_sentence(refusal)) from None
    if as_json:
        click.echo(orjson.dumps(answer).decode())
        return
    click.echo(f"{answer['ref']} {answer['name']} is added as {answer['role']}.")
    click.echo(f"Hand over this link, which works once until {answer['link_expires_at']}:\n{answer['link']}")


def _add(
    *,
    email: str,
    name: str,
    role: str,
    site_name: str,
    team_name: str | None,
    manager_email: str | None,
    job_title: str,
    **place: Any,
) -> dict[str, Any]:
    actor, now = command("people-add"), utc_now()
    site_id = _site_id(site_name, place)
    manager = queries.person_by_email(manager_email) if manager_email else None
    if manager_email and manager is None:
        raise click.ClickException(f"nobody has the e-mail address {manager_email}")
    team_id = None
    if team_name:
        found = next((row.id for row in queries.teams(site_id) if row.name.lower() == team_name.lower()), None)
        team_id = found or people.add_team(site_id=site_id, name=team_name, actor=actor, now=now).id
    added = people.add_person(
        name=name,
        email=email,
        role=role,
        site_id=site_id,
        team_id=team_id,
        manager_id=manager.id if manager else None,
        job_title=job_title,
        actor=actor,
        now=now,
    )
    employee_id = added.id
    return {**_described(employee_id), **_link(employee_id)}


def _site_id(wanted: str, place: dict[str, Any]) -> int:
    """Find the site; an empty company gets its first one."""
    sites = queries.sites()
    found = next((row.id for row in sites if wanted.lower() in (row.code.lower(), row.name.lower())), None)
    if found is not None:
        return found
    if sites:
        known = ", ".join(row.code for row in sites)
        raise click.ClickException(f"there is no site {wanted!r}; there are {known}")
    code = "".join(letter for letter in wanted.upper() if letter.isascii() and letter.isalnum())[:20]
    return people.add_site(code=code, name=wanted, **place, actor=command("people-add"), now=utc_now()).id


@people_group.command("role")
@click.option("--email", prompt="E-mail")
@click.option("--role", prompt="New role", type=click.Choice(ROLES))
@click.option("--reason", prompt="Why", help="Stands in the trail: 10 letters or more.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def change_role(email: str, role: str, reason: str, as_json: bool) -> None:
    """Change somebody's role at once, e.g. when there is no second administrator to confirm it."""
    found = queries.person_by_email(email)
    if found is None:
        raise click.ClickException(f"nobody has the e-mail address {email}")
    try:
        people.set_role(employee_id=found.id, role=role, reason=reason, actor=command("people-role"), now=utc_now())
    except Refusal as refusal:
        raise click.ClickException(_sentence(refusal)) from None
    answer = {**_described(found.id), "role_before": found.role}
    said = f"{found.ref} {found.name} was {found.role} and is {role} now."
    click.echo(orjson.dumps(answer).decode() if as_json else said)


@people_group.command("link")
@click.option("--email", prompt="E-mail")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def link(email: str, as_json: bool) -> None:
    """Make a new one-time link, e.g. when the only administrator forgot the pass phrase."""
    found = queries.person_by_email(email)
    if found is None:
        raise click.ClickException(f"nobody has the e-mail address {email}")
    try:
        answer = {"ref": found.ref, **_link(found.id)}
    except Refusal as refusal:
        raise click.ClickException(_sentence(refusal)) from None
    click.echo(orjson.dumps(answer).decode() if as_json else answer["link"])


@people_group.command("list")
@click.option("--role", type=click.Choice(ROLES), default=None)
@click.option("--all", "everyone", is_flag=True, help="Former people too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_people(role: str | None, everyone: bool, as_json: bool) -> None:
    """List people by name."""
    cursor: str | None = None
    while True:
        state = "all" if everyone else "active"
        found = queries.directory(Page.of(cursor, SIZE_MAX), role=role, state=state)
        for row in found.rows:
            line: dict[str, Any] = {
                "ref": row.ref,
                "name": row.name,
                "email": row.email,
                "role": row.role,
                "site": row.site,
            }
            line |= {"team": row.team, "is_active": row.deactivated_at is None}
            click.echo(
                orjson.dumps(line).decode()
                if as_json
                else f"{row.ref:<8}{row.role:<12}{row.site:<20}{row.name} <{row.email}>"
            )
        cursor = found.next_cursor
        if cursor is None:
            return


@token_group.command("create")
@click.option("--email", prompt="E-mail of the owner")
@click.option("--name", prompt="What is it for")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_token(email: str, name: str, as_json: bool) -> None:
    """Make a token with its owner's permissions and print it, once."""
    found = queries.person_by_email(email)
    if found is None:
        raise click.ClickException(f"nobody has the e-mail address {email}")
    try:
        secret, token = people.make_token(name=name, actor=command("token-create"), now=utc_now(), employee_id=found.id)
    except Refusal as refusal:
        raise click.ClickException(_sentence(refusal)) from None
    answer = {"token": secret, "owner": found.ref, "name": token.name, "expires_at": iso(token.expires_at)}
    click.echo(orjson.dumps(answer).decode() if as_json else secret)


def _described(employee_id: int) -> dict[str, Any]:
    found = queries.person(employee_id)
    assert found is not None
    return {"ref": found.ref, "name": found.name, "email": found.email, "role": found.role}


def _link(employee_id: int) -> dict[str, Any]:
    token, expires_at = people.make_link(employee_id=employee_id, actor=command("people-add"), now=utc_now())
    base = current_app.extensions["makegood_settings"].base_url
    db.session.rollback()
    return {"link": f"{base}/welcome/{token}", "link_expires_at": iso(expires_at)}


def _sentence(refusal: Refusal) -> str:
    fields = getattr(refusal, "errors", {})
    return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()) or str(refusal)
