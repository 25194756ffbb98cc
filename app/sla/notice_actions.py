"""The ladder: 50, 75 and 90 %, the breach, then owner, supervisor and manager. Each clock tells of each step once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.calendars.queries import calendar_of
from app.calendars.rules import Pause
from app.kernel.actor import rule
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.notifications.actions import Notice, notify_many
from app.people.models import Employee
from app.people.queries import supervisors_for
from app.sla import hooks, queries, rules, sweep_queries
from app.sla.condition_rules import THRESHOLDS
from app.sla.models import Clock, ClockNotice
from app.sla.notice_words import SENTENCES, values
from app.sla.rerun_rules import Held
from app.sla.rules import Facts
from app.sla.sweep_queries import Due

WARNED = audit.declare("clock:warn", "milestone", "due_at", sentence=_l("warned that a clock is due soon"))
BREACHED = audit.declare("clock:breach", "milestone", "due_at", sentence=_l("noticed that a clock was missed"))
ESCALATED = audit.declare("clock:escalate", "milestone", "due_at", "level", sentence=_l("escalated a missed clock"))
SWEEP = rule("sla-sweep")


Tellable = Clock | Due | Held

# Stored of each clock that was looked at; one statement for all of them.
_STORE = (
    update(Clock.__table__)  # type: ignore[arg-type]
    .where(Clock.__table__.c.id == bindparam("clock_id"))
    .values({name: bindparam(name) for name in ("told", "warned_at", "breached_at", "next_notice_at")})
)


def notice_due(*, now: datetime, limit: int) -> int:
    """Give the notices of at most `limit` clocks that are past a step, in one transaction; returns how many.

    Of several warnings passed since the last look a clock tells only the highest; the breach and each level after it are
    always told, one at a time. Rows that another process works on are left to it.
    """
    with transaction():
        ids = sweep_queries.due_ids(now, limit, lock=True)
        found, pauses = sweep_queries.due_clocks(ids), sweep_queries.pauses_of(ids)
        by_step: dict[str, list[Due]] = {}
        changes = []
        for clock in found:
            step, change = _climbed(clock, pauses.get(clock.id, ()), now)
            changes.append(change)
            if step is not None:
                by_step.setdefault(step, []).append(clock)
        if changes:
            store(changes)
        for step in THRESHOLDS:
            if step in by_step:
                tell(by_step[step], step, now=now)
        return len(found)


def _climbed(clock: Due, pauses: tuple[Pause, ...], now: datetime) -> tuple[str | None, dict[str, Any]]:
    """The step to tell about, and what is stored of the clock afterwards."""
    calendar, ladder = calendar_of(clock.calendar_version_id), queries.policy(clock.policy_version_id).rules
    facts = Facts(clock.target_seconds, clock.started_at, breached_at=clock.breached_at, pauses=pauses)
    before = rules.told_of(clock.told, clock.warned_at, clock.breached_at)
    told = rules.passed(facts, calendar, ladder, before, now)
    change: dict[str, Any] = {
        "clock_id": clock.id,
        "told": told,
        "warned_at": clock.warned_at or (now if told > rules.SOON else None),
        "breached_at": clock.breached_at or (clock.due_at if told > rules.BREACH else None),
        "next_notice_at": rules.next_notice_at(facts, calendar, ladder, told, historic=False),
    }
    step = THRESHOLDS[told - 1] if told > before else None
    return (step if step in ladder.thresholds else None), change


def store(changes: Sequence[Mapping[str, Any]]) -> None:
    """Keep how far each of these clocks has climbed, and when it has to be looked at again."""
    db.session.connection().execute(_STORE, changes)


def tell(clocks: Sequence[Tellable], threshold: str, *, now: datetime) -> None:
    """Write the notices of a step that were not given before, each with its own audit entry."""
    fresh = _claim([clock.id for clock in clocks], threshold, now)
    told = [clock for clock in clocks if clock.id in fresh]
    if not told:
        return
    audit.record_many([_entry(clock, threshold) for clock in told], actor=SWEEP, at=now)
    leads = _Leads(_acting(told, now))
    notify_many(
        [
            Notice(
                employee_ids=leads.told_at(threshold, clock),
                kind=f"clock:{threshold}",
                subject=clock.case_ref,
                url=hooks.addresses.get(clock.milestone, "/cases/")
                + (clock.subject if clock.milestone in hooks.addresses and clock.subject else clock.case_ref),
                text_key=SENTENCES[clock.milestone, threshold],
                params=values(clock.case_ref, threshold),
            )
            for clock in told
        ],
        at=now,
    )
    for hook in hooks.on_notice:
        for clock in told:
            hook(clock.case_id, clock.milestone, threshold, now)


def _acting(told: Sequence[Tellable], now: datetime) -> dict[str, list[int]]:
    """Who is to act on those of these clocks that nobody in particular owns, by record."""
    found: dict[str, list[int]] = {}
    for milestone, ask in hooks.acting.items():
        subjects = [clock.subject for clock in told if clock.milestone == milestone and clock.subject]
        found |= ask(subjects, now) if subjects else {}
    return found


def _entry(clock: Tellable, threshold: str) -> audit.Entry:
    said: dict[str, Any] = {"milestone": clock.milestone, "due_at": iso(clock.due_at) if clock.due_at else None}
    kind = BREACHED if threshold == "breach" else WARNED
    if threshold.startswith("level"):
        kind, said = ESCALATED, {**said, "level": int(threshold.removeprefix("level"))}
    return audit.Entry(kind, ref("clock", clock.id), said, clock.case_id, clock.site_id)


_OF_A_PROMISE = ("half", "soon", "near")
# At these steps of a request the approvals room itself reminds those who are asked, and asks whoever comes next.
_BY_APPROVALS = ("half", "breach")


class _Leads:
    """Who is told at which step, asked once per place. acting: who is to act on a record whose clock nobody owns."""

    def __init__(self, acting: Mapping[str, list[int]]) -> None:
        self._acting = acting
        self._supervisors: dict[tuple[int, int | None], list[int]] = {}
        self._managers: Mapping[int, int] | None = None

    def told_at(self, threshold: str, clock: Tellable) -> Iterable[int | None]:
        """Half the time: the owner. Then the supervisor too. After the breach: owner, supervisor, manager, one by one.

        Of a promise, whoever keeps it hears at 75 % and the supervisor at 90 %. Nobody's clock goes to whoever leads there.
        Of a request, those who are asked hear at 75 and 90 % and at the first level.
        """
        site_id, team_id, owner_id = clock.site_id, clock.team_id, clock.owner_id
        supervisor = self._supervisor(site_id, team_id)
        if clock.milestone == "promise" and threshold in _OF_A_PROMISE:
            return {"half": [], "soon": [owner_id or supervisor], "near": [supervisor]}[threshold]
        if clock.milestone == "approval" and threshold not in ("level2", "level3"):
            asked = [] if threshold in _BY_APPROVALS else self._acting.get(clock.subject or "", [])
            return asked if asked or threshold in _BY_APPROVALS else [supervisor]
        if threshold == "level3":
            return [self._manager(supervisor, site_id, team_id)]
        if threshold == "level2":
            return [supervisor]
        if threshold in ("half", "level1"):
            return [owner_id or supervisor]
        return [owner_id, supervisor]

    def _supervisor(self, site_id: int, team_id: int | None) -> int | None:
        return next(iter(self._near(site_id, team_id)), None)

    def _near(self, site_id: int, team_id: int | None) -> list[int]:
        place = (site_id, team_id)
        if place not in self._supervisors:
            self._supervisors[place] = supervisors_for(*place)
        return self._supervisors[place]

    def _manager(self, supervisor: int | None, site_id: int, team_id: int | None) -> int | None:
        """The supervisor's own manager while they are active, otherwise the nearest manager."""
        if self._managers is None:
            rows = db.session.execute(
                select(Employee.id, Employee.manager_id).where(
                    Employee.role == "manager", Employee.deactivated_at.is_(None)
                )
            )
            self._managers = {row.id: row.id for row in rows}
        own = db.session.scalar(select(Employee.manager_id).where(Employee.id == supervisor)) if supervisor else None
        if own in self._managers:
            return own
        return next((one for one in self._near(site_id, team_id) if one in (self._managers or {})), supervisor)


def _claim(ids: Sequence[int], threshold: str, now: datetime) -> set[int]:
    """Take the right to tell; of two processes only one gets it."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    rows = [{"clock_id": clock_id, "threshold": threshold, "at": now} for clock_id in ids]
    statement = insert(ClockNotice).values(rows).on_conflict_do_nothing(index_elements=["clock_id", "threshold"])
    return set(db.session.scalars(statement.returning(ClockNotice.clock_id)))
