"""Making, keeping and taking back promises to customers. Each has a clock of its own in the sla room."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.calendars.queries import calendar_of
from app.cases import actions as cases
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import permissions
from app.people import queries as people
from app.promises.models import Promise
from app.promises.rules import NAME_MAX, TEXT_MAX, Refused, judge
from app.sla import task_actions as clocks
from app.sla.queries import newest_versions
from app.ui.filters import instant

MADE = audit.declare(
    "promise:make", "what", "told_to", "due_at", "keeper", sentence=_l("promised something to a customer")
)
KEPT = audit.declare("promise:keep", "late", sentence=_l("kept a promise"))
TOLD = audit.declare("promise:tell", "length", sentence=_l("told the customer that a promise will not be kept in time"))
WITHDRAWN = audit.declare("promise:withdraw", "reason", sentence=_l("took a promise back"))
BROKEN = audit.declare("promise:break", "due_at", sentence=_l("noticed that a promise was not kept in time"))
HANDED = audit.declare("promise:hand-over", "keeper", sentence=_l("gave a promise to somebody else to keep"))


class PromiseEnded(Refusal):
    """The promise was kept or taken back already."""

    code = "promise-ended"
    sentence = _l("This promise was kept or taken back already.")


class NobodyKeeps(Refusal):
    """Somebody who leaves has promises to keep, and nobody is left who could."""

    code = "nobody-keeps"
    sentence = _l("Promises would have nobody who keeps them. Give them to somebody else first.")


def make(
    *,
    case_id: int,
    what: str,
    told_to: str,
    due_at: datetime,
    keeper_id: int | None,
    actor: Actor,
    now: datetime,
) -> Promise:
    """Promise something by an instant. keeper_id: who keeps it; None is the maker. Raises BadInput."""
    with transaction():
        case = _case(case_id, actor)
        hours = calendar_of(newest_versions(case.site_id)[1])
        keeper = _keeper(keeper_id or actor.id, case.site_id)
        errors = _text_errors(what, told_to)
        answer = judge(now, due_at, hours, actor.role)
        if isinstance(answer, Refused):
            errors["due_at"] = [_sentence(answer, hours.zone)]
        if keeper is None:
            errors["keeper"] = [_("Choose an active person of this site.")]
        if errors or isinstance(answer, Refused) or keeper is None:
            raise BadInput(errors)
        promise = Promise(
            case_id=case.id, case_ref=case.ref, site_id=case.site_id, team_id=keeper.team_id, keeper_id=keeper.id,
            made_by_id=actor.id, made_at=now, what=what.strip(), told_to=told_to.strip(), due_at=due_at, version=1,
        )  # fmt: skip
        db.session.add(promise)
        db.session.flush()
        clocks.start_clock(
            case_id=case.id, milestone="promise", subject=ref("promise", promise.id), label=promise.what[:160],
            site_id=case.site_id, team_id=keeper.team_id, owner_id=keeper.id, severity=case.severity,
            started_at=now.replace(microsecond=0),
            seconds=answer.seconds, actor=actor, now=now,
        )  # fmt: skip
        _write(case, "made", promise, actor, now, text=promise.what)
        said = {"what": promise.what, "told_to": promise.told_to, "due_at": iso(due_at), "keeper": keeper.id}
        _record(MADE, promise, actor, now, **said)
        return promise


def keep(*, promise_id: int, version: int, actor: Actor, now: datetime) -> None:
    """The promise was kept, in time or late."""
    with transaction():
        promise, case = _open(promise_id, version, actor)
        promise.kept_at, promise.kept_by_id = now, actor.id
        is_late = now > promise.due_at
        if is_late and promise.broken_at is None:
            promise.broken_at = promise.due_at
        clocks.end_clock(case_id=case.id, subject=ref("promise", promise.id), at=now, actor=actor, now=now)
        _write(case, "late" if is_late else "kept", promise, actor, now, text=promise.what)
        _record(KEPT, promise, actor, now, late=is_late)


def tell_customer(*, promise_id: int, version: int, note: str, actor: Actor, now: datetime) -> None:
    """Tell the customer, before it is due, that it won't be kept in time. The promise stays open, and its clock runs on."""
    with transaction():
        promise, case = _open(promise_id, version, actor)
        if not 3 <= len(note.strip()) <= TEXT_MAX:
            raise BadInput({"note": [_("Say in 3 to 500 characters what the customer was told.")]})
        if promise.told_at is None:
            promise.told_at, promise.told_by_id = now, actor.id
        promise.told_note = note.strip()
        _note_late(promise, actor, now)
        _write(case, "told", promise, actor, now, text=note.strip())
        _record(TOLD, promise, actor, now, length=len(note.strip()))


