"""Reads of routes: which step is open, who has spoken in it, and what was said."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, cast, exists, func, literal, select
from sqlalchemy.orm import selectinload

from app.approvals.models import ExceptionRequest
from app.approvals.rules import StepFacts
from app.approvals.step_models import ExceptionMessage, ExceptionRoute, ExceptionStep, ExceptionVote
from app.kernel.database import db
from app.sla.approval_actions import Answer
from app.sla.approval_actions import answer_of as answer_of_clock
from app.sla.models import Clock


@dataclass(frozen=True, slots=True)
class Written:
    """The steps of some requests' present rounds, and what was said in them, as rows."""

    steps: list[Any]
    votes: list[Any]


def written(ids: Sequence[int]) -> Written:
    """Read steps and says; one query for any number of requests."""
    if not ids:
        return Written([], [])
    rows = db.session.execute(
        select(
            ExceptionStep.exception_id, ExceptionStep.number, ExceptionStep.who, ExceptionStep.needed,
            ExceptionStep.done_at, ExceptionStep.escalated_at, ExceptionStep.due_at, ExceptionStep.opened_at,
            ExceptionVote.id.label("vote_id"), ExceptionVote.outcome, ExceptionVote.decided_by_id,
            ExceptionVote.on_behalf_of_id, ExceptionVote.at, ExceptionVote.reason, ExceptionVote.amount_minor,
        )
        .join(ExceptionRoute, ExceptionRoute.exception_id == ExceptionStep.exception_id)
        .outerjoin(
            ExceptionVote,
            and_(
                ExceptionVote.exception_id == ExceptionStep.exception_id, ExceptionVote.round == ExceptionStep.round,
                ExceptionVote.number == ExceptionStep.number,
            ),
        )
        .where(ExceptionStep.exception_id.in_(ids), ExceptionStep.round == ExceptionRoute.round)
        .order_by(ExceptionStep.exception_id, ExceptionStep.number, ExceptionVote.id)
    ).all()  # fmt: skip
    steps = {(row.exception_id, row.number): row for row in rows}
    return Written(list(steps.values()), [row for row in rows if row.vote_id is not None])


def open_steps(found_rows: Written, humans: Mapping[int, int]) -> dict[int, tuple[StepFacts, dict[int, int]]]:
    """Return the open step of each of these requests, and who has spoken on it: the person and whom they spoke for,
    with the step. Requests from before routes were written down have none."""
    rows: dict[int, list[Any]] = defaultdict(list)
    for step in found_rows.steps:
        rows[step.exception_id].append(step)
    said: dict[tuple[int, int], int] = defaultdict(int)
    acted: dict[int, dict[int, int]] = defaultdict(dict)
    for vote in found_rows.votes:
        said[vote.exception_id, vote.number] += 1
        for identity in (vote.decided_by_id, vote.on_behalf_of_id):
            if identity is not None:
                acted[vote.exception_id][humans.get(identity, identity)] = vote.number
    found = {}
    for number, steps in rows.items():
        current = next((step for step in steps if step.done_at is None), steps[-1])
        facts = StepFacts(
            number=current.number,
            of=len(steps),
            who=tuple(current.who),
            needed=current.needed,
            said=said[number, current.number],
            is_raised=current.escalated_at is not None,
            rest=tuple((tuple(step.who), step.needed) for step in steps if step.number > current.number),
        )
        found[number] = facts, acted[number]
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said in a step."""

    outcome: str
    by_id: int
    on_behalf_of_id: int | None
    at: datetime
    reason: str
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a request as its page shows it."""

    number: int
    who: tuple[str, ...]
    needed: int
    opened_at: datetime | None
    due_at: datetime | None
    escalated_at: datetime | None
    done_at: datetime | None
    said: tuple[Said, ...]


