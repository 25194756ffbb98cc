"""Plan to check back with a customer, move it, do it, and remind of it once when it is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.customers import care_queries
from app.customers.actions import Erased
from app.customers.care_rules import CHANNELS
from app.customers.models import CheckBack, Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people

WHAT_MAX, NOTE_MAX = 300, 500
AHEAD_MAX = timedelta(days=366)
PLANNED = audit.declare("check_back:plan", "what", "channel", "due_at", "owner", sentence=_l("planned to check back"))
MOVED = audit.declare("check_back:move", "before", "after", "note", sentence=_l("moved a check-back"))
DONE = audit.declare("check_back:finish", "note", "late", sentence=_l("checked back with a customer"))
REMINDED = audit.declare("check_back:remind", "due_at", "owner", sentence=_l("reminded of a check-back"))
HANDED = audit.declare("check_back:hand-over", "owner", sentence=_l("gave a check-back to somebody else"))
DUE_NOTICE = declare("check_back:due", _l("%(customer)s is to be asked again now: %(what)s"))


class AlreadyDone(Refusal):
    """Somebody has checked back already."""

    code = "already-done"
    sentence = _l("Somebody has done this already.")


class NobodyToAsk(Refusal):
    """Whoever leaves has check-backs to do, and nobody at the site can take them over."""

    code = "nobody-to-ask"
    sentence = _l("Nobody at the site can take over the check-backs. Move them to somebody else first.")


def plan(
    *,
    customer_id: int,
    case_id: int | None,
    site_id: int,
    owner_id: int,
    channel: str,
    what: str,
    due_at: datetime,
    actor: Actor,
    now: datetime,
) -> CheckBack:
    """Put a check-back on somebody's list. Raises BadInput, also for a call to who isn't to be called."""
    permissions.require(actor, "customers.write", site_id=site_id)
    with transaction():
        customer = db.session.get(Customer, customer_id, with_for_update={"read": True, "key_share": True})
        if customer is None:
            raise NotFound
        permissions.require(actor, "customers.write", site_id=customer.site_id)
        if customer.data_key is None:
            raise Erased
        _check(customer_id, owner_id, site_id, channel, what, due_at, now)
        task = CheckBack(
            customer_id=customer_id, case_id=case_id, site_id=site_id, owner_id=owner_id, channel=channel,
            what=what.strip(), due_at=due_at, planned_at=now, planned_by_id=actor.id, version=1,
        )  # fmt: skip
        db.session.add(task)
        db.session.flush()
        _record(
            PLANNED,
            task,
            actor,
            now,
            what=task.what,
            channel=channel,
            due_at=iso(due_at),
            owner=ref("employee", owner_id),
        )
        return task


def move(
    *, task_id: int, version: int, due_at: datetime, owner_id: int, note: str, actor: Actor, now: datetime
) -> None:
    """Give a check-back another time or owner, and say why; who was reminded is reminded anew. Raises AlreadyDone, Conflict."""
    with transaction():
        task = _open(task_id, actor)
        if not note.strip() or len(note.strip()) > NOTE_MAX:
            raise BadInput({"note": [str(_l("Say in at most %(count)d characters why.", count=NOTE_MAX))]})
        _check(task.customer_id, owner_id, task.site_id, task.channel, task.what, due_at, now)
        before = {"due_at": iso(task.due_at), "owner": ref("employee", task.owner_id)}
        _update(task, version, due_at=due_at, owner_id=owner_id, reminded_at=None)
        after = {"due_at": iso(due_at), "owner": ref("employee", owner_id)}
        _record(MOVED, task, actor, now, before=before, after=after, note=note.strip())


def finish(*, task_id: int, version: int, note: str, actor: Actor, now: datetime) -> None:
    """Say that the customer was asked, and what she said. Raises AlreadyDone, Conflict."""
    with transaction():
        task = _open(task_id, actor)
        if not note.strip() or len(note.strip()) > NOTE_MAX:
            raise BadInput({"note": [str(_l("Say in at most %(count)d characters what came out.", count=NOTE_MAX))]})
        late = now > task.due_at
        _update(task, version, done_at=now, done_by_id=actor.id, note=note.strip())
        _record(DONE, task, actor, now, note=note.strip(), late=late)


def remind(*, task_id: int, actor: Actor, now: datetime) -> bool:
    """Tell the owner once that a check-back is due; does nothing where it was told, moved or done meanwhile."""
    with transaction():
        told = db.session.execute(
            update(CheckBack)
            .where(
                CheckBack.id == task_id, CheckBack.done_at.is_(None), CheckBack.reminded_at.is_(None),
                CheckBack.due_at <= now,
            )
            .values(reminded_at=now)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if told.rowcount != 1:  # type: ignore[attr-defined]
            return False
        task = db.session.get_one(CheckBack, task_id)
        customer = db.session.get_one(Customer, task.customer_id)
        notify(
            employee_ids=[task.owner_id], kind="check_back", subject=ref("check_back", task.id),
            url=f"/check-backs/{ref('check_back', task.id)}", text_key=DUE_NOTICE,
            params={"customer": customer.name, "what": task.what}, at=now,
        )  # fmt: skip
        _record(REMINDED, task, actor, now, due_at=iso(task.due_at), owner=ref("employee", task.owner_id))
        return True


def hand_over(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """Give everything that somebody was to check back to the nearest lead, as they leave; raises NobodyToAsk."""
    tasks: Sequence[CheckBack] = db.session.scalars(
        select(CheckBack).where(CheckBack.owner_id == employee_id, CheckBack.done_at.is_(None)).order_by(CheckBack.id)
    ).all()
    person = people.person(employee_id)
    with transaction():
        for task in tasks:
            leads = people.supervisors_for(task.site_id, person.team_id if person else None)
            heir = next((lead for lead in leads if lead != employee_id), None)
            if heir is None:
                raise NobodyToAsk
            task.owner_id, task.version = heir, task.version + 1
            db.session.flush()
            _record(HANDED, task, actor, now, owner=ref("employee", heir))


def _check(
    customer_id: int, owner_id: int, site_id: int, channel: str, what: str, due_at: datetime, now: datetime
) -> None:
    errors: dict[str, list[str]] = {}
    if not what.strip() or len(what.strip()) > WHAT_MAX:
        errors["what"] = [str(_l("Say in at most %(count)d characters what to ask.", count=WHAT_MAX))]
    if not now < due_at <= now + AHEAD_MAX:
        errors["due_at"] = [str(_l("Choose a time within the next year."))]
    owner = people.person(owner_id)
    if owner is None or not owner.is_active or not owner.reaches(site_id):
        errors["owner_id"] = [str(_l("Choose somebody who works at this site."))]
    if channel not in CHANNELS:
        errors["channel"] = [str(_l("Choose one of these."))]
    elif channel == "phone" and care_queries.is_not_called(customer_id):
        errors["channel"] = [str(_l("This customer asked not to be called."))]
    if errors:
        raise BadInput(errors)


def _open(task_id: int, actor: Actor) -> CheckBack:
    task = db.session.get(CheckBack, task_id)
    if task is None:
        raise NotFound
    permissions.require(actor, "customers.write", site_id=task.site_id)
    if task.done_at is not None:
        raise AlreadyDone
    return task


def _update(task: CheckBack, version: int, **values: Any) -> None:
    done = db.session.execute(
        update(CheckBack)
        .where(CheckBack.id == task.id, CheckBack.version == version, CheckBack.done_at.is_(None))
        .values(**values, version=version + 1)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict
    db.session.refresh(task)


def _record(entry: audit.EntryType, task: CheckBack, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(
        entry,
        subject=ref("check_back", task.id),
        actor=actor,
        at=now,
        case_id=task.case_id,
        site_id=task.site_id,
        **said,
    )
