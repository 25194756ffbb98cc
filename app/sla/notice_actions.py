"""The ladder: 50, 75 and 90 %, the breach, then owner, supervisor and manager. Each clock tells of each step once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.calendars.queries import calendar_of
from app.calendars.rules import Calendar, Pause
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
from app.sla.rules import Climb, Facts
from app.sla.sweep_queries import Due

WARNED = audit.declare("clock:warn", "milestone", "due_at", sentence=_l("warned that a clock is due soon"))
BREACHED = audit.declare("clock:breach", "milestone", "due_at", sentence=_l("noticed that a clock was missed"))
TOLD = audit.declare("clock:tell", "milestone", "due_at", sentence=_l("told of a missed clock when the desk opened"))
WAITED = audit.declare("clock:wait", "milestone", "until", sentence=_l("kept a notice until the desk opens"))
LAPSED = audit.declare("clock:lapse", "milestone", sentence=_l("let an overtaken warning lapse"))
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
    """Look at no more than `limit` clocks that are past a step, in one transaction; returns how many.

    Of several warnings passed since the last look a clock tells only the highest; the breach and each level after it are
    always told, one at a time. A breach is recorded at once; its notice, like any other, waits until the desk is open. Rows
    that another process works on are left to it.
    """
    with transaction():
        ids = sweep_queries.due_ids(now, limit, lock=True)
        found, pauses = sweep_queries.due_clocks(ids), sweep_queries.pauses_of(ids)
        desks = sweep_queries.desks(found)
        climbs = {clock.id: _climb(clock, pauses.get(clock.id, ()), desks[clock.id], now) for clock in found}
        if found:
            store([_change(clock, pauses.get(clock.id, ()), climbs[clock.id], now) for clock in found])
        record_breaches([clock for clock in found if climbs[clock.id].is_breach], now=now)
        for step in THRESHOLDS:
            tell([clock for clock in found if climbs[clock.id].step == step], step, now=now)
        quiet = [clock for clock in found if not climbs[clock.id].is_breach and climbs[clock.id].step is None]
        audit.record_many([_quiet(clock, climbs[clock.id]) for clock in quiet], actor=SWEEP, at=now)
        return len(found)


def _facts(clock: Due, pauses: tuple[Pause, ...], breached_at: datetime | None) -> Facts:
    return Facts(clock.target_seconds, clock.started_at, clock.stopped_at, clock.cancelled_at, breached_at, pauses)


def _climb(clock: Due, pauses: tuple[Pause, ...], desk: Calendar, now: datetime) -> Climb:
    calendar, ladder = calendar_of(clock.calendar_version_id), queries.policy(clock.policy_version_id).rules
    told = rules.told_of(clock.told, clock.warned_at, clock.breached_at)
    return rules.climb(_facts(clock, pauses, clock.breached_at), calendar, desk, ladder, told, now)


def _change(clock: Due, pauses: tuple[Pause, ...], climbed: Climb, now: datetime) -> dict[str, Any]:
    """What is stored of a clock after a look at it."""
    calendar, ladder = calendar_of(clock.calendar_version_id), queries.policy(clock.policy_version_id).rules
    breached_at = clock.due_at if climbed.is_breach else clock.breached_at
    facts = _facts(clock, pauses, breached_at)
    return {
        "clock_id": clock.id,
        "told": climbed.told,
        "warned_at": clock.warned_at or (now if climbed.told > rules.SOON else None),
        "breached_at": breached_at,
        "next_notice_at": climbed.look_at
        or rules.next_notice_at(facts, calendar, ladder, climbed.told, historic=False),
    }


def store(changes: Sequence[Mapping[str, Any]]) -> None:
    """Keep how far each of these clocks has climbed, and when it has to be looked at again."""
    db.session.connection().execute(_STORE, changes)


def record_breaches(clocks: Sequence[Tellable], *, now: datetime) -> None:
    """Write down, once for each of these clocks, that its deadline has passed; who has to know is told by `tell`."""
    audit.record_many([_entry(clock, BREACHED) for clock in clocks], actor=SWEEP, at=now)
    for hook in hooks.on_breach:
        for clock in clocks:
            hook(clock.case_id, clock.milestone, now)


def tell(clocks: Sequence[Due], threshold: str, *, now: datetime) -> None:
    """Write the notices of a step that were not given before, each with its own entry unless that of the breach is it."""
    fresh = _claim([clock.id for clock in clocks], threshold, now) if clocks else ()
    told = [clock for clock in clocks if clock.id in fresh]
    if not told:
        return
    audit.record_many(
        [_of_step(clock, threshold) for clock in told if _has_own_entry(clock, threshold)], actor=SWEEP, at=now
    )
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


def _has_own_entry(clock: Due, threshold: str) -> bool:
    """A breach that is recorded and told in one go has one entry."""
    return threshold != "breach" or clock.breached_at is not None


def _acting(told: Sequence[Due], now: datetime) -> dict[str, list[int]]:
    """Who is to act on those of these clocks that nobody in particular owns, by record."""
    found: dict[str, list[int]] = {}
    for milestone, ask in hooks.acting.items():
        subjects = [clock.subject for clock in told if clock.milestone == milestone and clock.subject]
        found |= ask(subjects, now) if subjects else {}
    return found


def _entry(clock: Tellable, kind: audit.EntryType, **more: Any) -> audit.Entry:
    said = {"milestone": clock.milestone, "due_at": iso(clock.due_at) if clock.due_at else None, **more}
    return audit.Entry(kind, ref("clock", clock.id), said, clock.case_id, clock.site_id)


def _of_step(clock: Due, threshold: str) -> audit.Entry:
    if threshold.startswith("level"):
        return _entry(clock, ESCALATED, level=int(threshold.removeprefix("level")))
    return _entry(clock, TOLD if threshold == "breach" else WARNED)


def _quiet(clock: Due, climbed: Climb) -> audit.Entry:
    """Of a look that told nothing: the notice waits for the desk, or there is none to give any more."""
    said: dict[str, Any] = {"milestone": clock.milestone}
    if climbed.look_at is not None:
        said["until"] = iso(climbed.look_at)
    kind = WAITED if climbed.look_at is not None else LAPSED
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

    def told_at(self, threshold: str, clock: Due) -> Iterable[int | None]:
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
