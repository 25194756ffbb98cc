"""Cases that lie in the past: recorded now, with their own dates, in batches. They ring no bell and take from no purse."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select

from app.audit import actions as audit
from app.cases import rules
from app.cases.category_actions import add_category, code_of
from app.cases.models import CASE_SEARCH, Case, CaseEvent, Category
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import in_transaction, transaction
from app.kernel.turns import one_at_a_time
from app.people import permissions
from app.sla import history as sla
from app.sla.history import PastClock

IMPORTED = audit.declare(
    "case:import",
    "source",
    "source_ref",
    "summary",
    "severity",
    "category",
    "state",
    "received_at",
    "resolved_at",
    "resolver",
    sentence=_l("brought in a past case"),
)
NAME_MAX = 160


@dataclass(frozen=True, slots=True)
class PastCase:
    """One past case as a file tells it. resolved_at None on a closed one: it ended, and when is not known.

    resolver_id: who resolved it, where the file says so and the date is known.
    computes_due: where no due date is given, our own targets say it; else such a case has no clock.
    """

    source: str
    source_ref: str
    site_id: int
    team_id: int | None
    category_id: int
    severity: int
    channel: str
    attribution: str
    summary: str
    description: str
    state: str
    outcome: str | None
    occurred_at: datetime | None
    received_at: datetime
    resolved_at: datetime | None
    due_at: datetime | None
    computes_due: bool = True
    given_minor: int = 0
    resolver_id: int | None = None


def log_history(cases: Sequence[PastCase], *, actor: Actor, now: datetime) -> list[int]:
    """Keep a batch with its timelines and clocks, one audit entry per case; returns the ids in the given order.

    Customer, owner and logger stay empty. The caller has made sure (known_refs) that none of them is there yet.
    """
    permissions.require(actor, "cases.import")
    if not cases:
        return []
    with transaction():
        ids = list(
            db.session.execute(
                insert(Case.__table__).returning(  # type: ignore[arg-type]
                    Case.id, sort_by_parameter_order=True
                ),
                [_row(case, now) for case in cases],
            ).scalars()
        )
        pairs = list(zip(ids, cases, strict=True))
        events = [event for pair in pairs for event in _events(*pair)]
        db.session.execute(insert(CaseEvent.__table__), events)  # type: ignore[arg-type]
        CASE_SEARCH.put([(case_id, _body(case_id, case)) for case_id, case in pairs], new=True)
        audit.record_many([_entry(case_id, case) for case_id, case in pairs], actor=actor, at=now)
        _start_clocks(pairs, actor, now)
        return ids


def known_refs(source: str, refs: Iterable[str]) -> set[str]:
    """Return which ids of a source are there already; inside a transaction other imports of the source wait for it."""
    wanted = list(refs)
    if not wanted:
        return set()
    if in_transaction():
        one_at_a_time("history", source)
    found = select(Case.source_ref).where(Case.source == source, Case.source_ref.in_(wanted))
    return {known for known in db.session.scalars(found) if known is not None}


def category_ids() -> dict[str, int]:
    """Return every category's id by its code, and by its name where that is no code."""
    rows = db.session.execute(select(Category.code, Category.name, Category.id).order_by(Category.id.desc())).all()
    return {**{row.name: row.id for row in rows}, **{row.code: row.id for row in rows}}


def category_code(path: str) -> str:
    """Return the code of a category that a file names by its path; two paths never share one.

    Worked value: "Lights > Lamp" gives "lights-lamp-5c78caa8".
    """
    return f"{code_of(path)[:70]}-{hashlib.sha256(path.encode()).hexdigest()[:8]}"


def add_past_category(path: str, *, actor: Actor, now: datetime) -> int:
    """Add the category of a path, retired from the start: old cases have it, new ones are not offered it."""
    category = add_category(name=category_name(path), code=category_code(path), active=False, actor=actor, now=now)
    return category.id


