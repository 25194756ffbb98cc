"""Resources that only read: purses, clocks, the trail, customers, measures."""

from datetime import datetime

from app.api import answers, measures, reads
from app.api import schemas as taken
from app.api import schemas_out as given
from app.api.cursors import page_of, signed
from app.api.endpoints import Call, endpoint, identity
from app.audit import queries as audit
from app.audit.search_actions import record_look
from app.budgets import queries as budgets
from app.customers.look_actions import record_look as record_customer_look
from app.kernel.errors import NotFound
from app.kernel.references import parse_ref
from app.kernel.time import iso
from app.people.permissions import sites_of
from app.sla import queries as sla
from app.sla.why_queries import why


@endpoint(
    "GET",
    "/clocks",
    "List clocks, the next due first",
    permission="clocks.read",
    answer=given.ClockPage,
    query=taken.ClockQuery,
)
def list_clocks(call: Call) -> given.ClockPage:
    page = page_of("clocks", call.query.cursor, call.query.limit)
    found = reads.clocks(call.scope("clocks.read"), call.query, page, call.now)
    return given.ClockPage(items=[answers.clock(row) for row in found.rows], next=signed("clocks", found.next_cursor))


@endpoint(
    "GET",
    "/clocks/{ref}/explanation",
    "Say why a deadline is where it is, day by day",
    permission="clocks.read",
    answer=given.ClockWhyOut,
)
def explain_clock(call: Call, ref: str) -> given.ClockWhyOut:
    view = sla.clock_view(identity("clock", ref), call.now)
    scope = call.scope("clocks.read")
    if view is None or not scope.covers(site_id=view.site_id, team_id=view.team_id, owner_id=view.owner_id):
        raise NotFound
    return answers.clock_why(view, why(view))


@endpoint(
    "GET",
    "/audit",
    "Read the trail, newest first",
    permission="audit.read",
    answer=given.AuditPage,
    query=taken.AuditQuery,
)
def list_audit(call: Call) -> given.AuditPage:
    page = page_of("audit", call.query.cursor, call.query.limit)
    scope = call.scope("audit.read")
    filters = audit.Filters(
        site_ids=sites_of(scope),
        subject=call.query.subject,
        type=call.query.type,
        case_id=identity("case", call.query.case) if call.query.case else None,
        since=call.query.since,
        until=call.query.until,
    )
    person_id = parse_ref("employee", call.query.subject) if call.query.subject else None
    if person_id is not None and not call.query.cursor:
        record_look(person_id=person_id, narrowed=_narrowed(call.query), actor=call.actor, now=call.now)
    found = audit.trail(filters, page)
    return given.AuditPage(items=[answers.entry(row) for row in found.rows], next=signed("audit", found.next_cursor))


def _narrowed(query: taken.AuditQuery) -> dict[str, str]:
    """What else narrowed the look, as the entry about it says."""
    asked = {"type": query.type, "case": query.case, "since": query.since, "until": query.until}
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in asked.items() if value}


@endpoint("GET", "/purses", "List purses", permission="purses.read", answer=given.PursePage, query=taken.PurseQuery)
def list_purses(call: Call) -> given.PursePage:
    page = page_of("purses", call.query.cursor, call.query.limit)
    found = budgets.purses(call.scope("purses.read"), page, period=call.query.period)
    return given.PursePage(items=[answers.purse(row) for row in found.rows], next=signed("purses", found.next_cursor))


@endpoint("GET", "/customers/{ref}", "Read a customer", permission="customers.read", answer=given.CustomerOut)
def show_customer(call: Call, ref: str) -> given.CustomerOut:
    found = answers.customer(identity("customer", ref), call)
    record_customer_look(customer_id=identity("customer", found.ref), how="api", actor=call.actor, now=call.now)
    return found


@endpoint(
    "GET",
    "/metrics/{name}",
    "Read a measure",
    permission="metrics.read",
    answer=given.MetricOut,
    query=taken.MetricQuery,
)
def show_metric(call: Call, name: str) -> given.MetricOut:
    return measures.measure(name, call.scope("metrics.read"), call.query.period, call.now)