def steps_of(exception_id: int, found: Written | None = None) -> tuple[StepRow, ...]:
    """Return the steps of a request's present round with what was said in each."""
    found = found or written([exception_id])
    said: dict[int, list[Said]] = defaultdict(list)
    for vote in found.votes:
        said[vote.number].append(
            Said(vote.outcome, vote.decided_by_id, vote.on_behalf_of_id, vote.at, vote.reason, vote.amount_minor)
        )
    return tuple(
        StepRow(
            number=step.number,
            who=tuple(step.who),
            needed=step.needed,
            opened_at=step.opened_at,
            due_at=step.due_at,
            escalated_at=step.escalated_at,
            done_at=step.done_at,
            said=tuple(said[step.number]),
        )
        for step in found.steps
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the talk about a request."""

    id: int
    kind: str
    author_id: int
    at: datetime
    text: str
    said: dict[str, Any]


def thread(exception_id: int, limit: int = 200) -> tuple[Line, ...]:
    """Return questions, answers and amendments, oldest first; of more than `limit` the newest."""
    rows = db.session.execute(
        select(
            ExceptionMessage.id, ExceptionMessage.kind, ExceptionMessage.author_id, ExceptionMessage.at, ExceptionMessage.text,
            ExceptionMessage.said,
        )
        .where(ExceptionMessage.exception_id == exception_id)
        .order_by(ExceptionMessage.id.desc())
        .limit(limit)
    )  # fmt: skip
    return tuple(reversed([Line(*row) for row in rows]))


def least_granted(exception_id: int) -> int | None:
    """Return the smallest amount, in minor units, that a say of this round has granted."""
    votes = written([exception_id]).votes
    return min((vote.amount_minor for vote in votes if vote.amount_minor is not None), default=None)


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes when a request changes, and where it belongs; `says` are those of the present round."""

    state: str
    ended_at: datetime | None
    terms_hash: str
    site_id: int
    team_id: int | None
    asker_id: int
    says: int
    last_line: int | None


def mark(exception_id: int) -> Mark | None:
    """Read a request's mark in one query, for pages that ask whether anything is new."""
    return marks([exception_id]).get(exception_id)


def marks(ids: Collection[int]) -> dict[int, Mark]:
    """Read the marks of several requests in one query."""
    says = (
        select(func.count())
        .select_from(ExceptionVote)
        .join(ExceptionRoute, ExceptionRoute.exception_id == ExceptionVote.exception_id)
        .where(ExceptionVote.exception_id == ExceptionRequest.id, ExceptionVote.round == ExceptionRoute.round)
        .scalar_subquery()
    )
    line = select(func.max(ExceptionMessage.id)).where(ExceptionMessage.exception_id == ExceptionRequest.id)
    rows = db.session.execute(
        select(
            ExceptionRequest.id, ExceptionRequest.state, ExceptionRequest.ended_at, ExceptionRequest.terms_hash,
            ExceptionRequest.site_id, ExceptionRequest.team_id, ExceptionRequest.requested_by_id, says,
            line.scalar_subquery(),
        ).where(ExceptionRequest.id.in_(list(ids)))
    )  # fmt: skip
    return {row[0]: Mark(*row[1:]) for row in rows}


def tag_of(found: Mark | None) -> str:
    """Name a state of a request, so that a page can ask whether it is still the same."""
    said = repr((found.state, found.ended_at, found.terms_hash, found.says, found.last_line) if found else None)
    return hashlib.sha256(said.encode()).hexdigest()[:20]


def to_remind(now: datetime, limit: int) -> list[int]:
    """Return open steps that nobody was reminded of yet though half of their time is gone."""
    return _open_ids(ExceptionStep.remind_at <= now, ExceptionStep.reminded_at.is_(None), limit)


def to_raise(now: datetime, limit: int) -> list[int]:
    """Return open steps whose time is over and that were not raised yet."""
    return _open_ids(ExceptionStep.due_at <= now, ExceptionStep.escalated_at.is_(None), limit)


def _open_ids(due: Any, is_new: Any, limit: int) -> list[int]:
    return list(
        db.session.scalars(
            select(ExceptionStep.id)
            .join(ExceptionRequest, ExceptionRequest.id == ExceptionStep.exception_id)
            .join(ExceptionRoute, ExceptionRoute.exception_id == ExceptionStep.exception_id)
            .where(ExceptionStep.opened_at.is_not(None), ExceptionStep.done_at.is_(None), due, is_new)
            .where(ExceptionRequest.state == "waiting", ExceptionStep.round == ExceptionRoute.round)
            .where(~exists().where(_ITS_CLOCK, Clock.due_at.is_(None)))  # a pause holds it
            .order_by(ExceptionStep.due_at, ExceptionStep.id)
            .limit(limit)
        )
    )


def to_follow(limit: int) -> list[int]:
    """Return open steps whose clock is due at another time than they know."""
    return list(
        db.session.scalars(
            select(ExceptionStep.id)
            .join(ExceptionRoute, ExceptionRoute.exception_id == ExceptionStep.exception_id)
            .join(Clock, _ITS_CLOCK)
            .where(ExceptionStep.opened_at.is_not(None), ExceptionStep.done_at.is_(None))
            .where(ExceptionStep.round == ExceptionRoute.round, Clock.due_at != ExceptionStep.due_at)
            .order_by(ExceptionStep.id)
            .limit(limit)
        )
    )


def answer_of(step_id: int) -> Answer | None:
    """Return what the clock of an open step says."""
    clock = db.session.scalar(
        select(Clock)
        .options(selectinload(Clock.pauses))
        .join(ExceptionStep, _ITS_CLOCK)
        .where(ExceptionStep.id == step_id)
    )
    return answer_of_clock(clock) if clock else None


def open_step_ids(ids: Sequence[int]) -> dict[int, int]:
    """Return the open step of each of these requests."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(ExceptionStep.exception_id, ExceptionStep.id)
        .join(ExceptionRoute, ExceptionRoute.exception_id == ExceptionStep.exception_id)
        .where(ExceptionStep.exception_id.in_(ids), ExceptionStep.round == ExceptionRoute.round)
        .where(ExceptionStep.opened_at.is_not(None), ExceptionStep.done_at.is_(None))
    )
    return {row.exception_id: row.id for row in rows}


_ITS_CLOCK = and_(
    Clock.subject == literal("EX-").concat(cast(ExceptionStep.exception_id, String)),
    Clock.milestone == "approval",
    Clock.stopped_at.is_(None),
    Clock.cancelled_at.is_(None),
)
