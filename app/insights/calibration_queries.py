"""The risk score as it stood when customers left us, beside what became of them afterwards.

Every resolution counted here is one of the measure "the customer had to come back" (fact_queries), so both say the same of it.
Of each customer the first in the period is taken: a customer who comes often is still one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import CTE, Select, func, select, union_all

from app.cases.models import Case, CaseEvent
from app.customers.models import CustomerMerge
from app.feedback.models import Survey
from app.insights.calibration_rules import Calibration, Graded, calibrate
from app.insights.fact_queries import statement
from app.insights.outcome_models import LaterOutcome
from app.insights.queries import Part
from app.insights.risk_queries import Known, facts, gathered, people_of
from app.insights.risk_rules import LOOK_BACK
from app.kernel.database import db
from app.people.permissions import Scope

Outcome = Literal["back", "left"]
OUTCOMES: tuple[Outcome, ...] = ("back", "left")
SAMPLE_MAX = 5_000
LEFT_WITHIN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Sample:
    """A calibration and how many customers it left out: refused (they said no), unknown (nothing is known of the outcome).

    is_cut: only the newest SAMPLE_MAX resolutions of the period were read.
    """

    calibration: Calibration
    refused: int
    unknown: int
    is_cut: bool


def calibration(outcome: Outcome, part: Part, now: datetime) -> Sample:
    """What became of the customers of a part's resolutions by the score just before each.

    back: they wrote again about the case or brought another within 30 days. left: the newest of their later outcomes within
    LEFT_WITHIN says that they didn't stay; customers of whom no source says so or otherwise are left out.
    """
    sample = _sample(part, now)
    rows = db.session.execute(sample).all()
    firsts: dict[int, tuple[datetime, bool]] = {}
    for root, at, hit in reversed(rows[:SAMPLE_MAX]):  # the oldest first
        firsts.setdefault(root, (at, bool(hit)))
    known, who = _known(sample, part) if firsts else ({}, None)
    later = _later(who) if outcome == "left" and who is not None else {}
    graded, refused, unknown = [], 0, 0
    for root, (at, came_back) in firsts.items():
        standing = known.get(root, Known()).standing(at)
        hit = came_back if outcome == "back" else _left(later.get(root, ()), at)
        if standing.score is None:
            refused += 1
        elif hit is None:
            unknown += 1
        else:
            graded.append(Graded(standing.score.points, hit))
    return Sample(calibrate(graded), refused, unknown, len(rows) > SAMPLE_MAX)


def _sample(part: Part, now: datetime) -> Select[Any]:
    """(root, at, hit) of the newest resolutions of the part."""
    found = statement("repeat-contact", part, now).subquery()
    root = func.coalesce(CustomerMerge.root_id, Survey.customer_id)
    return (
        select(root.label("customer_id"), found.c.at, found.c.hit)
        .join(Survey, Survey.id == found.c.key)
        .outerjoin(CustomerMerge, (CustomerMerge.customer_id == Survey.customer_id) & CustomerMerge.undone_at.is_(None))
        .order_by(found.c.at.desc(), found.c.key.desc())
        .limit(SAMPLE_MAX + 1)
    )


def _known(sample: Select[Any], part: Part) -> tuple[dict[int, Known], CTE]:
    """Everything that a score of the period may hang on, at the part's places, with severities that were changed since."""
    _root, who = people_of(sample.subquery())
    scope = Scope("region", site_ids=part.site_ids)
    _on, known, _open = gathered(db.session.execute(union_all(*facts(who, scope, part.since - LOOK_BACK))))
    changed = (
        select(who.c.root, CaseEvent.case_id, CaseEvent.at, CaseEvent.data)
        .join(Case, Case.customer_id == who.c.number)
        .join(CaseEvent, CaseEvent.case_id == Case.id)
        .where(CaseEvent.kind == "changed", CaseEvent.at >= part.since)
        .order_by(CaseEvent.at, CaseEvent.id)
    )
    for root, case_id, at, data in db.session.execute(changed):
        before = (data.get("before") or {}).get("severity")
        if root in known and isinstance(before, int):
            known[root].was[case_id].append((at, before))
    return known, who


def _later(who: CTE) -> dict[int, list[tuple[date, bool]]]:
    """What sources said of each customer, by day."""
    rows = db.session.execute(
        select(who.c.root, LaterOutcome.on_day, LaterOutcome.has_stayed)
        .join(LaterOutcome, LaterOutcome.customer_id == who.c.number)
        .where(LaterOutcome.has_stayed.is_not(None))
        .order_by(LaterOutcome.on_day, LaterOutcome.id)
    )
    found: dict[int, list[tuple[date, bool]]] = defaultdict(list)
    for root, on, stayed in rows:
        found[root].append((on, bool(stayed)))
    return found


def _left(said: Sequence[tuple[date, bool]], at: datetime) -> bool | None:
    """Whether the newest word after the day of `at`, and within LEFT_WITHIN of it, is that they left."""
    within = [stayed for on, stayed in said if at.date() < on <= (at + LEFT_WITHIN).date()]
    return not within[-1] if within else None