def withdraw(*, promise_id: int, version: int, reason: str, actor: Actor, now: datetime) -> None:
    """Take a promise back, with the customer's knowledge; one that is missed already stays missed and can only be kept late."""
    with transaction():
        promise, case = _open(promise_id, version, actor)
        errors = {}
        if not 3 <= len(reason.strip()) <= TEXT_MAX:
            errors["reason"] = [_("Say in 3 to 500 characters why, and that the customer knows.")]
        if promise.broken_at is not None or now > promise.due_at:
            errors["reason"] = [_("It was due already. Keep it late, so that the record stays true.")]
        if errors:
            raise BadInput(errors)
        promise.withdrawn_at = now
        subject = ref("promise", promise.id)
        clocks.end_clock(case_id=case.id, subject=subject, at=now, actor=actor, now=now, cancelled=True)
        _write(case, "withdrawn", promise, actor, now, text=reason.strip())
        _record(WITHDRAWN, promise, actor, now, reason=reason.strip())


def hand_over(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """Give the open promises of somebody who leaves to whom leads there; the deed that calls this has checked who may."""
    wanted = select(Promise).where(
        Promise.keeper_id == employee_id, Promise.kept_at.is_(None), Promise.withdrawn_at.is_(None)
    )
    for promise in db.session.scalars(wanted.order_by(Promise.id).with_for_update()):
        place = (promise.site_id, promise.team_id)
        heir = next((one for one in people.supervisors_for(*place) if one != employee_id), None)
        if heir is None:
            raise NobodyKeeps
        promise.keeper_id = heir
        promise.version += 1
        _note_late(promise, actor, now)
        clocks.hand_over(
            case_id=promise.case_id, subject=ref("promise", promise.id), team_id=promise.team_id, owner_id=heir
        )
        _record(HANDED, promise, actor, now, keeper=heir)


def note_broken(*, case_ids: Sequence[int], actor: Actor, now: datetime) -> None:
    """Keep that promises of these cases were due and not kept; told by their clocks.

    One that another deed holds at this moment is left to that deed: it waits for the clock that is held here.
    """
    wanted = select(Promise).where(
        Promise.case_id.in_(case_ids),
        Promise.due_at < now,
        Promise.kept_at.is_(None),
        Promise.withdrawn_at.is_(None),
        Promise.broken_at.is_(None),
    )
    for promise in db.session.scalars(wanted.order_by(Promise.id).with_for_update(skip_locked=True)):
        promise.version += 1
        _note_late(promise, actor, now)


def _note_late(promise: Promise, actor: Actor, now: datetime) -> None:
    """Keep, once, that a promise was due and not kept."""
    if promise.broken_at is None and now > promise.due_at:
        promise.broken_at = promise.due_at
        _record(BROKEN, promise, actor, now, due_at=iso(promise.due_at))


def _case(case_id: int, actor: Actor) -> Case:
    case = db.session.get(Case, case_id)
    if case is None:
        raise NotFound
    permissions.require(actor, "cases.write", site_id=case.site_id)
    return case


def _open(promise_id: int, version: int, actor: Actor) -> tuple[Promise, Case]:
    promise = db.session.get(Promise, promise_id, with_for_update=True)
    if promise is None:
        raise NotFound
    case = _case(promise.case_id, actor)
    if promise.kept_at is not None or promise.withdrawn_at is not None:
        raise PromiseEnded
    if promise.version != version:
        raise Conflict
    promise.version += 1
    return promise, case


def _keeper(employee_id: int | None, site_id: int) -> people.PersonRow | None:
    found = people.person(employee_id) if employee_id else None
    is_here = found is not None and found.is_active and found.reaches(site_id)
    return found if is_here else None


def _text_errors(what: str, told_to: str) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not 3 <= len(what.strip()) <= TEXT_MAX:
        errors["what"] = [_("Say in 3 to 500 characters what is promised.")]
    if not 1 <= len(told_to.strip()) <= NAME_MAX:
        errors["told_to"] = [_("Say to whom.")]
    return errors


def _sentence(refused: Refused, zone: str) -> str:
    if refused.why == "past":
        return _("Choose a time that lies ahead.")
    if refused.why == "far":
        return _(
            "You may promise up to %(days)s working days ahead. Ask your supervisor for more.", days=refused.days_max
        )
    if refused.why == "opening" and refused.instead is not None:
        return _("The desk only opens then. %(instead)s would do.", instead=instant(refused.instead, zone))
    if refused.instead is None:
        return _("Nobody is there at that time.")
    return _("Nobody is there at that time. %(instead)s would do.", instead=instant(refused.instead, zone))


def _write(case: Case, deed: str, promise: Promise, actor: Actor, now: datetime, *, text: str) -> None:
    data = {
        "deed": deed,
        "promise": ref("promise", promise.id),
        "due_at": iso(promise.due_at),
        "told_to": promise.told_to,
    }
    cases.add_event(case_id=case.id, kind="promise", actor=actor, at=now, text=text, data=data)


def _record(entry: audit.EntryType, promise: Promise, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(
        entry,
        subject=ref("promise", promise.id),
        actor=actor,
        at=now,
        case_id=promise.case_id,
        site_id=promise.site_id,
        **said,
    )
