"""Change somebody's role with four eyes: an administrator or a program proposes, another administrator confirms.

At once a role changes only by an operator's command, whose shell is the second pair of eyes, and where a program takes rights away.
"""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.transactions import in_transaction, transaction
from app.people import hooks
from app.people.hooks import RoleNews
from app.people.key_actions import refuse_erased
from app.people.models import ROLES, Employee, RoleChange
from app.people.permissions import only_takes_away, require
from app.people.role_guards import keep_an_administrator, locked, refuse_if_leading, refuse_if_renewed
from app.people.role_queries import RoleChangeRow, open_change_of, role_change
from app.people.role_rules import LASTS, REASON_MAX, REASON_MIN
from app.people.session_actions import end_all_sessions

_KEYS = ("role", "role_before", "reason")
PROPOSED = audit.declare("person:propose-role", *_KEYS, "token", sentence=_l("proposed another role for the person"))
CONFIRMED = audit.declare(
    "person:confirm-role", *_KEYS, "proposed_by", "sessions_ended", sentence=_l("confirmed the person's new role")
)
REFUSED = audit.declare("person:refuse-role", *_KEYS, "proposed_by", sentence=_l("refused another role for the person"))
WITHDRAWN = audit.declare(
    "person:withdraw-role", *_KEYS, "proposed_by", sentence=_l("took back that the person gets another role")
)
LAPSED = audit.declare(
    "person:lapse-role", *_KEYS, "proposed_by", sentence=_l("ended a proposed role that nobody can confirm any more")
)
SET = audit.declare("person:set-role", *_KEYS, "sessions_ended", sentence=_l("changed the person's role at once"))


class OwnProposal(Refusal):
    code = "four-eyes"
    sentence = _l("You proposed this. Another administrator has to decide it.")


class AboutOneself(Refusal):
    code = "not-oneself"
    sentence = _l("This is about your own role. Another administrator has to decide it.")


class NotYours(Refusal):
    code = "not-yours"
    sentence = _l("Only who proposed this takes it back. You can refuse it.")


class AlreadyWaiting(Refusal):
    code = "already-proposed"
    sentence = _l("A change of role waits for this person already. Have that one decided first.")


class AlreadyDecided(Refusal):
    code = "already-decided"
    sentence = _l("Somebody else has decided this already. Nothing more is needed.")


class NoLongerOpen(Refusal):
    """It can't be confirmed any more; the sentence says why, and that it is proposed anew."""

    code = "no-longer-open"


_WHY_NOT = {
    "expired": _l("This was proposed more than 7 days ago. Propose it again."),
    "fallen": _l("Who proposed this may not do so any more, so it fell. Propose it again."),
    "left": _l("This person no longer works here, so their role stays as it is."),
    "changed": _l("This person's role changed meanwhile. Look at the new one, then propose again."),
}


def propose_role(
    *, employee_id: int, role: str, reason: str, version: int | None = None, actor: Actor, now: datetime
) -> RoleChange:
    """Propose another role for somebody; until another administrator confirms it, nothing changes.

    Raises AlreadyWaiting, and at once what would be refused later: the last administrator, or somebody who leads.
    """
    require(actor, "people.write")
    assert actor.id is not None, "a program proposes by propose_for_program, and a command sets at once"
    return _propose(employee_id, role, reason, version, actor.id, None, actor, now)


def propose_for_program(
    *, employee_id: int, role: str, reason: str, token: str, made_by_id: int, actor: Actor, now: datetime
) -> None:
    """Propose what a program wants; asked again for the same it leaves the proposal that waits."""
    require(actor, "people.write")
    with transaction():
        locked(employee_id, None)
        waiting = open_change_of(employee_id, now)
        if waiting is not None and waiting.by_program and waiting.standing == "open":
            if waiting.role == role:
                return
            _end(_row(waiting.id), "withdrawn", WITHDRAWN, actor, now)
        _propose(employee_id, role, reason, None, made_by_id, token, actor, now)


