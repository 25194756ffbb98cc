"""Due work: drafts in the shadow, and the counts kept for the overview.

The shadow reads what was done long enough ago, so it can't slow or fail a live answer.
"""

from datetime import datetime

from app.insights import rollup_actions, shadow_actions, shadow_queries
from app.kernel.actor import rule

SHADOW = rule("shadow-answer")


def answer_in_the_shadow(*, now: datetime, limit: int = 500) -> int:
    """Answer what is new under every draft in the shadow; returns how many answers were kept. May run twice."""
    kept = 0
    for run in shadow_queries.running():
        wanted = shadow_queries.unanswered(run, now, limit)
        if wanted:
            answers = shadow_queries.answers(run, wanted)
            kept += shadow_actions.keep_answers(run_id=run.id, answers=answers, actor=SHADOW, now=now)
    return kept


def fold_rollups(*, now: datetime, limit: int = 2_000) -> int:
    """Bring the overview's counts up to date; returns how many days were counted again. May run twice."""
    return rollup_actions.fold(now=now, limit=limit)
