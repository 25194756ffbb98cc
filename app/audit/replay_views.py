"""A case as it stood at some moment: only from its entries, so that it can be held against what the case says today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.audit import queries
from app.audit.blueprint import bp
from app.audit.queries import Filters, TrailRow
from app.audit.replay_rules import Happened, Replayed, Thing, replay
from app.audit.trail_sheet import lines_of, my_site_scope
from app.cases import queries as cases
from app.cases import words as case_words
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.references import parse_ref, ref
from app.kernel.time import iso, parse_instant, utc_now
from app.people import queries as people
from app.people.access import needs
from app.ui.filters import zone_of
from app.ui.forms import parse_local

ENTRIES_MAX = 2_000
NOUNS = {"remedy": _l("Remedy"), "exception": _l("Exception"), "promise": _l("Promise")}
THING_STATES: dict[str, Any] = {
    "requested": _l("requested"),
    "reserved": _l("reserved"),
    "settled": _l("settled"),
    "declined": _l("declined"),
    "withdrawn": _l("withdrawn"),
    "released": _l("released"),
    "expired": _l("expired"),
    "reversed": _l("reversed"),
    "waiting": _l("waiting"),
    "approved": _l("approved"),
    "open": _l("open"),
    "kept": _l("kept"),
    "late": _l("late"),
}


@dataclass(frozen=True, slots=True)
class ThingRow:
    """A remedy, exception or promise as the page shows it."""

    ref: str
    noun: Any
    state: Any
    since: datetime
    amount: Money | None
    what: str


@bp.get("/audit/replay/<ref>")
@needs("audit.read")
def replay_case(ref: str) -> tuple[str, int] | str:
    case_id = parse_ref("case", ref)
    rows = queries.rows(Filters(site_ids=my_site_scope(), case_id=case_id), ENTRIES_MAX) if case_id else []
    if not rows:
        raise NotFound
    until, mistake = _until(rows)
    body = _page(ref.upper(), rows, until, mistake)
    return (body, 422) if mistake else body


def _page(case_ref: str, rows: Sequence[TrailRow], until: datetime, mistake: str) -> str:
    found = replay([Happened(row.type, row.subject, row.at, row.payload) for row in rows], until)
    lines, names = lines_of([row for row in rows if row.at <= until][-1:], with_addresses=False)
    return render_template(
        "audit/replay.html",
        case_ref=case_ref,
        until=until,
        mistake=mistake,
        found=found,
        total=len(rows),
        pairs=_pairs(found, rows),
        things=[_row(thing) for thing in found.things.values()],
        lines=lines,
        names=names,
        now=utc_now(),
        here=_trail_of(case_ref),
        steps=_steps(case_ref, rows, until),
        local=until.astimezone(zone_of(None)).strftime("%Y-%m-%dT%H:%M:%S"),
    )


def _until(rows: Sequence[TrailRow]) -> tuple[datetime, str]:
    """The moment that is asked for: an instant, or a wall time of the reader's site; without one the last entry's."""
    asked, newest = request.args.get("at", ""), max(row.at for row in rows)
    if not asked:
        return newest, ""
    try:
        return (parse_instant(asked) if asked.endswith("Z") else parse_local(asked, zone_of(None))), ""
    except (ValueError, OverflowError):
        return newest, _("Choose a day and a time.")


def _steps(case_ref: str, rows: Sequence[TrailRow], until: datetime) -> dict[str, str | None]:
    """Addresses of the moments of the entry before and the one after."""
    moments = sorted({row.at for row in rows})
    shown = [at for at in moments if at <= until]
    later = [at for at in moments if at > until]
    before = shown[-2] if len(shown) > 1 else None

    def address(at: datetime | None) -> str | None:
        return url_for("audit.replay_case", ref=case_ref, at=iso(at)) if at else None

    return {"before": address(before), "after": address(later[0] if later else None)}


def _pairs(found: Replayed, rows: Sequence[TrailRow]) -> list[tuple[Any, Any]]:
    """What the entries said about the case until then, in words."""
    said = found.values
    names = people.names({said["owner"]} if isinstance(said.get("owner"), int) else set())
    categories = {row.id: row.name for row in cases.categories()}
    site_id = rows[0].site_id
    teams = {team.id: team.name for team in people.teams(site_id)} if site_id else {}
    customer = said.get("customer")
    words: list[tuple[Any, Any]] = [
        (_("State"), case_words.STATE_WORDS.get(said.get("state", ""), said.get("state"))),
        (_("Waits for"), said.get("waiting_for")),
        (_("Summary"), said.get("summary")),
        (_("Severity"), said.get("severity")),
        (_("Category"), categories.get(said.get("category", 0), said.get("category"))),
        (_("Customer"), ref("customer", customer) if isinstance(customer, int) else None),
        (_("Owner"), names.get(said.get("owner") or 0)),
        (_("Team"), teams.get(said.get("team") or 0)),
        (_("Outcome"), case_words.OUTCOME_WORDS.get(said.get("outcome") or "")),
        (_("Root cause"), case_words.CAUSE_WORDS.get(said.get("root_cause") or "")),
    ]
    return [(label, value) for label, value in words if value not in (None, "")]


def _row(thing: Thing) -> ThingRow:
    amount = None
    if thing.amount:
        currency = thing.amount["currency"]
        minor = thing.amount.get("minor")
        amount = Money(int(minor), currency) if minor else Money.of(Decimal(thing.amount["amount"]), currency)
    state = THING_STATES.get(thing.state, thing.state)
    return ThingRow(thing.ref, NOUNS[thing.noun], state, thing.since, amount, thing.what)


def _trail_of(case_ref: str) -> Any:
    def here(**changes: str | None) -> str:
        args: dict[str, Any] = {"case": case_ref, **changes}
        return url_for("audit.trail", **args)

    return here
