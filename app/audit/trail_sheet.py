"""Entries as people read them: a sentence each, with names looked up once for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import url_for

from app.audit import actions, trail_rules
from app.audit.queries import TrailRow
from app.kernel.references import ref
from app.kernel.time import iso
from app.people import queries as people
from app.people.access import my_scope
from app.people.permissions import sites_of
from app.ui import shell
from app.ui.shell import exists

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


def lines_of(
    rows: Sequence[TrailRow], *, with_addresses: bool, with_links: bool = True
) -> tuple[list[Line], dict[int, str]]:
    """Turn entries into sentences; also return the names of the people whom these mention, by id."""
    wanted = {row.actor_id for row in rows if row.actor_id}
    for row in rows:
        wanted |= trail_rules.people_in(row.payload)
    names = people.names(wanted)
    return [_line(row, names, with_addresses, with_links) for row in rows], names


def _line(row: TrailRow, names: dict[int, str], with_addresses: bool, with_links: bool) -> Line:
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
        subject_url=_page_of(subject_ref) if with_links else None,
        case_ref=ref("case", row.case_id) if row.case_id and subject_ref != ref("case", row.case_id) else None,
        facts=trail_rules.facts(row.payload),
        is_erased=row.payload is None,
        raw=_raw(row, with_addresses),
        number=row.number,
        hash=row.chain_hash,
    )


def _page_of(reference: str) -> str | None:
    endpoint = _PAGES.get(trail_rules.noun_of(reference) or "")
    return url_for(endpoint, ref=reference) if endpoint and exists(endpoint) else None


def _raw(row: TrailRow, with_addresses: bool) -> str:
    """The sealed bytes, spread over lines, and what they commit to; where from is for those who verify."""
    payload = row.payload
    if payload is not None and not with_addresses:
        payload = {key: value for key, value in payload.items() if key != "_address"}
    content = orjson.loads(row.content)
    return orjson.dumps({"entry": content, "says": payload}, option=orjson.OPT_INDENT_2).decode()


def said_of(fact: trail_rules.Fact, names: dict[int, str]) -> str:
    """One fact as plain text."""
    if fact.shown_as == "money":
        return f"{fact.label}: {fact.value.format(shell.locale())}"
    if fact.shown_as == "instant":
        return f"{fact.label}: {iso(fact.value)}"
    if fact.shown_as == "people":
        return f"{fact.label}: " + ", ".join(names.get(one, ref("employee", one)) for one in fact.value)
    return f"{fact.label}: {fact.value}"


def my_site_scope() -> tuple[int, ...] | None:
    """The sites whose entries the reader may see; None for the whole company."""
    return sites_of(my_scope("audit.read"))
