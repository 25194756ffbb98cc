"""Nobody's review is left without somebody who holds it when a reviewer leaves."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.references import ref
from app.people import hooks as people_hooks
from app.people.models import Employee
from app.people.permissions import COMPANY
from app.reviews import queries
from app.reviews.models import Review

HANDED = audit.declare("review:hand-over", "reviewer", sentence=_l("handed a review over to somebody else"))


class HoldsReviews(Refusal):
    """Nobody else may hold what this person holds."""

    code = "holds-reviews"
    sentence = _l(
        "This person holds a review, and nobody else in HR or management could read it. Invite somebody first."
    )


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
    people_hooks.add(hand_over_reviews)
