"""Drafts and reviews for tests, made through the same actions as a person's."""

from datetime import datetime

from app.kernel.actor import Actor, command
from app.kernel.time import utc_now
from app.policies import actions as policies

REVIEWER = command("test-review")


def approve(version_id: int, *, actor: Actor = REVIEWER, now: datetime | None = None) -> None:
    policies.review_version(version_id=version_id, outcome="approved", note="", actor=actor, now=now or utc_now())
