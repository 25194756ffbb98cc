"""What is known of Cleo: what she agreed to, how she wants to be reached, that she was once two, and who will ask her again."""

from datetime import datetime, timedelta

from app.cases.models import Case
from app.customers import actions as customers
from app.customers import care_actions, merge_actions
from app.customers import check_back_actions as check_backs
from app.kernel.database import db
from app.people.queries import PersonRow


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
