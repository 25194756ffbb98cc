"""Reads over shadow runs: what is new to answer, and what was answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from app.insights.shadow_models import ShadowAnswer, ShadowRun
from app.insights.shadow_rules import Agreement, Answered
from app.insights.simulation_queries import JUDGED, PurseCounting, Span, history, lookback_days, standing
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people import queries as people
from app.policies.document_rules import rules_of_values
from app.policies.models import PolicyVersion
from app.policies.replay_rules import Replay
from app.remedies.models import Remedy

# A transaction lasts seconds at most, and carries the instant of its beginning: what is this old has arrived in full.
SETTLED_AFTER = timedelta(seconds=30)
LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RunRow:
    """A shadow run with the version that it tries."""

    id: int
    version_id: int
    number: int
    title: str
    content_hash: str
    draft_hash: str
    valid_from: datetime
    reason: str
    started_at: datetime
    started_by: str
    stopped_at: datetime | None

    @property
    def version_ref(self) -> str:
        return ref("policy", self.version_id)

    @property
    def is_running(self) -> bool:
        return self.stopped_at is None

    @property
    def is_outdated(self) -> bool:
        """The draft was changed since: these answers are of what it said before."""
        return self.content_hash != self.draft_hash


_RUNS = select(
    ShadowRun.id, ShadowRun.version_id, PolicyVersion.number, PolicyVersion.title, ShadowRun.content_hash,
    PolicyVersion.content_hash.label("draft_hash"), PolicyVersion.valid_from, ShadowRun.reason, ShadowRun.started_at,
    ShadowRun.started_by, ShadowRun.stopped_at,
).join(PolicyVersion, PolicyVersion.id == ShadowRun.version_id)  # fmt: skip


def runs(limit: int = 100) -> tuple[RunRow, ...]:
    """The newest runs."""
    return tuple(RunRow(*row) for row in db.session.execute(_RUNS.order_by(ShadowRun.id.desc()).limit(limit)))


def running() -> tuple[RunRow, ...]:
    statement = _RUNS.where(ShadowRun.stopped_at.is_(None)).order_by(ShadowRun.id)
    return tuple(RunRow(*row) for row in db.session.execute(statement))


def newest_run(version_id: int) -> RunRow | None:
    statement = _RUNS.where(ShadowRun.version_id == version_id).order_by(ShadowRun.id.desc()).limit(1)
    row = db.session.execute(statement).first()
    return RunRow(*row) if row else None


def unanswered(run: RunRow, now: datetime, limit: int) -> dict[int, datetime]:
    """Remedies asked for since the run began that it has no answer to yet, oldest first, with when."""
    newest = db.session.scalar(select(func.max(ShadowAnswer.at)).where(ShadowAnswer.run_id == run.id))
    since = max(run.started_at, newest - LATE) if newest else run.started_at
    answered = select(ShadowAnswer.id).where(ShadowAnswer.run_id == run.id, ShadowAnswer.remedy_id == Remedy.id)
    statement = (
        select(Remedy.id, Remedy.created_at)
        .where(
            Remedy.site_id.in_([site.id for site in people.sites()]),
            Remedy.created_at >= since,
            Remedy.created_at <= now - SETTLED_AFTER,
            *JUDGED,
            ~answered.exists(),
        )
        .order_by(Remedy.created_at, Remedy.id)
        .limit(limit)
    )
    return {row.id: row.created_at for row in db.session.execute(statement)}


def answers(run: RunRow, wanted: dict[int, datetime]) -> list[Answered]:
    """Replay the days that fill the windows, and answer these questions under the draft as it was when the run began."""
    first, last = min(wanted.values()), max(wanted.values())
    values = db.session.scalar(select(ShadowRun.rules).where(ShadowRun.id == run.id))
    rules = standing(rules_of_values(values or []), max(run.started_at, run.valid_from))
    replay = Replay(lambda _asked: rules, PurseCounting())
    span = Span(first, last + timedelta(microseconds=1), tuple(site.id for site in people.sites()))
    found = []
    for asked in history(span, first - timedelta(days=lookback_days(rules)), with_attempts=False):
        answer = replay.ask(asked)
        if asked.id in wanted:
            found.append(Answered(asked.id, asked.at, asked.outcome, answer.outcome, answer.decision.clause))
    return found


def agreement(run_id: int, site_ids: tuple[int, ...]) -> Agreement:
    """How often the draft and the policy in force answered alike at these sites."""
    statement = (
        select(ShadowAnswer.live, ShadowAnswer.shadow, func.count())
        .join(Remedy, Remedy.id == ShadowAnswer.remedy_id)
        .where(ShadowAnswer.run_id == run_id, Remedy.site_id.in_(site_ids))
        .group_by(ShadowAnswer.live, ShadowAnswer.shadow)
    )
    pairs = {(live, shadow): count for live, shadow, count in db.session.execute(statement)}
    return Agreement(sum(pairs.values()), pairs)


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One question that the draft would have answered otherwise."""

    id: int
    remedy_id: int
    case_id: int
    site_id: int
    kind: str
    receipt: dict[str, Any]
    at: datetime
    live: str
    shadow: str
    clause: str

    @property
    def case_ref(self) -> str:
        return ref("case", self.case_id)

    @property
    def remedy_ref(self) -> str:
        return ref("remedy", self.remedy_id)

    @property
    def amount(self) -> Money:
        """What was asked for; less may have been granted or taken."""
        amount = self.receipt["asked"]["amount"]
        return Money.of(Decimal(amount["amount"]), amount["currency"])


def differences(run_id: int, site_ids: tuple[int, ...], page: Page) -> Slice[DifferenceRow]:
    """What the draft would have answered otherwise, newest first."""
    statement = (
        select(
            ShadowAnswer.id, ShadowAnswer.remedy_id, Remedy.case_id, Remedy.site_id, Remedy.kind, Remedy.decision,
            ShadowAnswer.at, ShadowAnswer.live, ShadowAnswer.shadow, ShadowAnswer.clause,
        )
        .join(Remedy, Remedy.id == ShadowAnswer.remedy_id)
        .where(ShadowAnswer.run_id == run_id, ShadowAnswer.live != ShadowAnswer.shadow, Remedy.site_id.in_(site_ids))
        .order_by(ShadowAnswer.id.desc())
    )  # fmt: skip
    if page.after and isinstance(page.after[0], int):
        statement = statement.where(ShadowAnswer.id < page.after[0])
    rows = [DifferenceRow(*row) for row in db.session.execute(statement.limit(page.size + 1))]
    return slice_of(rows, page, key=lambda row: (row.id,))
