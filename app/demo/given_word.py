"""What guests were told would happen and whether it did; a law kept for a month; and a morning with hours of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.calendars import actions as calendars
from app.calendars.queries import calendar_of
from app.calendars.queries import calendars as newest_calendars
from app.calendars.rules import due
from app.demo.clockwork import Story
from app.demo.plans import Plan
from app.kernel.actor import Actor
from app.kernel.database import db
from app.people.queries import PersonRow
from app.promises import actions as promises
from app.promises.models import Promise
from app.sla import legal_actions
from app.sla.queries import newest_versions

if TYPE_CHECKING:
    from app.demo.lives import Scene

ONE_IN = 40
_WORDS = (
    ("A quiet room from tonight on", 5),
    ("A call from the engineer with what he found", 3),
    ("The corrected bill by mail", 8),
    ("A new pass for the garage, brought to the room", 2),
    ("The lost suitcase back from the airport", 9),
)
LAW = "disp-8w"


def is_promised(plan: Plan) -> bool:
    return int(plan.helper * 10_000) % ONE_IN == 0


def promised(scene: Scene, case: int, owner: PersonRow, plan: Plan) -> Story:
    """A promise from its making to its end: seven in ten are kept in time, two late, one is taken back."""
    share = plan.helper * 7_919 % 1
    promise_id = make(scene, case, owner, plan.guest.name if plan.guest else "The guest", int(share * 997))
    length = db.session.get_one(Promise, promise_id).due_at - scene.clockwork.now
    if share < 0.7:
        yield length * 0.6
        promises.keep(promise_id=promise_id, **_as_it_is(scene, promise_id, owner))
    elif share < 0.8:
        yield length * 0.9
        note = "Called: it takes until tomorrow, and why."
        promises.tell_customer(promise_id=promise_id, note=note, **_as_it_is(scene, promise_id, owner))
        yield length * 0.3
        promises.keep(promise_id=promise_id, **_as_it_is(scene, promise_id, owner))
    elif share < 0.9:
        yield length + timedelta(minutes=50)
        promises.keep(promise_id=promise_id, **_as_it_is(scene, promise_id, owner))
    else:
        yield length * 0.2
        reason = "The guest found another way, and told us so."
        promises.withdraw(promise_id=promise_id, reason=reason, **_as_it_is(scene, promise_id, owner))


def make(scene: Scene, case: int, owner: PersonRow, guest: str, choice: int) -> int:
    """Promise something within so many working hours of the house; returns its id."""
    what, hours = _WORDS[choice % len(_WORDS)]
    actor, now = scene.who(owner), scene.clockwork.now
    assert actor.site_id is not None
    due_at = due(now.replace(microsecond=0), hours * 3_600, calendar_of(newest_versions(actor.site_id)[1]))
    assert due_at is not None
    return promises.make(
        case_id=case, what=what, told_to=guest, due_at=due_at, keeper_id=None, actor=actor, now=now
    ).id  # fmt: skip


def _as_it_is(scene: Scene, promise_id: int, owner: PersonRow) -> dict[str, Any]:
    version = db.session.get_one(Promise, promise_id, populate_existing=True).version
    return {"version": version, "actor": scene.who(owner), "now": scene.clockwork.now}


def keep_the_law(scene: Scene, actor: Actor) -> Story:
    """London's last month under a legal clock, and a late opening next week."""
    london, now = scene.company.sites["LON"], scene.clockwork.now
    legal_actions.keep(code=LAW, site_ids={london.id}, actor=actor, now=now)
    row = next(one for one in newest_calendars() if one.code == "lon")
    day = (scene.clockwork.end + timedelta(days=6)).date().isoformat()
    calendars.change_hours(
        calendar_id=row.id, number=row.number, zone=row.time_zone, windows=row.windows, country=row.country,
        subdivision=row.subdivision, own_holidays={}, special={day: {"windows": [["11:00", "22:00"]], "name": "Stocktaking"}},
        actor=actor, now=now,
    )  # fmt: skip
    yield from ()
