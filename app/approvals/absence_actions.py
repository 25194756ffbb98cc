"""Saying who is away and who stands in, who decides when nobody else is there, and which accounts are one person's."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from app.approvals.absence_models import Absence, FallbackDecider, SecondAccount
from app.approvals.roster_queries import second_accounts
from app.approvals.rules import STAND_IN_DAYS_MAX
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.notifications import actions as notifications
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people
from app.people.models import Employee
from app.people.queries import PersonRow

SET = audit.declare(
    "absence:set", "employee", "stand_in", "from_at", "to_at", "amount_minor_max", "currency", "site",
    sentence=_l("said who is away and who stands in"),
)  # fmt: skip
ENDED = audit.declare("absence:end", "employee", "stand_in", sentence=_l("ended an absence"))
FALLBACK = audit.declare("site:set-fallback", "employee", sentence=_l("named who decides when nobody else is there"))
LINKED = audit.declare("person:link-account", "same_as", sentence=_l("said which accounts are one person's"))
UNLINKED = audit.declare("person:unlink-account", "same_as", sentence=_l("said that accounts are two people's"))
STAND_IN_NOTICE = declare("absence:stand-in", _l("You stand in for %(name)s"))


def set_absence(
    *,
    employee_id: int,
    from_at: datetime,
    to_at: datetime,
    stand_in_id: int | None = None,
    amount_max: Money | None = None,
    site_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> Absence:
    """Say that somebody is away from `from_at` to before `to_at`, and who decides in their place; 30 days at most.

    A person says it of themselves, a manager of anybody. The stand-in must hold the right to decide themselves: it is
    the reach that is lent, not the trust.
    """
    scope = permissions.require(actor, "exceptions.decide")
    with transaction():
        person = _decider(employee_id, "employee_id")
        is_led = actor.role == "manager" and scope.covers(site_id=person.site_id)
        if actor.is_person and actor.id != employee_id and not is_led:
            raise NotPermitted(_l("You can say this of yourself. A manager says it of others."))
        _check_period(from_at, to_at, now)
        if stand_in_id is not None:
            _check_stand_in(person, stand_in_id)
        absence = Absence(
            employee_id=employee_id,
            from_at=from_at,
            to_at=to_at,
            stand_in_id=stand_in_id,
            amount_minor_max=amount_max.minor if amount_max else None,
            currency=amount_max.currency if amount_max else None,
            site_id=site_id,
            made_by_id=actor.id or employee_id,
            made_at=now,
        )
        db.session.add(absence)
        db.session.flush()
        audit.record(
            SET, subject=f"AB-{absence.id}", actor=actor, at=now, site_id=person.site_id, employee=employee_id,
            stand_in=stand_in_id, from_at=iso(from_at), to_at=iso(to_at), amount_minor_max=absence.amount_minor_max,
            currency=absence.currency, site=site_id,
        )  # fmt: skip
        if stand_in_id is not None:
            notifications.notify(
                employee_ids=[stand_in_id], kind="exception", subject=f"AB-{absence.id}", url="/absences",
                text_key=STAND_IN_NOTICE, params={"name": person.name}, at=now,
            )  # fmt: skip
        return absence


def end_absence(*, absence_id: int, actor: Actor, now: datetime) -> None:
    """End an absence now, or call a coming one off; what the stand-in decided stays decided."""
    scope = permissions.require(actor, "exceptions.decide")
    with transaction():
        absence = db.session.get(Absence, absence_id)
        if absence is None:
            raise NotFound
        site_id = db.session.get_one(Employee, absence.employee_id).site_id
        is_led = actor.role == "manager" and scope.covers(site_id=site_id)
        if actor.is_person and absence.employee_id != actor.id and not is_led:
            raise NotFound
        ended = db.session.execute(
            update(Absence).where(Absence.id == absence_id, Absence.ended_at.is_(None)).values(ended_at=now)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if ended.rowcount:  # type: ignore[attr-defined]
            audit.record(
                ENDED, subject=f"AB-{absence.id}", actor=actor, at=now, employee=absence.employee_id,
                stand_in=absence.stand_in_id,
            )  # fmt: skip


def set_fallback(*, site_id: int, employee_id: int | None, actor: Actor, now: datetime) -> None:
    """Name who decides at a site while nobody of a step is there; None names nobody."""
    permissions.require(actor, "settings.write")
    with transaction():
        if employee_id is not None:
            _decider(employee_id, "employee_id")
        db.session.execute(delete(FallbackDecider).where(FallbackDecider.site_id == site_id))
        if employee_id is not None:
            db.session.add(FallbackDecider(site_id=site_id, employee_id=employee_id))
        audit.record(FALLBACK, subject=ref("site", site_id), actor=actor, at=now, site_id=site_id, employee=employee_id)


def link_account(*, employee_id: int, same_as_id: int, actor: Actor, now: datetime) -> None:
    """Say that an account belongs to the same person as another: together they are one in every request."""
    permissions.require(actor, "people.write")
    with transaction():
        known = second_accounts()
        first = known.get(same_as_id, same_as_id)
        if people.person(employee_id) is None or people.person(first) is None or first == employee_id:
            raise BadInput({"employee_id": [str(_l("Choose two different accounts."))]})
        if employee_id in known or employee_id in known.values():
            raise BadInput({"employee_id": [str(_l("This account is linked already."))]})
        db.session.add(SecondAccount(employee_id=employee_id, same_as_id=first))
        audit.record(LINKED, subject=ref("employee", employee_id), actor=actor, at=now, same_as=first)


def unlink_account(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """Take back that an account is somebody's second one."""
    permissions.require(actor, "people.write")
    with transaction():
        found = db.session.scalars(select(SecondAccount).where(SecondAccount.employee_id == employee_id)).first()
        if found is None:
            raise NotFound
        db.session.delete(found)
        audit.record(UNLINKED, subject=ref("employee", employee_id), actor=actor, at=now, same_as=found.same_as_id)


def _decider(employee_id: int, field: str) -> PersonRow:
    person = people.person(employee_id)
    if person is None or not person.is_active or not permissions.has(person.actor, "exceptions.decide"):
        raise BadInput({field: [str(_l("Choose somebody who decides exceptions."))]})
    return person


def _check_period(from_at: datetime, to_at: datetime, now: datetime) -> None:
    if to_at <= from_at or to_at <= now:
        raise BadInput({"to_at": [str(_l("The end comes after the beginning, and after now."))]})
    if to_at - from_at > timedelta(days=STAND_IN_DAYS_MAX):
        raise BadInput({"to_at": [str(_l("At most %(count)d days at once.", count=STAND_IN_DAYS_MAX))]})


def check_stand_in(employee_id: int, stand_in_id: int | None) -> None:
    """Refuse (BadInput on `stand_in_id`) who can't stand in for this person."""
    if stand_in_id is not None:
        _check_stand_in(_decider(employee_id, "employee_id"), stand_in_id)


def _check_stand_in(person: PersonRow, stand_in_id: int) -> None:
    stand_in = _decider(stand_in_id, "stand_in_id")
    humans = second_accounts()
    if humans.get(stand_in.id, stand_in.id) == humans.get(person.id, person.id):
        raise BadInput({"stand_in_id": [str(_l("Nobody stands in for themselves."))]})
