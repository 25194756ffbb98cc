"""Reading clocks and targets."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, func, literal, select, tuple_

from app.calendars.models import CalendarVersion
from app.calendars.queries import calendar_of
from app.calendars.rules import Day, Pause, explain
from app.kernel.database import BigId, UTCDateTime, db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.kernel.time import iso, parse_instant
from app.people.models import Site
from app.sla import legal_rules, rules
from app.sla.condition_rules import DEFAULT_RULES, MILESTONES, PolicyRules
from app.sla.models import Clock, ClockPause, LegalPack, Rerun, SlaPolicyVersion, SlaTarget
from app.sla.rules import DEFAULT_TARGETS, Facts, StateName, Targets
from app.sla.target_rules import Target

MILESTONE_NAMES = {
    "acknowledge": _l("Acknowledge"),
    "first_response": _l("First reply"),
    "next_update": _l("Next update"),
    "resolve": _l("Resolve"),
    "follow_up": _l("Follow-up"),
    "approval": _l("Approval"),
    "promise": _l("Promise"),
    "ola": _l("Task for another team"),
    "uc": _l("Task for a supplier"),
    "legal": _l("Legal"),
}
STATE_NAMES: dict[StateName, object] = {
    "running": _l("Running"),
    "soon": _l("Due soon"),
    "breached": _l("Late"),
    "paused": _l("Paused"),
    "met": _l("Met"),
    "missed": _l("Missed"),
    "cancelled": _l("Cancelled"),
}
WHY_DAYS_MAX = 40


@dataclass(frozen=True, slots=True)
class ClockView:
    """One clock as a page or the API shows it. Seconds left are business time; `wall_seconds` runs on the wall."""

    id: int
    case_id: int
    case_ref: str
    milestone: str
    severity: int
    site_id: int
    team_id: int | None
    owner_id: int | None
    name: object
    state: StateName
    state_name: object
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    target_seconds: int
    elapsed_seconds: int
    left_seconds: int
    wall_seconds: int | None
    is_paused: bool
    is_historic: bool
    zone: str | None
    why: tuple[Day, ...]
    subject: str | None = None
    label: str | None = None
    wall_elapsed_seconds: int = 0
    paused_seconds: int = 0
    calendar_version_id: int | None = None
    pauses: tuple[Pause, ...] = ()

    @property
    def ref(self) -> str:
        return ref("clock", self.id)

    @property
    def is_open(self) -> bool:
        return self.state in ("running", "soon", "breached", "paused")


def newest_versions(site_id: int) -> tuple[int | None, int | None]:
    """The versions that new clocks of a site use: (targets, hours); None is the built-in one."""
    hours = (
        select(CalendarVersion.id)
        .join(Site, Site.calendar_id == CalendarVersion.calendar_id)
        .where(Site.id == site_id)
        .order_by(CalendarVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = db.session.execute(select(_NEWEST_POLICY, hours)).one()
    return row[0], row[1]


def versions_for_start(site_id: int) -> tuple[int | None, int | None, tuple[str, ...]]:
    """What a new case of a site begins with, in one query: (targets, hours, codes of the adopted legal packs)."""
    hours = (
        select(CalendarVersion.id)
        .join(Site, Site.calendar_id == CalendarVersion.calendar_id)
        .where(Site.id == site_id)
        .order_by(CalendarVersion.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    packs = (
        select(func.aggregate_strings(LegalPack.code, ","))
        .where(LegalPack.site_id == site_id, LegalPack.ended_at.is_(None))
        .scalar_subquery()
    )
    row = db.session.execute(select(_NEWEST_POLICY, hours, packs)).one()
    return row[0], row[1], tuple(sorted(row[2].split(","))) if row[2] else ()


def newest_policy() -> tuple[int | None, int]:
    """The targets in force: (version id, number); (None, 0) stands for the built-in ones."""
    row = db.session.execute(
        select(SlaPolicyVersion.id, SlaPolicyVersion.number).order_by(SlaPolicyVersion.number.desc()).limit(1)
    ).first()
    return (row.id, row.number) if row else (None, 0)


def published_at() -> datetime | None:
    """When the targets in force were published; None for the built-in ones."""
    return db.session.scalar(select(SlaPolicyVersion.created_at).order_by(SlaPolicyVersion.number.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class Policy:
    """One version: its targets, with and without narrowing parts, and its rules."""

    targets: tuple[Target, ...]
    rules: PolicyRules


def policy(policy_version_id: int | None) -> Policy:
    """A version, or the built-in one; versions never change, so each application keeps those it has read."""
    if policy_version_id is None:
        return DEFAULT_POLICY
    kept: dict[int, Policy] = current_app.extensions.setdefault("makegood_sla_policies", {})
    found = kept.get(policy_version_id)
    if found is None:
        said = db.session.scalar(select(SlaPolicyVersion.rules).where(SlaPolicyVersion.id == policy_version_id))
        rows = db.session.execute(
            select(
                SlaTarget.severity,
                SlaTarget.milestone,
                SlaTarget.target_seconds,
                SlaTarget.segment,
                SlaTarget.channel,
                SlaTarget.site_id,
            )
            .where(SlaTarget.version_id == policy_version_id)
            .order_by(SlaTarget.id)
        )
        found = Policy(tuple(Target(*row) for row in rows), PolicyRules.parse(said))
        if not db.session().info.get(NEW_VERSION):
            kept[policy_version_id] = found
    return found


def targets(policy_version_id: int | None) -> Targets:
    """The targets of a version by severity and milestone, without those that a segment, a channel or a site narrows."""
    found: dict[int, dict[str, int]] = {}
    for line in policy(policy_version_id).targets:
        if not line.is_narrow:
            found.setdefault(line.severity, {})[line.milestone] = line.seconds
    return found


def clocks_of_case(case_id: int, now: datetime, *, with_why: bool = True) -> list[ClockView]:
    """The clocks of one case in the order of their milestones, in one query."""
    return clocks_of_cases([case_id], now, with_why=with_why).get(case_id, [])


def clocks_of_cases(case_ids: Iterable[int], now: datetime, *, with_why: bool = False) -> dict[int, list[ClockView]]:
    """The clocks of several cases, by case, in one query."""
    views: dict[int, list[ClockView]] = {}
    for view in _joined(db.session.execute(_OF_CASES, {"case_ids": list(case_ids)}), now, with_why):
        views.setdefault(view.case_id, []).append(view)
    for found in views.values():
        found.sort(key=lambda view: (MILESTONES.index(view.milestone), view.id))
    return views


def clocks_by_id(ids: Sequence[int], now: datetime) -> list[ClockView]:
    """These clocks, in the order of their ids, in one query."""
    return _joined(db.session.execute(_BY_ID, {"ids": list(ids)}), now, False)


def _joined(rows: Iterable[Any], now: datetime, with_why: bool) -> list[ClockView]:
    """Clocks from rows that carry one pause each."""
    pauses: dict[int, list[Pause]] = {}
    clocks = {}
    for row in rows:
        clocks[row.id] = row
        if row.from_at is not None:
            pauses.setdefault(row.id, []).append((row.from_at, row.to_at))
    return [_view(clock, tuple(pauses.get(clock.id, ())), now, with_why) for clock in clocks.values()]


def rerun(rerun_id: int) -> Rerun:
    """One re-run as it stands now."""
    return db.session.get_one(Rerun, rerun_id, populate_existing=True)


def reruns(limit: int = 20) -> list[Rerun]:
    """The last re-runs, the newest first."""
    return list(db.session.scalars(select(Rerun).order_by(Rerun.id.desc()).limit(limit)))


def clock_ids(batch: int = 1_000) -> Iterator[list[int]]:
    """The ids of all clocks, in batches."""
    last = 0
    while ids := list(db.session.scalars(select(Clock.id).where(Clock.id > last).order_by(Clock.id).limit(batch))):
        yield ids
        last = ids[-1]


def clock_view(clock_id: int, now: datetime) -> ClockView | None:
    """One clock with its days."""
    case_id = db.session.scalar(select(Clock.case_id).where(Clock.id == clock_id))
    return next((view for view in clocks_of_case(case_id, now) if view.id == clock_id), None) if case_id else None


def clock_of_record(subject: str, now: datetime) -> ClockView | None:
    """The newest clock of a record of a case (a promise, an exception), with its days, in one query."""
    return next(iter(_joined(db.session.execute(_OF_RECORD, {"subject": subject}), now, True)), None)


def clocks_at_risk(
    *, site_id: int, page: Page, now: datetime, team_id: int | None = None, owner_id: int | None = None
) -> Slice[ClockView]:
    """Open clocks of a site by when they are due; those that a pause holds are not at risk."""
    wanted = select(*_CLOCK).where(
        Clock.site_id == site_id,
        Clock.stopped_at.is_(None),
        Clock.cancelled_at.is_(None),
        ~Clock.historic,
        Clock.due_at.is_not(None),
    )
    if team_id is not None:
        wanted = wanted.where(Clock.team_id == team_id)
    if owner_id is not None:
        wanted = wanted.where(Clock.owner_id == owner_id)
    after = _after(page)
    if after is not None:
        wanted = wanted.where(
            tuple_(Clock.due_at, Clock.id) > tuple_(literal(after[0], UTCDateTime), literal(after[1], BigId))
        )
    rows = db.session.execute(wanted.order_by(Clock.due_at, Clock.id).limit(page.size + 1)).all()
    pauses: dict[int, list[Pause]] = {}
    for row in db.session.execute(
        select(ClockPause.clock_id, ClockPause.from_at, ClockPause.to_at)
        .where(ClockPause.clock_id.in_([row.id for row in rows]))
        .order_by(ClockPause.id)
    ):
        pauses.setdefault(row.clock_id, []).append((row.from_at, row.to_at))
    views = [_view(row, tuple(pauses.get(row.id, ())), now, False) for row in rows]
    return slice_of(views, page, lambda view: (iso(view.due_at) if view.due_at else "", view.id))


def _after(page: Page) -> tuple[datetime, int] | None:
    """The key of the last clock seen; a malformed cursor starts from the beginning."""
    if page.after is None or len(page.after) != 2:
        return None
    at, last = page.after
    if not isinstance(at, str) or not isinstance(last, int):
        return None
    try:
        return parse_instant(at), last
    except ValueError:
        return None


def _view(row: object, pauses: tuple[Pause, ...], now: datetime, with_why: bool) -> ClockView:
    clock: Clock = row  # type: ignore[assignment]  # a selected row has the same attributes
    calendar = calendar_of(clock.calendar_version_id)
    facts = Facts(
        clock.target_seconds, clock.started_at, clock.stopped_at, clock.cancelled_at, clock.breached_at, pauses
    )
    shown = rules.state(facts, calendar, now)
    until = min([now, *(end for end in (clock.stopped_at, clock.cancelled_at) if end)])
    wall = max(int((until - clock.started_at).total_seconds()), 0)
    why: tuple[Day, ...] = ()
    if with_why and clock.milestone != "legal":
        stop_at = now if shown.due_at is None else None
        why = tuple(
            explain(facts.started_at, facts.target_seconds, calendar, pauses, until=stop_at, days_max=WHY_DAYS_MAX)
        )
    return ClockView(
        id=clock.id,
        case_id=clock.case_id,
        case_ref=clock.case_ref,
        milestone=clock.milestone,
        severity=clock.severity,
        site_id=clock.site_id,
        team_id=clock.team_id,
        owner_id=clock.owner_id,
        name=_name(clock),
        state=shown.name,
        state_name=STATE_NAMES[shown.name],
        started_at=clock.started_at,
        due_at=shown.due_at,
        stopped_at=clock.stopped_at,
        target_seconds=clock.target_seconds,
        elapsed_seconds=shown.elapsed_seconds,
        left_seconds=shown.left_seconds,
        wall_seconds=shown.wall_seconds,
        is_paused=shown.is_paused,
        is_historic=clock.historic,
        zone=calendar.zone if clock.calendar_version_id is not None else None,
        why=why,
        subject=clock.subject,
        label=clock.label,
        wall_elapsed_seconds=wall,
        paused_seconds=sum(
            int((min(to or until, until) - begins).total_seconds()) for begins, to in pauses if begins < until
        ),
        calendar_version_id=clock.calendar_version_id,
        pauses=pauses,
    )


def _name(clock: Clock) -> object:
    """What a clock is called: its milestone, or the legal clock's own name."""
    if clock.milestone == "legal" and clock.subject:
        pack = legal_rules.PACKS[clock.subject.removeprefix("legal:")]
        return f"{pack.regime}: {pack.name}"
    return MILESTONE_NAMES[clock.milestone]