def confirm_role(*, change_id: int, actor: Actor, now: datetime) -> None:
    """Confirm what somebody else proposed: the role holds from now on, and the person signs in anew.

    Raises OwnProposal, AboutOneself, AlreadyDecided, NoLongerOpen, RenewedByProposer, LastAdministrator and NeedsSuccessor.
    """
    require(actor, "people.write")
    with transaction():
        row, shown = _taken(change_id, actor, now)
        if row.proposed_by_id == actor.id:
            raise OwnProposal
        if shown.standing != "open":
            raise NoLongerOpen(_WHY_NOT[shown.standing])
        assert actor.id is not None
        refuse_if_renewed(proposer_id=row.proposed_by_id, confirmer_id=actor.id, now=now)
        employee = db.session.get_one(Employee, row.employee_id)
        refuse_erased(employee.id)
        ended = _give(employee, row.role, now)
        _close(row, "confirmed", actor, now)
        _record(CONFIRMED, row, actor, now, proposed_by=_by(row), sessions_ended=ended)
        hooks.tell_of_role(_news("confirmed", row), now)


def refuse_role(*, change_id: int, word: str, actor: Actor, now: datetime) -> None:
    """Refuse what somebody else proposed, with a word why; also what could not be confirmed any more."""
    require(actor, "people.write")
    with transaction():
        row, _shown = _taken(change_id, actor, now)
        if row.proposed_by_id == actor.id and row.program is None:
            raise OwnProposal
        row.word = _checked_reason("word", word)
        _close(row, "refused", actor, now)
        _record(REFUSED, row, actor, now, reason=row.word, proposed_by=_by(row))
        hooks.tell_of_role(_news("refused", row), now)


def withdraw_role(*, change_id: int, actor: Actor, now: datetime) -> None:
    """Take one's own proposal back."""
    require(actor, "people.write")
    with transaction():
        row = _row(change_id)
        if row.proposed_by_id != actor.id:
            raise NotYours
        _end(row, "withdrawn", WITHDRAWN, actor, now)


def set_role(*, employee_id: int, role: str, reason: str, actor: Actor, now: datetime) -> None:
    """Change a role at once: by a command, or by a program that only takes rights away. Never by a person alone."""
    require(actor, "people.write")
    with transaction():
        employee = locked(employee_id, None)
        if actor.is_person or (actor.kind == "rule" and not only_takes_away(employee.role, role)):
            raise NotPermitted
        refuse_erased(employee_id)
        reason = _checked_reason("reason", reason)
        if role not in ROLES or role == employee.role:
            raise BadInput({"role": [_("Choose another role than they have.")]})
        before = employee.role
        ended = _give(employee, role, now)
        lapse_open(employee_id, actor, now)
        audit.record(
            SET, subject=ref("employee", employee_id), actor=actor, at=now, site_id=employee.site_id, role=role,
            role_before=before, reason=reason, sessions_ended=ended,
        )  # fmt: skip
        hooks.tell_of_role(RoleNews("confirmed", employee_id, employee.name, None), now)


