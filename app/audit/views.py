"""The trail: every deed in words, the raw entry beside it, and whether the chain holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, render_template, request, url_for

from app.audit import actions, queries, trail_rules
from app.audit.forms import TrailForm, chips
from app.audit.queries import TrailRow
from app.kernel.paging import Page, Slice
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, my_scope, needs
from app.ui.filters import zone_of
from app.ui.shell import exists

bp = Blueprint("audit", __name__, template_folder="templates")

_PAGES = {
    "case": "cases.show",
    "customer": "customers.show",
    "exception": "approvals.show",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the page shows it."""

    id: int
    at: datetime
    icon: str
    who: str
    who_ref: str | None
    did: Any
    subject: str
    subject_url: str | None
    case_ref: str | None
    facts: list[trail_rules.Fact]
    is_erased: bool
    raw: str
    number: int | None
    hash: str | None


@bp.get("/audit")
@needs("audit.read")
def trail() -> tuple[str, int] | str:
    form = TrailForm(request.args)
    is_sound = form.validate()
    scope = my_scope("audit.read")
    site_id = None if scope.kind == "company" else scope.site_id
    page = Page.of(request.args.get("after"))
    oldest_first = form.case_id is not None
    found: Slice[TrailRow] = Slice((), None)
    if is_sound:
        found = queries.trail(form.filters(site_id, zone_of(None)), page, oldest_first=oldest_first)
    lines, names = _lines(found.rows)
    body = render_template(
        "audit/trail.html",
        form=form,
        chips=chips(form.type.data or None),
        lines=lines,
        names=names,
        case_ref=ref("case", form.case_id) if form.case_id else None,
        state=queries.seal_state(),
        now=utc_now(),
        next_url=_here(after=found.next_cursor) if found.next_cursor else None,
        start_url=_here(after=None) if page.after else None,
        here=_here,
    )
    return body if is_sound else (body, 422)


def _lines(rows: tuple[TrailRow, ...]) -> tuple[list[Line], dict[int, str]]:
    """Turn entries into sentences, with one look-up of names for all of them."""
    wanted = {row.actor_id for row in rows if row.actor_id}
    for row in rows:
        wanted |= trail_rules.people_in(row.payload)
    names = people.names(wanted)
    return [_line(row, names) for row in rows], names


def _line(row: TrailRow, names: dict[int, str]) -> Line:
    known = actions.TYPES.get(row.type)
    subject_ref = row.subject
    return Line(
        id=row.id,
        at=row.at,
        icon=trail_rules.icon(row.type),
        who=names.get(row.actor_id or 0) or str(trail_rules.doer(orjson.loads(row.content)["actor"])),
        who_ref=ref("employee", row.actor_id) if row.actor_id else None,
        did=known.sentence if known else row.type,
        subject=subject_ref,
        subject_url=_page_of(subject_ref),
        case_ref=ref("case", row.case_id) if row.case_id and subject_ref != ref("case", row.case_id) else None,
        facts=trail_rules.facts(row.payload),
        is_erased=row.payload is None,
        raw=_raw(row),
        number=row.number,
        hash=row.chain_hash,
    )


def _page_of(reference: str) -> str | None:
    endpoint = _PAGES.get(trail_rules.noun_of(reference) or "")
    return url_for(endpoint, ref=reference) if endpoint and exists(endpoint) else None


def _raw(row: TrailRow) -> str:
    """The sealed bytes, spread over lines, and what they commit to; where from is for those who verify."""
    payload = row.payload
    if payload is not None and not can("audit.verify"):
        payload = {key: value for key, value in payload.items() if key != "_address"}
    content = orjson.loads(row.content)
    return orjson.dumps({"entry": content, "says": payload}, option=orjson.OPT_INDENT_2).decode()


def _here(**changes: str | None) -> str:
    """This page with some of its filters changed; a changed filter starts at the first page."""
    args = {name: value for name, value in request.args.items() if value and name != "after"}
    args.update({name: value or "" for name, value in changes.items()})
    kept: dict[str, Any] = {name: value for name, value in args.items() if value}
    return url_for("audit.trail", **kept)
