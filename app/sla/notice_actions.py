"""Warnings and breaches: each clock is told about once per threshold, to its owner and the nearest supervisor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.kernel.actor import rule
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.notifications.actions import Notice, notify_many
from app.notifications.rules import declare
from app.people.queries import supervisors_for
from app.sla import hooks, rules
from app.sla.models import Clock, ClockNotice

WARNED = audit.declare("clock:warn", "milestone", "due_at", sentence=_l("warned that a clock is due soon"))
BREACHED = audit.declare("clock:breach", "milestone", "due_at", sentence=_l("noticed that a clock was missed"))
SWEEP = rule("sla-sweep")

SENTENCES = {
    ("acknowledge", "soon"): declare("clock:acknowledge:soon", _l("%(case)s has to be acknowledged soon.")),
    ("acknowledge", "breach"): declare("clock:acknowledge:breach", _l("%(case)s was not acknowledged in time.")),
    ("first_response", "soon"): declare("clock:first_response:soon", _l("The first reply to %(case)s is due soon.")),
    ("first_response", "breach"): declare("clock:first_response:breach", _l("The first reply to %(case)s is late.")),
    ("resolve", "soon"): declare("clock:resolve:soon", _l("%(case)s has to be resolved soon.")),
    ("resolve", "breach"): declare("clock:resolve:breach", _l("%(case)s was not resolved in time.")),
}


@dataclass(frozen=True, slots=True)
class _Due:
    """A clock that the sweep found, as plain values; a notice reads the same of a model."""

    id: int
    case_id: int
    case_ref: str
    milestone: str
    site_id: int
    team_id: int | None
    owner_id: int | None
    due_at: datetime | None
    next_notice_at: datetime


_COLUMNS = tuple(getattr(Clock, name) for name in _Due.__dataclass_fields__)


def notice_due(*, now: datetime, limit: int) -> int:
    """Give the notices of at most `limit` clocks that are past a threshold, in one transaction; returns how many.

    A clock that is both past 75 % and past due gets only the breach. Rows that another process works on are left to it.
    """
    with transaction():
        found = [
            _Due(*row)
            for row in db.session.execute(
                select(*_COLUMNS)
                .where(Clock.next_notice_at < now)
                .order_by(Clock.next_notice_at, Clock.id)
                .limit(limit)
                .with_for_update(skip_locked=True)
            )
        ]
        breached = [clock for clock in found if clock.due_at is not None and clock.due_at < now]
        breached_ids = {clock.id for clock in breached}
        warned = [clock for clock in found if clock.id not in breached_ids]
        if breached:
            changes = [{"id": c.id, "breached_at": c.due_at, "next_notice_at": None} for c in breached]
            db.session.execute(update(Clock), changes)
            tell(breached, "breach", now=now)
        if warned:
            changes = [{"id": c.id, "warned_at": now, "next_notice_at": c.due_at} for c in warned]
            db.session.execute(update(Clock), changes)
            tell(warned, "soon", now=now)
        return len(found)


def tell(clocks: Sequence[Clock | _Due], threshold: str, *, now: datetime) -> None:
    """Write the notices that were not given before, each with its own audit entry."""
    fresh = _claim([clock.id for clock in clocks], threshold, now)
    told = [clock for clock in clocks if clock.id in fresh]
    if not told:
        return
    entry = BREACHED if threshold == "breach" else WARNED
    audit.record_many(
        [
            audit.Entry(
                entry,
                ref("clock", clock.id),
                {"milestone": clock.milestone, "due_at": iso(clock.due_at) if clock.due_at else None},
                clock.case_id,
                clock.site_id,
            )
            for clock in told
        ],
        actor=SWEEP,
        at=now,
    )
    supervisors: dict[tuple[int, int | None], list[int]] = {}
    notices = []
    for clock in told:
        place = (clock.site_id, clock.team_id)
        if place not in supervisors:
            supervisors[place] = supervisors_for(*place)[:1]
        notices.append(
            Notice(
                employee_ids=[clock.owner_id, *supervisors[place]],
                kind=f"clock:{threshold}",
                subject=clock.case_ref,
                url=f"/cases/{clock.case_ref}",
                text_key=SENTENCES[clock.milestone, threshold],
                params={"case": clock.case_ref},
            )
        )
    notify_many(notices, at=now)
    for hook in hooks.on_notice:
        for clock in told:
            hook(clock.case_id, clock.milestone, threshold, now)


def _claim(ids: Sequence[int], threshold: str, now: datetime) -> set[int]:
    """Take the right to tell; of two processes only one gets it."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    rows = [{"clock_id": clock_id, "threshold": threshold, "at": now} for clock_id in ids]
    statement = insert(ClockNotice).values(rows).on_conflict_do_nothing(index_elements=["clock_id", "threshold"])
    return set(db.session.scalars(statement.returning(ClockNotice.clock_id)))


assert {milestone for milestone, _ in SENTENCES} == set(rules.MILESTONES)
