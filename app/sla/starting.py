"""The clocks of a new case as they are first written, with what follows from their facts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.calendars.queries import calendar_of
from app.kernel.references import ref
from app.sla import legal_rules, queries, rules
from app.sla.rules import Facts


def row_of(
    case_id: int, row: dict[str, Any], seconds: int, started_at: datetime, stopped_at: datetime | None = None
) -> dict[str, Any]:
    """A clock as it is first written, with what follows from it."""
    facts = Facts(seconds, started_at, stopped_at=stopped_at)
    calendar = calendar_of(row["calendar_version_id"])
    ends = rules.deadline(facts, calendar)
    late = stopped_at is not None and rules.is_late(facts, ends.due_at, stopped_at)
    ladder = queries.policy(row["policy_version_id"]).rules
    return {
        "case_id": case_id,
        "case_ref": ref("case", case_id),
        "target_seconds": seconds,
        "started_at": started_at,
        "soon_at": ends.soon_at,
        "due_at": ends.due_at,
        "stopped_at": stopped_at,
        "breached_at": ends.due_at if late else None,
        "next_notice_at": rules.next_notice_at(facts, calendar, ladder, 0, historic=row["historic"]),
        "version": 1,
        "subject": None,
        "label": None,
        **row,
    }


def legal_rows(
    case_id: int,
    place: dict[str, Any],
    policy_id: int | None,
    calendar_id: int | None,
    packs: Iterable[str],
    received_at: datetime,
) -> list[dict[str, Any]]:
    """The legal clocks of a case: their last instant is counted in dates, and every second until then counts."""
    calendar, found = calendar_of(calendar_id), []
    received_at = received_at.replace(microsecond=0)
    for pack in (legal_rules.PACKS[code] for code in packs):
        seconds = int((legal_rules.due_at(pack, received_at, calendar) - received_at).total_seconds())
        row = {"policy_version_id": policy_id, "calendar_version_id": None, "milestone": "legal", **place}
        found.append({**row_of(case_id, row, seconds, received_at), "subject": f"legal:{pack.code}"})
    return found
