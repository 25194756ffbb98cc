"""Reads of pulses: which there are, whether somebody may still answer, and what a closed one came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from app.insights import pulse_rules as rules
from app.insights.pulse_models import Pulse, PulseAnswer, PulseBallot, PulseGroup
from app.insights.pulse_rules import Group, Sums, Total, Unit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import Team
from app.people.permissions import Scope

PULSES_MAX = 100
TREND_MAX = 8  # pulses of a trend, the newest


@dataclass(frozen=True, slots=True)
class PulseRow:
    """A pulse as lists and pages say it."""

    id: int
    name: str
    opens_at: datetime
    closes_at: datetime
    handed_out_at: datetime | None
    called_off_at: datetime | None

    @property
    def ref(self) -> str:
        return ref("pulse", self.id)

    def state(self, now: datetime) -> str:
        """Say planned, open, closed or called_off; one whose ballots were never handed out closes with nothing to show."""
        if self.called_off_at is not None:
            return "called_off"
        if now >= self.closes_at:
            return "closed"
        return "open" if self.handed_out_at is not None and now >= self.opens_at else "planned"


_COLUMNS = tuple(getattr(Pulse, name) for name in PulseRow.__dataclass_fields__)


def pulses() -> tuple[PulseRow, ...]:
    """Every pulse that was not called off, the newest first; a company has a few a year."""
    statement = select(*_COLUMNS).where(Pulse.called_off_at.is_(None)).order_by(Pulse.opens_at.desc(), Pulse.id.desc())
    return tuple(PulseRow(*row) for row in db.session.execute(statement.limit(PULSES_MAX)))


def pulse(pulse_id: int) -> PulseRow | None:
    row = db.session.execute(select(*_COLUMNS).where(Pulse.id == pulse_id)).first()
    return PulseRow(*row) if row else None


def to_answer(employee_id: int, now: datetime) -> PulseRow | None:
    """Return the open pulse that this person was asked in and has not answered."""
    statement = (
        select(*_COLUMNS)
        .join(PulseBallot, PulseBallot.pulse_id == Pulse.id)
        .where(PulseBallot.employee_id == employee_id, Pulse.called_off_at.is_(None))
        .where(Pulse.opens_at <= now, Pulse.closes_at > now)
        .limit(1)
    )
    row = db.session.execute(statement).first()
    return PulseRow(*row) if row else None


def overlapping(opens_at: datetime, closes_at: datetime) -> bool:
    """Tell whether another pulse has a part of this time: two at once would only tire people."""
    statement = select(Pulse.id).where(
        Pulse.called_off_at.is_(None), Pulse.opens_at < closes_at, Pulse.closes_at > opens_at
    )
    return db.session.scalar(statement.limit(1)) is not None


def due_to_open(now: datetime, limit: int) -> list[int]:
    """Pulses whose ballots wait to be handed out."""
    statement = select(Pulse.id).where(
        Pulse.handed_out_at.is_(None), Pulse.called_off_at.is_(None), Pulse.opens_at <= now, Pulse.closes_at > now
    )
    return list(db.session.scalars(statement.order_by(Pulse.id).limit(limit)))


def due_to_sweep(now: datetime, limit: int) -> list[int]:
    """Pulses that are over and whose unused ballots are still there."""
    statement = select(Pulse.id).where(Pulse.swept_at.is_(None), Pulse.called_off_at.is_(None), Pulse.closes_at <= now)
    return list(db.session.scalars(statement.order_by(Pulse.id).limit(limit)))


def _scale_columns(scale: str) -> list[Any]:
    """Count, sum and sum of squares of a scale's scores, in sixths: three statements halve, two take a third."""
    items = [getattr(PulseAnswer, f"{scale}_{number}") for number in range(1, rules.PER_SCALE + 1)]
    said = sum((case((item.is_not(None), 1), else_=0) for item in items[1:]), case((items[0].is_not(None), 1), else_=0))
    summed = sum((func.coalesce(item, 0) for item in items[1:]), func.coalesce(items[0], 0))
    sixths = case((said == 3, summed * 2), (said == 2, summed * 3))
    return [func.count(sixths), func.sum(sixths), func.sum(sixths * sixths)]


_SUMS = [column for scale in rules.SCALES for column in _scale_columns(scale)]


def groups_of(pulse_ids: Sequence[int]) -> dict[int, tuple[Group, ...]]:
    """Return what each group's answers add up to, by pulse. Two queries; nothing of it may leave the server unsuppressed."""
    if not pulse_ids:
        return {}
    summed = (
        select(PulseAnswer.group_id, func.count(PulseAnswer.id), *_SUMS)
        .join(PulseGroup, PulseGroup.id == PulseAnswer.group_id)
        .where(PulseGroup.pulse_id.in_(pulse_ids))
        .group_by(PulseAnswer.group_id)
    )
    said = {row[0]: [int(value or 0) for value in row[1:]] for row in db.session.execute(summed)}
    found: dict[int, list[Group]] = {}
    for one in db.session.scalars(select(PulseGroup).where(PulseGroup.pulse_id.in_(pulse_ids)).order_by(PulseGroup.id)):
        numbers = said.get(one.id, [0] * (1 + 3 * len(rules.SCALES)))
        sums = tuple(Sums(*numbers[1 + 3 * at : 4 + 3 * at]) for at in range(len(rules.SCALES)))
        found.setdefault(one.pulse_id, []).append(
            Group(one.id, one.site_id, one.team_id, one.region_id, one.asked_count, numbers[0], sums)
        )
    return {pulse_id: tuple(groups) for pulse_id, groups in found.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A closed pulse as one reader may see it. units: everything asked that lies in their scope, also what stays hidden."""

    row: PulseRow
    units: tuple[Unit, ...]
    totals: dict[Unit, Total]


def readings(rows: Sequence[PulseRow], scope: Scope, actor: Actor, now: datetime) -> list[Reading]:
    """Return the closed ones among these pulses within a scope. What is hidden is decided first, and for everybody alike.

    Three queries, however many.
    """
    closed = [row for row in rows if row.state(now) == "closed"]
    groups, own = groups_of([row.id for row in closed]), own_teams(scope, actor)
    found = []
    for row in closed:
        asked = groups.get(row.id, ())
        shown = rules.shown(asked)
        units = tuple(unit for unit in rules.units(asked) if _sees(scope, own, unit, asked))
        totals = {unit: rules.total_of(unit, shown[unit]) for unit in units if unit in shown}
        found.append(Reading(row, units, totals))
    return found


def own_teams(scope: Scope, actor: Actor) -> frozenset[int]:
    """The teams that somebody is in or leads; asked only where the scope ends there."""
    if scope.kind != "team":
        return frozenset()
    led = db.session.scalars(select(Team.id).where(Team.supervisor_id == actor.id))
    return frozenset({*led, *([actor.team_id] if actor.team_id else [])})


def _sees(scope: Scope, own: frozenset[int], unit: Unit, groups: Sequence[Group]) -> bool:
    """Tell whether a unit lies within the scope: a region's with its sites, all of which the reader must reach."""
    if scope.kind == "company":
        return True
    if scope.kind == "team":
        return unit.kind == "team" and unit.id in own
    if scope.kind != "region" or unit.kind == "company":
        return False
    sites = {
        "team": {one.site_id for one in groups if one.team_id == unit.id},
        "site": {unit.id},
        "region": {one.site_id for one in groups if one.region_id == unit.id},
    }[unit.kind]
    return sites <= set(scope.site_ids)