NEW_VERSION = "makegood_new_sla_version"
_CLOCK = (
    Clock.id,
    Clock.case_id,
    Clock.case_ref,
    Clock.milestone,
    Clock.severity,
    Clock.site_id,
    Clock.team_id,
    Clock.owner_id,
    Clock.due_at,
    Clock.calendar_version_id,
    Clock.target_seconds,
    Clock.started_at,
    Clock.stopped_at,
    Clock.cancelled_at,
    Clock.breached_at,
    Clock.historic,
    Clock.subject,
    Clock.label,
)
DEFAULT_POLICY = Policy(
    tuple(Target(s, name, seconds) for s, wanted in DEFAULT_TARGETS.items() for name, seconds in wanted.items()),
    DEFAULT_RULES,
)
_WITH_PAUSES = select(*_CLOCK, ClockPause.from_at, ClockPause.to_at).outerjoin(
    ClockPause, ClockPause.clock_id == Clock.id
)
_OF_CASES = _WITH_PAUSES.where(Clock.case_id.in_(bindparam("case_ids", expanding=True))).order_by(
    Clock.case_id, Clock.id, ClockPause.id
)
_BY_ID = _WITH_PAUSES.where(Clock.id.in_(bindparam("ids", expanding=True))).order_by(Clock.id, ClockPause.id)
_OF_RECORD = _WITH_PAUSES.where(
    Clock.id == select(func.max(Clock.id)).where(Clock.subject == bindparam("subject")).scalar_subquery()
).order_by(ClockPause.id)
_NEWEST_POLICY = select(SlaPolicyVersion.id).order_by(SlaPolicyVersion.number.desc()).limit(1).scalar_subquery()
