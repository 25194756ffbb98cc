"""Break-glass used once, with its notices, and a review of everybody's access that was finished: what an auditor asks for first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select

from app.demo.clockwork import Story
from app.demo.lives import Scene
from app.kernel.actor import Actor
from app.kernel.database import db
from app.people.models import Employee, SignInSession
from app.people.rules import hash_token
from app.people.session_actions import end_session, start_session

DAY = timedelta(days=1)
WHY = "Max is in the air until tonight and a coach of forty guests has no rooms. I need the pool of the house."


class Access(Protocol):
    """The deeds of the room `ops`, handed in: this room may not look sideways."""

    def open_glass(
        self, *, session_id: int, role: str, minutes: int, reason: str, actor: Actor, now: datetime
    ) -> Any: ...
    def close_glass(self, *, raise_id: int, actor: Actor, now: datetime) -> None: ...
    def confirm(self, *, quarter: str, employee_ids: Sequence[int], actor: Actor, now: datetime) -> int: ...


def watch_access(scene: Scene, access: Access) -> None:
    scene.clockwork.tell(_review(scene, access), scene.clockwork.end - 9 * DAY)
    scene.clockwork.tell(_glass(scene, access), scene.clockwork.end - 4 * DAY)


def _glass(scene: Scene, access: Access) -> Story:
    """Sam takes the manager's role for a quarter of an hour, and gives it back before it is over."""
    clockwork, sam = scene.clockwork, scene.company.people["sam"]
    token = start_session(person=sam, address=None, browser="Front desk", now=clockwork.now)
    session_id = db.session.scalar(select(SignInSession.id).where(SignInSession.token_hash == hash_token(token)))
    assert session_id is not None
    raised = access.open_glass(
        session_id=session_id, role="manager", minutes=15, reason=WHY, actor=sam.actor, now=clockwork.now
    )
    yield timedelta(minutes=11)
    access.close_glass(raise_id=raised.id, actor=sam.actor, now=clockwork.now)
    end_session(token=token, person=sam, now=clockwork.now)


def _review(scene: Scene, access: Access) -> Story:
    """Max goes through everybody but himself, and Ada through Max."""
    clockwork, company = scene.clockwork, scene.company
    now = clockwork.now
    quarter = f"{now.year}-Q{(now.month + 2) // 3}"
    max_id = company.people["max"].id
    everybody = db.session.scalars(select(Employee.id).where(Employee.deactivated_at.is_(None))).all()
    others = [one for one in everybody if one != max_id]
    access.confirm(quarter=quarter, employee_ids=others, actor=company.people["max"].actor, now=now)
    yield timedelta(minutes=20)
    access.confirm(quarter=quarter, employee_ids=[max_id], actor=company.people["ada"].actor, now=clockwork.now)
