"""Rows of the rooms as the API says them."""

from typing import Any

import orjson

from app.api import schemas_out as given
from app.audit.queries import TrailRow
from app.kernel.references import ref
from app.sla.queries import ClockView


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
