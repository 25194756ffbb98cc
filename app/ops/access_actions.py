"""Break-glass with its notices, and the decisions of the quarterly review of access."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete

from app.audit import actions as audit
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.time import UTC
from app.kernel.transactions import transaction
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.ops import access_queries
from app.ops.models import AccessReview
from app.people import actions as people
from app.people import queries, raise_actions
from app.people.permissions import require
from app.people.raise_actions import Raised

CONFIRMED = audit.declare("access:confirm", "quarter", "role", sentence=_l("confirmed somebody's access"))
REVOKED = audit.declare("access:revoke", "quarter", "role", "note", sentence=_l("revoked somebody's access"))
TAKEN_LINE = declare(
    "glass:taken",
    _l("%(person)s took a higher role until %(until)s. The reason: “%(reason)s”. Look whether that is right."),
)
# What was written before notices named the reason and the end.
declare("glass:opened", _l("%(person)s took a higher role until it ends or is ended. Look whether that is right."))
CLOSED_LINE = declare(
    "glass:closed", _l("%(person)s gave a higher role back; the trail holds %(deeds)s entries made with it.")
)
NOTE_MIN, NOTE_MAX = 10, 500


class NotOneself(Refusal):
    code = "not-oneself"
    sentence = _l("Nobody decides about their own access. Somebody else has to.")


class AlreadyDecided(Refusal):
    code = "already-decided"
    sentence = _l("This was decided already in this quarter.")


def open_glass(*, session_id: int, role: str, minutes: int, reason: str, actor: Actor, now: datetime) -> Raised:
    """Take a higher role in one session; administrators, auditors and the own manager are told at once."""
    with transaction():
        raised = raise_actions.raise_role(
            session_id=session_id, role=role, minutes=minutes, reason=reason, actor=actor, now=now
        )
        _tell(raised, TAKEN_LINE, now)
    return raised


def close_glass(*, raise_id: int, actor: Actor, now: datetime) -> None:
    """Give a higher role back before its time, or take it from somebody; the same people are told what was done with it."""
    with transaction():
        _tell(raise_actions.lower(raise_id=raise_id, actor=actor, now=now), CLOSED_LINE, now)


def close_due(*, now: datetime, limit: int = 200) -> int:
    """Close what has run out; the role itself ended with its time, by the clock alone. Returns how many."""
    over = access_queries.raises_over(now, limit)
    for raise_id in over:
        try:
            close_glass(raise_id=raise_id, actor=rule("break-glass"), now=now)
        except NotFound:
            continue  # somebody was quicker
    return len(over)


def _tell(raised: Raised, line: str, now: datetime) -> None:
    person = queries.person(raised.employee_id)
    assert person is not None
    watching = [one.id for one in queries.active_people(("admin", "auditor"))]
    notify(
        employee_ids=[one for one in (*watching, person.manager_id) if one != person.id],
        kind="security", subject=person.ref, url="/break-glass", text_key=line,
        params={
            "person": person.name, "deeds": raised.deeds, "reason": raised.reason,
            "until": f"{raised.ends_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        }, at=now,
    )  # fmt: skip


def confirm(
    *,
    quarter: str,
    employee_ids: Sequence[int],
    actor: Actor,
    now: datetime,
    seen: Mapping[int, str] | None = None,
) -> int:
    """Confirm what these people may do; one entry for each. Whose role has changed since is confirmed anew.

    seen: the role that each was shown with; raises Conflict when one has another by now, and then nobody is confirmed.
    """
    require(actor, "access.review")
    assert actor.id is not None
    with transaction():
        chosen = [person for one in dict.fromkeys(employee_ids) if (person := queries.person(one)) is not None]
        if any(person.id == actor.id for person in chosen):
            raise NotOneself
        for person in chosen:
            if not person.is_active:
                raise NotFound
            if seen is not None and seen.get(person.id) != person.role:
                raise Conflict
            _put(quarter, person.id, person.role, "confirmed", "", actor, now)
            audit.record(CONFIRMED, subject=person.ref, actor=actor, at=now, quarter=quarter, role=person.role)
    return len(chosen)


def revoke(*, quarter: str, employee_id: int, note: str, actor: Actor, now: datetime) -> None:
    """Close somebody's access at once, for a reason. Raises what deactivating refuses, e.g. NeedsSuccessor."""
    require(actor, "access.review")
    if employee_id == actor.id:
        raise NotOneself
    if not NOTE_MIN <= len(note.strip()) <= NOTE_MAX:
        raise BadInput({"note": [_("Say in %(least)d letters or more why.", least=NOTE_MIN)]})
    with transaction():
        person = queries.person(employee_id)
        if person is None:
            raise NotFound
        if not person.is_active:
            raise AlreadyDecided
        _put(quarter, person.id, person.role, "revoked", note.strip(), actor, now)
        audit.record(
            REVOKED, subject=person.ref, actor=actor, at=now, quarter=quarter, role=person.role, note=note.strip()
        )
        # The review's own right: whoever goes through access need not keep people otherwise.
        deed = replace(rule("access-review"), on_behalf_of_id=actor.id, request_id=actor.request_id)
        people.deactivate(employee_id=person.id, actor=deed, now=now)


def _put(quarter: str, employee_id: int, role: str, outcome: str, note: str, actor: Actor, now: datetime) -> None:
    db.session.execute(
        delete(AccessReview).where(AccessReview.quarter == quarter, AccessReview.employee_id == employee_id)
    )
    db.session.add(
        AccessReview(
            quarter=quarter, employee_id=employee_id, role=role, outcome=outcome, note=note,
            decided_by_id=actor.id, at=now,
        )
    )  # fmt: skip
