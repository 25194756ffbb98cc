"""A case with its customer's page opened in a client of hers; everything through actions and HTTP."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.cases.models import Case
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.portal import link_actions as links
from app.portal.link_queries import url_of


def path_of(app: Flask, case: Case, person: PersonRow) -> str:
    """Make a link as `person` and return its path."""
    link = links.make_link(case_id=case.id, actor=person.actor, now=utc_now())
    return url_of(case.id, link.serial).removeprefix("http://localhost")


def visit(app: Flask, case: Case, person: PersonRow, **client: Any) -> FlaskClient:
    """A client of the customer in which her page is open."""
    hers = app.test_client(**client)
    answer = hers.post(path_of(app, case, person))
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"] == f"/your-case/{case.ref}"
    return hers


def intents(text: str) -> list[str]:
    """The keys of the forms of a page, in their order."""
    return re.findall(r'name="intent"[^>]* value="([^"]+)"', text)
