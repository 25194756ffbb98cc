"""Reads of proposed changes of role: what waits, for whom, and what became of the others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, case, exists, literal, or_, select
from sqlalchemy import cast as as_type
from sqlalchemy.orm import aliased

from app.kernel.database import db
from app.kernel.references import ref
from app.people.models import AccessStop, Employee, ProvisioningToken, RoleChange, RoleRaise
from app.people.role_rules import Standing, standing

SHOWN = 50


@dataclass(frozen=True, slots=True)
class RoleChangeRow:
    """One proposal. by_program: a program of the company proposed it; proposed_by is then who made its token.

    standing: how it stands as long as nobody decided; afterwards `outcome` says what became of it.
    """

    id: int
    employee_id: int
    person: str
    role_before: str
    role: str
    reason: str
    proposed_by_id: int
    proposed_by: str
    by_program: bool
    proposed_at: datetime
    ends_at: datetime
    outcome: str | None
    decided_by: str | None
    decided_at: datetime | None
    word: str
    standing: Standing

    @property
    def ref(self) -> str:
        return ref("role_change", self.id)

    @property
    def person_ref(self) -> str:
        return ref("employee", self.employee_id)


_PROPOSER, _DECIDER = aliased(Employee), aliased(Employee)


def _entitled(now: datetime) -> Any:
    """Whether who proposed it may still do so: an administrator, also for a short time, or a program whose token lives."""
    raised = exists().where(
        RoleRaise.employee_id == _PROPOSER.id, RoleRaise.role == "admin", RoleRaise.ended_at.is_(None),
        RoleRaise.ends_at > now,
    )  # fmt: skip
    stopped = exists().where(AccessStop.employee_id == _PROPOSER.id)
    named = literal("provisioning-") + as_type(ProvisioningToken.id, String)
    lives = exists().where(named == RoleChange.program, ProvisioningToken.revoked_at.is_(None))
    own = and_(_PROPOSER.deactivated_at.is_(None), ~stopped, or_(_PROPOSER.role == "admin", raised))
    return case((RoleChange.program.is_not(None), lives), else_=own)


def _wanted(now: datetime) -> Any:
    stopped = exists().where(AccessStop.employee_id == Employee.id)
    return (
        select(
            RoleChange, Employee.name.label("person"), Employee.role.label("role_now"),
            and_(Employee.deactivated_at.is_(None), ~stopped).label("is_active"),
            _PROPOSER.name.label("proposed_by"), _DECIDER.name.label("decided_by"), _entitled(now).label("is_entitled"),
        )
        .join(Employee, Employee.id == RoleChange.employee_id)
        .join(_PROPOSER, _PROPOSER.id == RoleChange.proposed_by_id)
        .outerjoin(_DECIDER, _DECIDER.id == RoleChange.decided_by_id)
        .execution_options(populate_existing=True)  # an action asks again once it has locked
    )  # fmt: skip


def _row(found: Any, now: datetime) -> RoleChangeRow:
    one: RoleChange = found.RoleChange
    return RoleChangeRow(
        id=one.id, employee_id=one.employee_id, person=found.person, role_before=one.role_before, role=one.role,
        reason=one.reason, proposed_by_id=one.proposed_by_id, proposed_by=found.proposed_by,
        by_program=one.program is not None, proposed_at=one.proposed_at, ends_at=one.ends_at, outcome=one.outcome,
        decided_by=found.decided_by, decided_at=one.decided_at, word=one.word,
        standing=standing(
            role_before=one.role_before, role_now=found.role_now, is_active=bool(found.is_active),
            is_proposer_entitled=bool(found.is_entitled), ends_at=one.ends_at, now=now,
        ),
    )  # fmt: skip


def role_change(change_id: int, now: datetime) -> RoleChangeRow | None:
    found = db.session.execute(_wanted(now).where(RoleChange.id == change_id)).first()
    return _row(found, now) if found else None


def open_change_of(employee_id: int, now: datetime) -> RoleChangeRow | None:
    """The proposal about somebody that nobody has decided yet, whether or not it can still be confirmed."""
    wanted = _wanted(now).where(RoleChange.employee_id == employee_id, RoleChange.outcome.is_(None))
    found = db.session.execute(wanted).first()
    return _row(found, now) if found else None


def undecided(now: datetime) -> tuple[RoleChangeRow, ...]:
    """The proposals that nobody has decided yet, the oldest first, at most SHOWN."""
    wanted = _wanted(now).where(RoleChange.outcome.is_(None)).order_by(RoleChange.id).limit(SHOWN)
    return tuple(_row(found, now) for found in db.session.execute(wanted))


def decided(now: datetime) -> tuple[RoleChangeRow, ...]:
    """What became of the newest others, at most SHOWN."""
    wanted = _wanted(now).where(RoleChange.outcome.is_not(None)).order_by(RoleChange.id.desc()).limit(SHOWN)
    return tuple(_row(found, now) for found in db.session.execute(wanted))


def waiting_for(employee_id: int, now: datetime) -> int:
    """How many this administrator could confirm: neither proposed by them nor about them."""
    return sum(
        row.standing == "open" and employee_id not in (row.proposed_by_id, row.employee_id) for row in undecided(now)
    )
