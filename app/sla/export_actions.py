"""Carrying clocks away as a table: what pages and the API show at this instant, by the same function."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.sheets import csv_bytes
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import queries as people
from app.people.permissions import require
from app.sla import queries
from app.sla.models import Clock
from app.sla.queries import ClockView

ROWS_MAX = 20_000
BATCH = 500
HEADER = (
    "clock", "case", "milestone", "name", "about", "severity", "state", "started_at", "due_at", "stopped_at",
    "target_seconds", "elapsed_seconds", "left_seconds", "wall_elapsed_seconds", "wall_left_seconds", "paused_seconds",
    "team", "owner",
)  # fmt: skip
EXPORTED = audit.declare(
    "clock:export", "case", "team", "owner", "count", "columns", sentence=_l("carried clocks away as a table")
)


class TooMany(Refusal):
    """More rows than one table may have."""

    status = 422
    code = "too-many-rows"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clocks: the open ones of a site, narrowed by team or owner; or all those of one case."""

    site_id: int
    team_id: int | None = None
    owner_id: int | None = None
    case_id: int | None = None


def export(*, wanted: Wanted, actor: Actor, now: datetime) -> bytes:
    """Write the table and the entry that tells of it. Raises TooMany."""
    require(actor, "clocks.read", site_id=wanted.site_id)
    chosen = _chosen(wanted)
    with transaction():
        count = db.session.scalar(select(func.count()).select_from(Clock).where(*chosen)) or 0
        if count > ROWS_MAX:
            raise TooMany(_("%(count)s clocks are too many for one table. Choose a team.", count=f"{count:,}"))
        views = _views(chosen, now)
        teams = {team.id: team.name for team in people.teams(wanted.site_id)}
        names = people.names(view.owner_id for view in views)
        table = csv_bytes(HEADER, (_row(view, teams, names) for view in views))
        audit.record(
            EXPORTED,
            subject=f"site:{wanted.site_id}",
            actor=actor,
            at=now,
            case_id=wanted.case_id,
            site_id=wanted.site_id,
            case=wanted.case_id,
            team=wanted.team_id,
            owner=wanted.owner_id,
            count=len(views),
            columns=list(HEADER),
        )
        return table


def _chosen(wanted: Wanted) -> list[Any]:
    found: list[Any] = [Clock.site_id == wanted.site_id]
    if wanted.case_id is not None:
        return [*found, Clock.case_id == wanted.case_id]
    found += [Clock.stopped_at.is_(None), Clock.cancelled_at.is_(None), ~Clock.historic]
    if wanted.team_id is not None:
        found.append(Clock.team_id == wanted.team_id)
    if wanted.owner_id is not None:
        found.append(Clock.owner_id == wanted.owner_id)
    return found


def _views(chosen: Iterable[Any], now: datetime) -> list[ClockView]:
    """The chosen clocks as they are at `now`, in the order of their ids."""
    ids = list(db.session.scalars(select(Clock.id).where(*chosen).order_by(Clock.id)))
    found: list[ClockView] = []
    for start in range(0, len(ids), BATCH):
        found += queries.clocks_by_id(ids[start : start + BATCH], now)
    return found


def _row(view: ClockView, teams: dict[int, str], names: dict[int, str]) -> list[str | int | None]:
    return [
        view.ref, view.case_ref, view.milestone, str(view.name), view.label, view.severity, view.state,
        iso(view.started_at), _instant(view.due_at), _instant(view.stopped_at), view.target_seconds,
        view.elapsed_seconds, view.left_seconds, view.wall_elapsed_seconds, view.wall_seconds, view.paused_seconds,
        teams.get(view.team_id or 0), names.get(view.owner_id or 0),
    ]  # fmt: skip


def _instant(at: datetime | None) -> str | None:
    return iso(at) if at else None
