"""Thanking a colleague, and agreeing on what to work on."""

from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people
from app.reviews import recognition_queries as queries
from app.reviews import recognition_rules as rules
from app.reviews.recognition_models import CoachingNote, CustomerThanks, Kudos
from app.reviews.sealing import keep

THANKED = audit.declare("kudos:give", "receiver", "value", sentence=_l("thanked a colleague"))
PROPOSED = audit.declare("coaching:propose", "employee", "coach", sentence=_l("proposed a coaching note"))
ANSWERED = audit.declare("coaching:answer", "outcome", sentence=_l("answered a coaching note"))
THANKED_BY_CUSTOMER = audit.declare("kudos:customer", "receiver", "origin", sentence=_l("thanked whoever put it right"))
CUSTOMER_LINE = declare("kudos:customer", _l("A customer thanks you for %(case)s."))
THANKS_LINE = declare("kudos", _l("%(who)s thanks you for %(case)s."))
PROPOSED_LINE = declare("coaching:propose", _l("%(who)s proposes a coaching note. It counts when you agree."))
ANSWERED_LINE = declare("coaching:answer", _l("%(who)s has answered your coaching note."))


class OwnKudos(Refusal):
    code = "own-kudos"
    sentence = _l("Thank somebody else: nobody thanks themselves.")


class ThankedAlready(Refusal):
    code = "thanked-already"
    sentence = _l("You have thanked this colleague for this case.")


class CustomerThankedAlready(Refusal):
    code = "thanked-already"
    sentence = _l("We have passed on your thanks for this already.")


class Answered(Refusal):
    code = "coaching-answered"
    sentence = _l("This note has its answer.")


def give_kudos(*, case_id: int, receiver_id: int, value: str, text: str, actor: Actor, now: datetime) -> None:
    """Thank a colleague who did something in a case, for one value. Nothing is counted up from it."""
    with transaction():
        case = db.session.get(
            Case, case_id, with_for_update=True
        )  # two thanks sent at once: the second reads the first
        if case is None:
            raise NotFound
        permissions.require(actor, "kudos.give", site_id=case.site_id)
        if receiver_id == actor.id:
            raise OwnKudos
        errors = {}
        if receiver_id not in queries.hands_in(case_id):
            errors["receiver"] = [_("Choose somebody who did something in this case.")]
        if value not in rules.VALUES:
            errors["value"] = [_("Choose what it stood for.")]
        if not rules.TEXT_MIN <= len(text.strip()) <= rules.TEXT_MAX:
            errors["text"] = [_("Write 3 to 1,000 characters.")]
        if errors:
            raise BadInput(errors)
        before = select(Kudos.id).where(
            Kudos.case_id == case_id, Kudos.giver_id == actor.id, Kudos.receiver_id == receiver_id
        )
        if db.session.scalar(before.limit(1)) is not None:
            raise ThankedAlready
        db.session.add(
            Kudos(case_id=case_id, giver_id=actor.id, receiver_id=receiver_id, value=value, text=text.strip(), at=now)
        )
        audit.record(
            THANKED, subject=case.ref, actor=actor, at=now, case_id=case_id, site_id=case.site_id,
            receiver=ref("employee", receiver_id), value=value,
        )  # fmt: skip
        _tell(receiver_id, THANKS_LINE, "/kudos", case.ref, actor, now, case=case.ref)


