"""Rows of the rooms as the API says them."""

from collections.abc import Sequence
from typing import Any

import orjson

from app.api import schemas_out as given
from app.api.endpoints import Call
from app.audit.queries import TrailRow
from app.cases import queries as cases
from app.cases.queries import QueueRow
from app.kernel.errors import NotFound
from app.kernel.references import ref
from app.sla import queries as sla
from app.sla.queries import ClockView


def case(case_id: int, call: Call) -> given.CaseOut:
    """Return a case within the caller's scope; NotFound for any other."""
    page = cases.case_page(ref("case", case_id), call.scope("cases.read"))
    if page is None:
        raise NotFound
    row = page.case
    codes = {found.id: found.code for found in cases.categories()}
    return given.CaseOut(
        ref=row.ref,
        state=row.state,
        version=row.version,
        severity=row.severity,
        category=codes[row.category_id],
        summary=row.summary,
        description=row.description,
        channel=row.channel,
        attribution=row.attribution,
        site=page.site_code,
        team=page.team,
        owner=ref("employee", row.owner_id) if row.owner_id else None,
        customer=ref("customer", row.customer_id) if row.customer_id else None,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        logged_at=row.logged_at,
        waiting_for=row.waiting_for,
        outcome=row.outcome,
        root_cause=row.root_cause,
        resolved_at=row.resolved_at,
        reopened_count=row.reopened_count,
        clocks=[clock(view) for view in sla.clocks_of_case(case_id, call.now, with_why=False)],
        remedies=[],
    )


def case_rows(rows: Sequence[QueueRow]) -> list[given.CaseRowOut]:
    codes = {found.name: found.code for found in cases.categories()} if rows else {}
    return [
        given.CaseRowOut(
            ref=row.ref,
            state=row.state,
            severity=row.severity,
            category=codes.get(row.category, row.category),
            summary=row.summary,
            customer=ref("customer", row.customer_id) if row.customer_id else None,
            owner=ref("employee", row.owner_id) if row.owner_id else None,
            next_due_at=row.due_at,
        )
        for row in rows
    ]


def clock(row: ClockView) -> given.ClockOut:
    return given.ClockOut(
        ref=row.ref,
        case=row.case_ref,
        milestone=row.milestone,
        state=row.state,
        started_at=row.started_at,
        due_at=row.due_at,
        stopped_at=row.stopped_at,
        target_seconds=row.target_seconds,
        left_seconds=row.left_seconds,
    )


def entry(row: TrailRow) -> given.AuditOut:
    payload = row.payload
    return given.AuditOut(
        id=row.id,
        number=row.number,
        type=row.type,
        subject=row.subject,
        case=ref("case", row.case_id) if row.case_id else None,
        actor=str(orjson.loads(row.content)["actor"]),
        at=row.at,
        recorded_at=row.recorded_at,
        said={name: value for name, value in payload.items() if not name.startswith("_")} if payload else None,
        chain_hash=row.chain_hash,
    )


def decision_json(decision: Any) -> dict[str, Any]:
    raise NotImplementedError
