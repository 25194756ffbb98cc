"""Clocks of cases that lie in the past: computed once, marked historic, never noticed or escalated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from app.audit import actions as audit
from app.calendars.queries import calendar_of
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.sla import queries, rules
from app.sla.actions import STARTED
from app.sla.models import Clock
from app.sla.rules import Deadline, Facts


@dataclass(frozen=True, slots=True)
class PastClock:
    """The resolution clock of a past case. due_at: as published; None computes it from the targets in force.

    Of the other milestones a file says nothing, so they get no clock.
    """

    case_id: int
    site_id: int
    team_id: int | None
    severity: int
    started_at: datetime
    due_at: datetime | None
    resolved_at: datetime | None


def log_history(clocks: Sequence[PastClock], *, actor: Actor, now: datetime) -> list[datetime | None]:
    """Keep a batch, one entry per case; returns when each open one is due, in the given order."""
    if not clocks:
        return []
    with transaction():
        versions = {site_id: queries.newest_versions(site_id) for site_id in {clock.site_id for clock in clocks}}
        rows, entries, due = [], [], []
        for clock in clocks:
            row = _row(clock, *versions[clock.site_id], now)
            if row is not None:
                rows.append(row)
                entries.append(_entry(clock, row))
            due.append(row["due_at"] if row is not None and clock.resolved_at is None else None)
        if rows:
            db.session.execute(insert(Clock.__table__), rows)  # type: ignore[arg-type]
            audit.record_many(entries, actor=actor, at=now)
        return due


def _row(clock: PastClock, policy_id: int | None, calendar_id: int | None, now: datetime) -> dict[str, Any] | None:
    if clock.due_at is not None and clock.due_at > clock.started_at:
        # A published due date counts as it is: every second from start to due, in no calendar and under no policy of ours.
        policy_id = calendar_id = None
        seconds = int((clock.due_at - clock.started_at).total_seconds())
        ends = Deadline(clock.due_at, clock.started_at + timedelta(seconds=-(-seconds * rules.SOON_PERCENT // 100)))
    else:
        target = queries.targets(policy_id).get(clock.severity, {}).get("resolve")
        if target is None:
            return None
        seconds = target
        ends = rules.deadline(Facts(seconds, clock.started_at), calendar_of(calendar_id))
    facts = Facts(seconds, clock.started_at, stopped_at=clock.resolved_at)
    late = rules.is_late(facts, ends.due_at, clock.resolved_at or now)
    return {
        "case_id": clock.case_id,
        "case_ref": ref("case", clock.case_id),
        "milestone": "resolve",
        "severity": clock.severity,
        "site_id": clock.site_id,
        "team_id": clock.team_id,
        "owner_id": None,
        "policy_version_id": policy_id,
        "calendar_version_id": calendar_id,
        "target_seconds": seconds,
        "started_at": clock.started_at,
        "soon_at": ends.soon_at,
        "due_at": ends.due_at,
        "stopped_at": clock.resolved_at,
        "breached_at": ends.due_at if late else None,
        "next_notice_at": None,
        "historic": True,
        "version": 1,
    }


def _entry(clock: PastClock, row: dict[str, Any]) -> audit.Entry:
    said = {
        "severity": clock.severity,
        "clocks": [["resolve", iso(row["due_at"])]],
        "historic": True,
        "policy_version": row["policy_version_id"],
        "calendar_version": row["calendar_version_id"],
    }
    return audit.Entry(STARTED, ref("case", clock.case_id), said, clock.case_id, clock.site_id)