def thank_as_customer(
    *, case_id: int, receiver_id: int, text: str, origin: str, actor: Actor, now: datetime
) -> CustomerThanks:
    """Keep what a customer writes to whoever put it right; the caller has seen to it that the case is theirs.

    Once for each case and person. Nothing is counted up from it.
    """
    if not rules.TEXT_MIN <= len(text.strip()) <= rules.TEXT_MAX:
        raise BadInput({"text": [_("Write 3 to 1,000 characters.")]})
    with transaction():
        case = db.session.get(Case, case_id, with_for_update=True)
        receiver = people.person(receiver_id)
        if case is None or receiver is None or receiver_id not in queries.hands_in(case_id):
            raise NotFound
        before = select(CustomerThanks.id).where(
            CustomerThanks.case_id == case_id, CustomerThanks.receiver_id == receiver_id
        )
        if db.session.scalar(before) is not None:
            raise CustomerThankedAlready
        row = CustomerThanks(
            case_id=case_id,
            customer_id=case.customer_id,
            receiver_id=receiver_id,
            text=text.strip(),
            origin=origin,
            at=now,
        )
        db.session.add(row)
        audit.record(
            THANKED_BY_CUSTOMER, subject=case.ref, actor=actor, at=now, case_id=case_id, site_id=case.site_id,
            receiver=ref("employee", receiver_id), origin=origin,
        )  # fmt: skip
        notify(
            employee_ids=[receiver_id], kind="coaching", subject=case.ref, url="/kudos", text_key=CUSTOMER_LINE,
            params={"case": case.ref}, at=now,
        )  # fmt: skip
        return row


def propose_note(
    *,
    employee_id: int,
    coach_id: int,
    saw: str,
    next_step: str,
    actor: Actor,
    now: datetime,
    case_id: int | None = None,
) -> CoachingNote:
    """Propose a note, as the employee or as the coach; it counts when the other agrees."""
    permissions.require(actor, "coaching.write")
    if actor.id not in (employee_id, coach_id):
        raise NotPermitted
    with transaction():
        employee, coach = people.person(employee_id), people.person(coach_id)
        if employee is None or coach is None or not employee.is_active or not coach.is_active:
            raise NotFound
        if not rules.may_coach(
            coach_role=coach.role, coach_site_id=coach.site_id, coach_id=coach.id, employee_id=employee.id,
            employee_role=employee.role, site_id=employee.site_id, manager_id=employee.manager_id,
        ):  # fmt: skip
            raise NotFound
        errors = {}
        for name, text in (("saw", saw), ("next_step", next_step)):
            if not rules.TEXT_MIN <= len(text.strip()) <= rules.TEXT_MAX:
                errors[name] = [_("Write 3 to 1,000 characters.")]
        if case_id is not None and employee_id not in queries.hands_in(case_id):
            errors["case"] = [_("Name a case in which the person did something.")]
        if errors:
            raise BadInput(errors)
        row = CoachingNote(
            employee_id=employee_id, coach_id=coach_id, author_id=actor.id, case_id=case_id, at=now, state="proposed"
        )
        keep(row, {"saw": saw.strip(), "next_step": next_step.strip()}, employee_id=employee_id)
        mark = ref("coaching", row.id)
        audit.record(PROPOSED, subject=mark, actor=actor, at=now, employee=employee.ref, coach=coach.ref)
        _tell(coach_id if actor.id == employee_id else employee_id, PROPOSED_LINE, "/coaching", mark, actor, now)
        return row


def answer_note(*, note_id: int, agrees: bool, version: int, actor: Actor, now: datetime) -> None:
    """Agree to a note or decline it; only whoever didn't propose it can."""
    permissions.require(actor, "coaching.write")
    with transaction():
        row = db.session.get(CoachingNote, note_id, with_for_update=True)
        if row is None or actor.id not in (row.employee_id, row.coach_id):
            raise NotFound
        if actor.id == row.author_id:
            raise NotPermitted(_l("The other of you two answers this note."))
        if row.state != "proposed":
            raise Answered
        if row.version != version:
            raise Conflict
        row.state, row.answered_at, row.version = "agreed" if agrees else "declined", now, row.version + 1
        mark = ref("coaching", row.id)
        audit.record(ANSWERED, subject=mark, actor=actor, at=now, outcome=row.state)
        _tell(row.author_id, ANSWERED_LINE, "/coaching", mark, actor, now)


def _tell(employee_id: int, line: str, url: str, subject: str, actor: Actor, now: datetime, **more: str) -> None:
    who = people.names([actor.id]).get(actor.id or 0, "")
    notify(
        employee_ids=[employee_id], kind="coaching", subject=subject, url=url, text_key=line,
        params={"who": who, **more}, at=now,
    )  # fmt: skip
