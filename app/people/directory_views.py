"""The directory of people."""

from typing import Any

from flask import render_template, request

from app.kernel.paging import Page
from app.people import queries
from app.people.access import needs
from app.people.blueprint import bp
from app.people.models import ROLES
from app.people.words import ROLE_WORDS

STATES = ("active", "former", "all")


@bp.get("/people")
@needs("people.read")
def directory() -> str:
    """Show people by name, narrowed by what the URL says; what can't be read narrows nothing."""
    asked = request.args
    filters: dict[str, Any] = {
        "term": asked.get("term", "").replace("\0", "").strip()[:100],
        "role": asked.get("role") if asked.get("role") in ROLES else None,
        "site_id": asked.get("site_id", type=int),
        "state": asked.get("state") if asked.get("state") in STATES else "active",
    }
    found = queries.directory(Page.of(asked.get("after")), **filters)
    return render_template(
        "people/directory.html",
        people=found,
        filters=filters,
        sites=queries.sites(),
        roles=ROLE_WORDS,
        is_first=not asked.get("after"),
    )