def category_name(path: str) -> str:
    """Fit a path into a category's name by cutting its longest parts first."""
    parts, most = path.split(" > "), NAME_MAX
    while len(name := " > ".join(_cut(part, most) for part in parts)) > NAME_MAX:
        most -= 1
    return name


def _cut(part: str, most: int) -> str:
    return part if len(part) <= most else part[: most - 1].rstrip() + "…"


def _row(case: PastCase, now: datetime) -> dict[str, Any]:
    ended_at = _ended_at(case)
    return {
        "site_id": case.site_id,
        "team_id": case.team_id,
        "category_id": case.category_id,
        "severity": case.severity,
        "channel": case.channel,
        "attribution": case.attribution,
        "summary": case.summary,
        "description": case.description,
        "occurred_at": case.occurred_at or case.received_at,
        "received_at": case.received_at,
        "logged_at": now,
        "state": case.state,
        "outcome": case.outcome if ended_at else None,
        "resolved_at": ended_at,
        "resolved_by_id": case.resolver_id if case.resolved_at else None,
        "closed_at": ended_at if case.state == "closed" else None,
        "reopened_count": 0,
        "next_due_at": rules.NEVER,
        "given_minor": case.given_minor,
        "historic": True,
        "source": case.source,
        "source_ref": case.source_ref,
        "version": 1,
        "updated_at": now,
    }


def _ended_at(case: PastCase) -> datetime | None:
    """A closed case without a closing date stands at the day it came in, the only one that is known; its timeline says so."""
    if case.state == "open":
        return None
    return case.resolved_at or case.received_at


def _events(case_id: int, case: PastCase) -> list[dict[str, Any]]:
    said = {
        "channel": case.channel,
        "occurred_at": iso(case.occurred_at or case.received_at),
        "severity": case.severity,
        "historic": True,
    }
    events = [
        {
            "case_id": case_id,
            "at": case.received_at,
            "kind": "logged",
            "actor_id": None,
            "text": case.description,
            "data": said,
        }
    ]
    if ended_at := _ended_at(case):
        data = {"outcome": case.outcome, "historic": True, "date_known": case.resolved_at is not None}
        events.append(
            {"case_id": case_id, "at": ended_at, "kind": "closed", "actor_id": None, "text": "", "data": data}
        )
    return events


def _entry(case_id: int, case: PastCase) -> audit.Entry:
    said = {
        "source": case.source,
        "source_ref": case.source_ref,
        "summary": case.summary,
        "severity": case.severity,
        "category": case.category_id,
        "state": case.state,
        "received_at": iso(case.received_at),
        "resolved_at": iso(case.resolved_at) if case.resolved_at else None,
        "resolver": ref("employee", case.resolver_id) if case.resolver_id else None,
    }
    return audit.Entry(IMPORTED, ref("case", case_id), said, case_id, case.site_id)


def _start_clocks(pairs: Sequence[tuple[int, PastCase]], actor: Actor, now: datetime) -> None:
    """Compute the clocks of the cases whose dates are known, and put the open ones into the queue's order."""
    dated = [
        (case_id, case)
        for case_id, case in pairs
        if (case.state == "open" or case.resolved_at is not None) and (case.due_at is not None or case.computes_due)
    ]
    clocks = [
        PastClock(case_id, case.site_id, case.team_id, case.severity, case.occurred_at or case.received_at, case.due_at,
                  case.resolved_at)
        for case_id, case in dated
    ]  # fmt: skip
    due = sla.log_history(clocks, actor=actor, now=now)
    changes = [
        {"id": case_id, "next_due_at": due_at}
        for (case_id, _case), due_at in zip(dated, due, strict=True)
        if due_at is not None
    ]
    if changes:
        db.session.bulk_update_mappings(Case.__mapper__, changes)


def _body(case_id: int, case: PastCase) -> str:
    return rules.search_text(case.summary, case.description, ref("case", case_id), case.source_ref, case.site_id)
