"""The desk and the search."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.approvals import mine_queries
from app.approvals import queries as approvals
from app.cases import due_queries, search_queries
from app.cases import queries as cases
from app.cases import words as case_words
from app.cases.queries import COUNT_MAX, Filters
from app.customers import queries as customers
from app.home import queries
from app.home.words import ENTRIES
from app.insights import pulse_queries as pulses
from app.kernel.actor import Actor
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import can, me, my_scope, my_site, needs
from app.people.permissions import scope_of
from app.policies import queries as policies
from app.ui import navigation, shell
from app.ui.filters import counted, zone_of

bp = Blueprint("home", __name__, template_folder="templates")

WORK_SHOWN = 8
UNOWNED_SHOWN = 4
ASKED_SHOWN = 5
CUSTOMERS_FOUND_MAX = 20


@bp.get("/")
@needs("home.read")
def desk() -> str:
    actor, now = me(), utc_now()
    if not can("cases.write"):
        pulse = pulses.to_answer(actor.id or 0, now)
        return render_template("home/overview.html", greeting=_greeting(now), entries=_entries(), pulse=pulse, now=now)
    site = my_site()
    work = _work(actor, now)
    return render_template(
        "home/desk.html",
        greeting=_greeting(now),
        site=site,
        **_exceptions(actor, now),
        kind_names={row.code: row.name for row in policies.kinds()},
        purse=queries.purse_card(actor, site, now) if can("remedies.give") else None,
        resolved=queries.resolved_by(actor.id or 0),
        pulse=pulses.to_answer(actor.id or 0, now),
        words=case_words,
        now=now,
        **work,
    )


@bp.get("/search")
@needs("home.read")
def search() -> ResponseReturnValue:
    """Cases and customers that hold every typed word. A reference alone leads straight to its page."""
    term = request.args.get("q", "").replace("\0", "")[:500].strip()
    now = utc_now()
    if can("cases.read") and parse_ref("case", term) and cases.find(term, my_scope("cases.read")):
        return redirect(url_for("cases.show", ref=term.upper()), 302)
    found = search_queries.search(term, my_scope("cases.read")) if can("cases.read") else ()
    return render_template(
        "home/search.html",
        term=term,
        search_term=term,
        cases=found,
        dues=due_queries.dues(found, now),
        customers=customers.matches(term, my_scope("customers.read"), CUSTOMERS_FOUND_MAX) if can("customers.read") else (),
        words=case_words,
        most=search_queries.SEARCH_MAX,
        most_customers=CUSTOMERS_FOUND_MAX,
        now=now,
    )


def _work(actor: Actor, now: datetime) -> dict[str, Any]:
    """What is due next: mine and then nobody's for the frontline, everything in scope for who leads."""
    scope = my_scope("cases.read")
    own: dict[str, Any] = {"me_id": actor.id, "team_id": actor.team_id, "now": now}
    is_frontline = not can("exceptions.decide")
    filters = Filters(view="mine" if is_frontline else "all")
    found = cases.queue(scope, filters, Page(size=WORK_SHOWN), **own)
    unowned = cases.queue(scope, Filters(view="unowned"), Page(size=UNOWNED_SHOWN), **own).rows if is_frontline else ()
    open_count, unowned_count, late_count = cases.counts(scope, (filters.view, "unowned", "late"), **own)
    return {
        "work": found.rows,
        "view": filters.view,
        "has_sites": scope.is_wide,
        "unowned": unowned,
        "dues": due_queries.dues((*found.rows, *unowned), now),
        "open_count": counted(open_count, COUNT_MAX),
        "unowned_count": counted(unowned_count, COUNT_MAX),
        "late_count": counted(late_count, COUNT_MAX),
    }


def _exceptions(actor: Actor, now: datetime) -> dict[str, Any]:
    """What waits for the reader's decision, exactly as the inbox reads it, and what they asked for themselves.

    `decide` is None for who decides nothing; of their own requests who decides sees those that wait, from the same read.
    """
    scope = scope_of(actor, "exceptions.decide")
    if scope is not None:
        yours, asked = mine_queries.to_decide(scope, actor, now)
        return {"decide": yours[:ASKED_SHOWN], "asked": asked[:ASKED_SHOWN]}
    if not can("exceptions.ask"):
        return {"decide": None, "asked": ()}
    own = replace(my_scope("exceptions.ask"), kind="own")
    return {"decide": None, "asked": approvals.inbox(own, "asked", Page(size=ASKED_SHOWN)).rows}


def _greeting(now: datetime) -> str:
    hour = now.astimezone(zone_of(None)).hour
    reader = shell.reader()
    name = reader.name.split()[0] if reader and reader.name.split() else ""
    if hour < 12:
        return _("Good morning, %(name)s", name=name)
    if hour < 18:
        return _("Good afternoon, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name)


def _entries() -> list[navigation.Item]:
    """The pages that somebody without cases works with, each with a sentence on what it is for."""
    return navigation.items(ENTRIES, can=can, exists=shell.exists, endpoint=None, counts={})
