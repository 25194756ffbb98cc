"""Saying something about conduct: with a clause of the charter and a case, and never against a protected decision."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.reviews import actions, charter_queries, queries, rules
from app.reviews.models import ConductCase, ConductItem, Review
from app.reviews.sealing import keep

ADDED = audit.declare(
    "review:add-conduct", "area", "tone", "charter", "clause", "cases", sentence=_l("wrote about conduct in a review")
)
WITHDRAWN = audit.declare("review:withdraw-conduct", "item", sentence=_l("took back a word about conduct in a review"))
REFUSED = audit.declare(
    "review:refuse-conduct", "cases", "clauses", sentence=_l("tried to hold a protected decision against somebody")
)


class ProtectedDecision(Refusal):
    """The policy of its time allowed it, and a reason was given: nobody is blamed for it, also not later."""

    status = 422
    code = "protected-decision"


class NoCharter(Refusal):
    code = "no-charter"
    sentence = _l("There is no published charter yet, so there is no clause that conduct could be held against.")


def add_conduct(
    *, review_id: int, area: str, tone: str, text: str, clause: str, case_ids: Sequence[int], version: int,
    actor: Actor, now: datetime,
) -> None:  # fmt: skip
    """Add a praise or a concern. A concern that names a protected case is refused, and the attempt is in the trail."""
    with transaction():
        row, found = actions.taken(review_id, version, "conduct", actor)
        charter = charter_queries.in_force()
        if charter is None:
            raise NoCharter
        errors = {}
        if area not in rules.AREAS:
            errors["area"] = [_("Choose what it is about.")]
        if tone not in rules.TONES:
            errors["tone"] = [_("Choose whether it is praise or a concern.")]
        if not rules.TEXT_MIN <= len(text.strip()) <= rules.TEXT_MAX:
            errors["text"] = [_("Write 3 to 4,000 characters.")]
        if charter.clause(clause) is None:
            errors["clause"] = [_("Choose a clause of the charter in force.")]
        if not case_ids:
            errors["cases"] = [_("Name at least one case: nothing is said about conduct without one.")]
        elif not set(case_ids) <= actions.own_cases(found):
            errors["cases"] = [_("Name cases of this person in this period.")]
        if errors:
            raise BadInput(errors)
        held = queries.protected(found.employee_id, case_ids) if tone == "concern" else {}
        if not held:
            _add(row, area, tone, text, charter.id, clause, case_ids, actor, now)
            numbers = [ref("case", one) for one in case_ids]
            audit.record(
                ADDED, subject=row.ref, actor=actor, at=now, area=area, tone=tone, charter=charter.number,
                clause=clause, cases=numbers,
            )  # fmt: skip
            return
        # Refused, but not forgotten: the trail names the attempt.
        cases, clauses = [ref("case", one) for one in held], sorted(set(held.values()))
        audit.record(REFUSED, subject=row.ref, actor=actor, at=now, cases=cases, clauses=clauses)
    raise ProtectedDecision(
        _(
            "%(cases)s can't carry a concern: what was given there was inside the policy of its time (%(clauses)s) and"
            " has its reason. That can't be held against anybody.",
            cases=", ".join(cases),
            clauses=", ".join(clauses),
        )
    )


def withdraw_conduct(*, review_id: int, item_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Take an item back before it is signed; it stays readable, struck through."""
    with transaction():
        row, _found = actions.taken(review_id, version, "conduct", actor)
        item = db.session.get(ConductItem, item_id, with_for_update=True)
        if item is None or item.review_id != row.id or item.withdrawn_at is not None:
            raise NotFound
        item.withdrawn_at = now
        audit.record(WITHDRAWN, subject=row.ref, actor=actor, at=now, item=item_id)


def _add(
    row: Review, area: str, tone: str, text: str, charter_id: int, clause: str, case_ids: Sequence[int], actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    item = ConductItem(
        review_id=row.id, round=row.round, area=area, tone=tone, charter_version_id=charter_id, clause=clause,
        author_id=actor.id, at=now,
    )  # fmt: skip
    keep(item, {"text": text.strip()}, employee_id=row.employee_id)
    db.session.add_all(ConductCase(item_id=item.id, case_id=one) for one in dict.fromkeys(case_ids))
