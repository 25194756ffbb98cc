"""What is due next in each of several cases, in one query: the state that the clock itself would show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.cases.queries import QueueRow
from app.kernel.database import db
from app.sla.models import Clock

_CLOCKS = (Clock.case_id, Clock.milestone, Clock.due_at, Clock.soon_at, Clock.breached_at)


@dataclass(frozen=True, slots=True)
class Due:
    """state: running, soon, breached, paused, met (resolved), or plain where nothing is due."""

    state: str
    milestone: str | None = None
    due_at: datetime | None = None


def dues(rows: Sequence[QueueRow], now: datetime) -> dict[int, Due]:
    """Return each case's next due clock. The case keeps the instant; its clock adds the name and when it counts as soon."""
    wanted = [row.id for row in rows if row.resolved_at is None and row.due_at is not None]
    clocks: dict[tuple[int, datetime | None], Any] = {}
    if wanted:
        open_now = (Clock.stopped_at.is_(None), Clock.cancelled_at.is_(None))
        for clock in db.session.execute(
            select(*_CLOCKS).where(Clock.case_id.in_(wanted), *open_now).order_by(Clock.id)
        ):
            clocks.setdefault((clock.case_id, clock.due_at), clock)
    found: dict[int, Due] = {}
    for row in rows:
        if row.resolved_at is not None:
            found[row.id] = Due("met")
        elif row.due_at is None:
            found[row.id] = Due("paused" if row.state == "waiting" else "plain")
        else:
            its = clocks.get((row.id, row.due_at))
            soon_at = its.soon_at if its else None
            # A breach once recorded stays, wherever its deadline has moved since.
            late = now > row.due_at or (its is not None and its.breached_at is not None and now > its.breached_at)
            state = "breached" if late else "soon" if soon_at is not None and now >= soon_at else "running"
            found[row.id] = Due(state, its.milestone if its else None, row.due_at)
    return found
