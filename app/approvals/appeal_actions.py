"""A granted appeal is to the credit of who had to say no: they are told so, and a change of the limit is offered."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select

from app.approvals import appeal_queries, writing
from app.approvals.appeal_models import ExceptionCredit
from app.approvals.appeal_rules import to_credit
from app.approvals.models import ExceptionRequest
from app.audit import actions as audit
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import in_transaction
from app.notifications import actions as notifications
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people

CREDITED = audit.declare(
    "exception:credit", "employee", "refused_at", sentence=_l("credited who had to say no before an appeal was granted")
)
CREDIT_NOTICE = declare(
    "exception:credit",
    _l("%(amount)s was granted in %(case)s after you had to say no. You kept to your limit; the credit is yours"),
)
OFFER_NOTICE = declare(
    "exception:policy-offer",
    _l("%(amount)s was granted in %(case)s after the frontline had to say no. Should the limit be higher?"),
)


def credit(*, request: ExceptionRequest, granted: Money, actor: Actor, now: datetime) -> bool:
    """Credit the first person within the decision's own transaction, when the case had been refused and came back.

    Who refused is told, and whoever may change the policy there is offered to. Nobody is credited for a no of their
    own that they took back themselves as decider, nor twice for one no, however many grants come after it.
    """
    assert in_transaction()
    appeal = to_credit(appeal_queries.turns_of(request.case_id), now)
    if appeal is None or appeal.refused_by_id is None or appeal.refused_by_id == actor.id:
        return False
    # One grant at a time of a case: the second finds the first one's credit.
    db.session.execute(select(Case.id).where(Case.id == request.case_id).with_for_update(key_share=True))
    person = people.person(appeal.refused_by_id)
    if person is None or appeal_queries.is_credited(request.case_id, appeal.refused_at):
        return False
    db.session.execute(
        insert(ExceptionCredit).values(
            exception_id=request.id, employee_id=person.id, refused_at=appeal.refused_at, at=now
        )
    )
    audit.record(
        CREDITED, subject=request.ref, actor=actor, at=now, case_id=request.case_id, site_id=request.site_id,
        employee=person.id, refused_at=iso(appeal.refused_at),
    )  # fmt: skip
    if person.is_active:
        writing.tell([person.id], CREDIT_NOTICE, request, granted, actor, now)
    writers = [
        one.id
        for one in people.active_people()
        if (scope := permissions.scope_of(one.actor, "policies.write"))
        and permissions.has(one.actor, "policies.simulate")
        and scope.covers(site_id=request.site_id)
        and one.role == "manager"
    ]
    notifications.notify(
        employee_ids=writers, kind="exception", subject=request.ref, url="/metrics/appeals", text_key=OFFER_NOTICE,
        params={"amount": granted.format(), "case": ref("case", request.case_id)}, at=now,
    )  # fmt: skip
    return True
