"""When somebody leaves: their own running review ends, and each that they hold goes to somebody else."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.references import ref
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people import hooks as people_hooks
from app.people import queries as people
from app.people.models import Employee
from app.people.permissions import COMPANY
from app.reviews import queries
from app.reviews.models import Review

ENDED = audit.declare("review:end", "step", sentence=_l("ended a review, since its person has left"))
ENDED_LINE = declare("review:end", _l("%(who)s has left, so their review has ended as it stood."))
HANDED = audit.declare("review:hand-over", "reviewer", sentence=_l("handed a review over to somebody else"))


class HoldsReviews(Refusal):
    """Nobody else may hold what this person holds."""

    code = "holds-reviews"
    sentence = _l(
        "This person holds a review, and nobody else in HR or management could read it. Invite somebody first."
    )


def end_own_review(employee_id: int, actor: Actor, now: datetime) -> None:
    """End the running review of a person who leaves: nobody can speak or sign for them. What was said stays."""
    running = select(Review).where(Review.employee_id == employee_id, Review.state != "closed")
    for row in db.session.scalars(running.with_for_update()):
        audit.record(ENDED, subject=row.ref, actor=actor, at=now, step=row.state)
        row.state, row.closed_at, row.version = "closed", now, row.version + 1
        notify(
            employee_ids=[row.reviewer_id], kind="review", subject=row.ref, url=f"/reviews/{row.ref}",
            text_key=ENDED_LINE, params={"who": people.names([employee_id])[employee_id]}, at=now,
        )  # fmt: skip


def hand_over_reviews(employee_id: int, actor: Actor, now: datetime) -> None:
    """Give each running review of a leaving reviewer to somebody in HR, or else a manager, without a hand in it."""
    held = select(Review).where(Review.reviewer_id == employee_id, Review.state != "closed").order_by(Review.id)
    for row in db.session.scalars(held.with_for_update()):
        found = queries.review(row.id, COMPANY)
        assert found is not None
        possible = [one for one, _name in queries.readers(found) if one != employee_id]
        rows = db.session.execute(select(Employee.id, Employee.role).where(Employee.id.in_(possible)))
        roles = {one.id: one.role for one in rows}
        possible.sort(key=lambda one: (roles[one] != "hr", one))
        if not possible:
            raise HoldsReviews
        # Words that were locked for signing were another reviewer's: they are talked about again.
        if row.state == "signing":
            row.state, row.round = "conversation", row.round + 1
        row.reviewer_id, row.version = possible[0], row.version + 1
        reviewer = ref("employee", possible[0])
        audit.record(HANDED, subject=row.ref, actor=actor, at=now, reviewer=reviewer)


def register(_app: Any) -> None:
    people_hooks.add(end_own_review)
    people_hooks.add(hand_over_reviews)