def withdraw_for_program(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """A program wants the role that somebody has: what it proposed before is taken back."""
    assert in_transaction()
    locked(employee_id, None)
    waiting = open_change_of(employee_id, now)
    if waiting is not None and waiting.by_program:
        _end(_row(waiting.id), "withdrawn", WITHDRAWN, actor, now)


def lapse_open(employee_id: int, actor: Actor, now: datetime) -> None:
    """End what waits for somebody inside the caller's deed: it can't be confirmed any more."""
    assert in_transaction()
    row = db.session.scalars(
        select(RoleChange).where(RoleChange.employee_id == employee_id, RoleChange.outcome.is_(None)).with_for_update()
    ).first()
    if row is not None:
        _end(row, "lapsed", LAPSED, actor, now)


def _propose(
    employee_id: int, role: str, reason: str, version: int | None, by_id: int, token: str | None, actor: Actor,
    now: datetime,
) -> RoleChange:  # fmt: skip
    with transaction():
        employee = locked(employee_id, version)
        refuse_erased(employee_id)
        if employee.deactivated_at is not None:
            raise NoLongerOpen(_WHY_NOT["left"])
        errors: dict[str, list[str]] = {}
        if role not in ROLES or role == employee.role:
            errors["role"] = [_("Choose another role than they have.")]
        try:
            reason = _checked_reason("reason", reason)
        except BadInput as wrong:
            errors |= wrong.errors
        if errors:
            raise BadInput(errors)
        waiting = open_change_of(employee_id, now)
        if waiting is not None and waiting.standing == "open":
            raise AlreadyWaiting
        if waiting is not None:
            lapse_open(employee_id, actor, now)
            db.session.flush()
        _refuse_what_cannot_be(employee, role)
        row = RoleChange(
            employee_id=employee_id, role_before=employee.role, role=role, reason=reason, proposed_by_id=by_id,
            program=token, proposed_at=now, ends_at=now + LASTS, outcome=None, decided_by_id=None, decided_at=None, word="",
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        _record(PROPOSED, row, actor, now, token=token)
        hooks.tell_of_role(_news("proposed", row), now)
        return row


def _refuse_what_cannot_be(employee: Employee, role: str) -> None:
    if employee.role == "admin":
        keep_an_administrator(employee.id)
    refuse_if_leading(employee, role, employee.site_id)


def _give(employee: Employee, role: str, now: datetime) -> int:
    """Let the role hold; returns how many sessions ended."""
    if employee.deactivated_at is None:
        _refuse_what_cannot_be(employee, role)
    employee.role = role
    employee.version += 1
    return end_all_sessions(employee_id=employee.id, now=now)


def _row(change_id: int) -> RoleChange:
    row = db.session.get(RoleChange, change_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound
    return row


def _taken(change_id: int, actor: Actor, now: datetime) -> tuple[RoleChange, RoleChangeRow]:
    """Lock what is decided, in the order of every deed on people, and refuse whom it is about."""
    employee_id = db.session.scalar(select(RoleChange.employee_id).where(RoleChange.id == change_id))
    if employee_id is None:
        raise NotFound
    locked(employee_id, None)
    row = _row(change_id)
    if row.outcome is not None:
        raise AlreadyDecided
    if row.employee_id == actor.id:
        raise AboutOneself
    shown = role_change(change_id, now)
    assert shown is not None
    return row, shown


def _end(row: RoleChange, outcome: str, entry: audit.EntryType, actor: Actor, now: datetime) -> None:
    if row.outcome is not None:
        raise AlreadyDecided
    _close(row, outcome, actor, now)
    _record(entry, row, actor, now, proposed_by=_by(row))
    db.session.flush()


def _close(row: RoleChange, outcome: str, actor: Actor, now: datetime) -> None:
    row.outcome, row.decided_at, row.decided_by_id = outcome, now, actor.id


def _record(entry: audit.EntryType, row: RoleChange, actor: Actor, now: datetime, **more: Any) -> None:
    said: dict[str, Any] = {"role": row.role, "role_before": row.role_before, "reason": row.reason, **more}
    site_id = db.session.get_one(Employee, row.employee_id).site_id
    audit.record(entry, subject=ref("employee", row.employee_id), actor=actor, at=now, site_id=site_id, **said)


def _by(row: RoleChange) -> str:
    return row.program or ref("employee", row.proposed_by_id)


def _news(what: str, row: RoleChange) -> RoleNews:
    name = db.session.get_one(Employee, row.employee_id).name
    return RoleNews(what, row.employee_id, name, row.proposed_by_id)


def _checked_reason(field: str, text: str) -> str:
    text = " ".join(text.split())
    if not REASON_MIN <= len(text) <= REASON_MAX:
        raise BadInput({field: [_("Say in %(least)d letters or more why.", least=REASON_MIN)]})
    return text
