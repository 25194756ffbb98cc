"""What guests answered when they were asked how it went, and what was done for those who were unhappy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.cases.models import Case
from app.demo.clockwork import Story
from app.demo.plans import Plan
from app.feedback import actions as feedback
from app.feedback.models import FollowUp
from app.feedback.rules import Scores
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.references import ref
from app.people.queries import PersonRow

if TYPE_CHECKING:
    from app.demo.lives import Scene

ONE_IN = 9
_GLAD = ("", "", "Quick and kind.", "Sorted out on the spot, thank you.", "", "Nobody made me ask twice.")
_SO_SO = ("", "It took a while.", "Fine in the end, but I had to explain it three times.")
_UNHAPPY = ("Nobody called back.", "The same thing happened again the next night.", "I was made to feel like a beggar.")
_DONE = "Called, apologised, and told the guest what we changed."


def is_asked(plan: Plan) -> bool:
    return plan.number % ONE_IN == 4 and plan.severity > 0


def asked(scene: Scene, case_id: int, owner: PersonRow, plan: Plan) -> Story:
    """The desk gives out the link; seven in ten answer, and whoever is unhappy gets a call."""
    case = db.session.get(Case, case_id)
    if case is None or case.resolved_at is None:
        return
    survey_id = feedback.hand_out(case_id=case_id, actor=scene.who(owner), now=scene.clockwork.now).id
    place = plan.helper * 7_919 % 1
    if place >= 0.7:
        return
    yield timedelta(hours=3 + 30 * place)
    case = db.session.get_one(Case, case_id)
    scores, comment = _answer(plan, place / 0.7)
    who = customer(ref("customer", case.customer_id) if case.customer_id else case.ref, case.site_id)
    now = scene.clockwork.now
    is_low = feedback.answer(survey_id=survey_id, scores=scores, comment=comment, actor=who, now=now)
    if is_low:
        yield timedelta(hours=4 + 50 * plan.logger)
        waiting = select(FollowUp).where(FollowUp.case_id == case_id, FollowUp.closed_at.is_(None))
        found = db.session.scalars(waiting).one()
        feedback.close_follow_up(
            follow_up_id=found.id, cause=plan.cause, action=_DONE, version=found.version, actor=scene.who(owner),
            now=scene.clockwork.now,
        )  # fmt: skip


def _answer(plan: Plan, place: float) -> tuple[Scores, str]:
    """Eight in ten are glad, one is so-so, one is unhappy; the worse it was, the lower."""
    pick = int(place * 1_000)
    words: tuple[str, ...]
    if place < 0.8:
        csat, nps, words = 4 + pick % 2, 8 + pick % 3, _GLAD
    elif place < 0.9:
        csat, nps, words = 3, 7 + pick % 2, _SO_SO
    else:
        csat, nps, words = 1 + pick % 2, pick % 7, _UNHAPPY
    fair = max(1, min(5, csat + (1 if plan.gift else 0)))
    scores = Scores(csat, nps, ces=min(7, csat + 2), outcome_fair=fair, process_fair=csat, treated_well=max(csat, 3))
    return scores, words[pick % len(words)]
