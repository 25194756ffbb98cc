"""What is known of Cleo: what she agreed to, how she wants to be reached, that she was once two, and who will ask her again."""

from datetime import datetime, timedelta

from sqlalchemy import select

from app.cases.models import Case
from app.customers import actions as customers
from app.customers import care_actions, merge_actions
from app.customers import check_back_actions as check_backs
from app.kernel.database import db
from app.people.queries import PersonRow
from app.problems import actions as problems


def care_for(case_id: int, ana: PersonRow, sam: PersonRow, now: datetime) -> None:
    """Fill the page of the customer of a case, and leave one likely duplicate of her for Sam to look at."""
    case = db.session.get_one(Case, case_id)
    her, site_id = case.customer_id or 0, case.site_id
    for purpose, given in (("updates", True), ("marketing", False)):
        care_actions.record_consent(
            customer_id=her, purpose=purpose, given=given, source="phone", said_at=now - timedelta(days=1),
            actor=ana.actor, now=now,
        )  # fmt: skip
    care_actions.set_wishes(
        customer_id=her, version=0, channel="email", do_not_call=False, wishes="A quiet room, away from the lift.",
        actor=ana.actor, now=now,
    )  # fmt: skip
    name = customers.find_or_make(name="", customer_id=her, site_id=site_id, actor=ana.actor, now=now).name
    twins = [
        customers.make(name=other, email=email, site_id=site_id, actor=ana.actor, now=now).id
        for other, email in ((name, "cleo.m@guest.example"), (name, None))
    ]
    merge_actions.merge(
        customer_id=twins[0], into_id=her, reason="She gave her second address at the desk.", actor=sam.actor, now=now
    )
    check_backs.plan(
        customer_id=her, case_id=case_id, site_id=site_id, owner_id=ana.id, channel="email",
        what="Is the room warm now?", due_at=now + timedelta(days=2), actor=ana.actor, now=now,
    )  # fmt: skip
    _find_the_cause(case, ana, sam, now)


def _find_the_cause(case: Case, ana: PersonRow, sam: PersonRow, now: datetime) -> None:
    """Ana puts Cleo's case and an older one of its kind to a root cause, and Sam says what was done about it."""
    like_it = select(Case.id).where(
        Case.site_id == case.site_id, Case.category_id == case.category_id, Case.id != case.id, Case.historic.is_(False)
    )
    other_id = db.session.scalar(like_it.order_by(Case.id.desc()).limit(1))
    cause = problems.open_cause(
        site_id=case.site_id, category_id=case.category_id, kind="equipment", title="The boiler of the north wing goes out",
        story="When more than ten guests shower at once the boiler goes out, and rooms above the fourth floor stay cold.",
        actor=ana.actor, now=now,
    )  # fmt: skip
    linked = [one for one in (case.id, other_id) if one]
    problems.link(cause_id=cause.id, case_ids=linked, actor=ana.actor, now=now)
    problems.fix(
        cause_id=cause.id, version=1, done="The boiler of the north wing was replaced; the new one serves thirty showers.",
        actor=sam.actor, now=now,
    )  # fmt: skip
