"""Opening a pulse, handing out ballots, answering once and unlinkably, calling it off, destroying what is left, carrying away."""

import secrets
from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select

from app.audit import actions as audit
from app.insights import pulse_queries as queries
from app.insights import pulse_rules as rules
from app.insights.pulse_models import Pulse, PulseAnswer, PulseBallot, PulseGroup
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import permissions
from app.people.models import Employee, RegionSite, Team

# The trail says that somebody answered, and neither who nor from where: this rule acts in the person's place.
SOMEBODY = rule("pulse-answer")
CLOCK = rule("pulse-turn")
# Who is in a team counts where the team is: then teams lie in sites, which is what hiding totals rests on.
_SITE = func.coalesce(Team.site_id, Employee.site_id)
OPENED = audit.declare("pulse:open", "name", "opens_at", "closes_at", sentence=_l("opened a pulse"))
HANDED_OUT = audit.declare("pulse:hand-out", "asked", sentence=_l("asked everybody who is active in a pulse"))
ANSWERED = audit.declare("pulse:answer", sentence=_l("took somebody's answer to a pulse, without saying whose"))
CALLED_OFF = audit.declare("pulse:call-off", sentence=_l("called a pulse off and destroyed its answers"))
SWEPT = audit.declare("pulse:sweep", sentence=_l("destroyed the ballots that nobody used in a pulse"))
EXPORTED = audit.declare("pulse:export", "form", "units", sentence=_l("exported what a pulse came to"))


class PulseOverlaps(Refusal):
    code = "pulse-overlaps"
    sentence = _l("There is a pulse in this time already. Open the next one after it.")


class PulseAnswered(Refusal):
    code = "pulse-answered"
    sentence = _l("There is nothing for you to answer here: you have answered, or you were not asked.")


class PulseOver(Refusal):
    code = "pulse-over"
    sentence = _l("This pulse is over. What it came to stays as it is.")


def open_pulse(*, name: str, opens_at: datetime, closes_at: datetime, actor: Actor, now: datetime) -> Pulse:
    """Open a pulse for a time; whoever is active when it begins is asked. Raises BadInput, PulseOverlaps."""
    permissions.require(actor, "pulse.open")
    assert actor.id is not None
    errors: dict[str, list[str]] = {}
    if not rules.NAME_MIN <= len(name.strip()) <= rules.NAME_MAX:
        errors["name"] = [_("Write 3 to 80 characters.")]
    if opens_at < now - rules.OPEN_MIN:
        errors["opens_on"] = [_("Begin today or later.")]
    if not rules.OPEN_MIN <= closes_at - max(opens_at, now) <= rules.OPEN_MAX:
        errors["closes_on"] = [_("Leave people at least 3 days, and at most 60.")]
    if errors:
        raise BadInput(errors)
    with transaction():
        if queries.overlapping(opens_at, closes_at):
            raise PulseOverlaps
        row = Pulse(name=name.strip(), opens_at=opens_at, closes_at=closes_at, opened_by_id=actor.id)
        db.session.add(row)
        db.session.flush()
        audit.record(
            OPENED,
            subject=row.ref,
            actor=actor,
            at=now,
            name=row.name,
            opens_at=iso(opens_at),
            closes_at=iso(closes_at),
        )
        if opens_at <= now:
            hand_out(pulse_id=row.id, now=now)
        return row


def hand_out(*, pulse_id: int, now: datetime) -> bool:
    """Give everybody who is active a ballot of the group they are in now; done once. False where it was before."""
    with transaction():
        row = _row(pulse_id)
        if row.handed_out_at is not None or row.called_off_at is not None or not row.opens_at <= now < row.closes_at:
            return False
        people = db.session.execute(
            select(Employee.id, _SITE, Employee.team_id, RegionSite.region_id)
            .outerjoin(Team, Team.id == Employee.team_id)
            .outerjoin(RegionSite, RegionSite.site_id == _SITE)
            .where(Employee.deactivated_at.is_(None))
            .order_by(Employee.id)
        ).all()
        asked: dict[tuple[int, int | None, int | None], list[int]] = {}
        for person_id, site_id, team_id, region_id in people:
            asked.setdefault((site_id, team_id, region_id), []).append(person_id)
        ballots = []
        for (site, team, region), ids in asked.items():
            group = PulseGroup(pulse_id=row.id, site_id=site, team_id=team, region_id=region, asked_count=len(ids))
            db.session.add(group)
            db.session.flush()
            ballots += [{"pulse_id": row.id, "employee_id": one, "group_id": group.id} for one in ids]
        if ballots:
            db.session.execute(insert(PulseBallot), ballots)
        row.handed_out_at = now
        audit.record(HANDED_OUT, subject=row.ref, actor=CLOCK, at=now, asked=len(ballots))
        return True


def answer(*, pulse_id: int, said: Mapping[str, int | None], actor: Actor, now: datetime) -> None:
    """Take somebody's answer: use up their ballot and put the values with their group's, linked to nothing.

    said: each of ITEMS with 1 to 7, or None for "rather not say". Raises BadInput, PulseAnswered, PulseOver.
    The group's answers are all laid anew in a random order under new random numbers, so that neither number nor place nor
    row version (PostgreSQL's xmin) shows which one was written with the trail's newest entry.
    """
    permissions.require(actor, "pulse.answer", owner_id=actor.id)
    if set(said) != set(rules.ITEMS) or any(not _is_answer(value) for value in said.values()):
        raise BadInput({"": [_("Say something to each statement, or rather not say.")]})
    with transaction():
        row = _row(pulse_id)
        if row.called_off_at is not None or now >= row.closes_at:
            raise PulseOver
        mine = PulseBallot.pulse_id == row.id, PulseBallot.employee_id == actor.id
        group_id = db.session.scalar(select(PulseBallot.group_id).where(*mine))
        if group_id is None:
            raise PulseAnswered
        db.session.execute(delete(PulseBallot).where(*mine))
        columns = [getattr(PulseAnswer, name) for name in rules.ITEMS]
        kept = [
            dict(zip(rules.ITEMS, values, strict=True))
            for values in db.session.execute(select(*columns).where(PulseAnswer.group_id == group_id))
        ]
        laid = [*kept, dict(said)]
        secrets.SystemRandom().shuffle(laid)
        db.session.execute(delete(PulseAnswer).where(PulseAnswer.group_id == group_id))
        db.session.execute(
            insert(PulseAnswer), [{"id": secrets.randbits(62) + 1, "group_id": group_id, **one} for one in laid]
        )
        audit.record(ANSWERED, subject=row.ref, actor=SOMEBODY, at=now)


def _is_answer(value: int | None) -> bool:
    return value is None or (isinstance(value, int) and rules.LEAST <= value <= rules.MOST)


def call_off(*, pulse_id: int, actor: Actor, now: datetime) -> None:
    """End a pulse before its time: its answers and ballots are destroyed, and nothing of it is ever shown."""
    permissions.require(actor, "pulse.open")
    with transaction():
        row = _row(pulse_id)
        if row.called_off_at is not None or now >= row.closes_at:
            raise PulseOver
        groups = select(PulseGroup.id).where(PulseGroup.pulse_id == row.id)
        db.session.execute(delete(PulseAnswer).where(PulseAnswer.group_id.in_(groups)))
        db.session.execute(delete(PulseBallot).where(PulseBallot.pulse_id == row.id))
        row.called_off_at = now
        audit.record(CALLED_OFF, subject=row.ref, actor=actor, at=now)


def sweep(*, pulse_id: int, now: datetime) -> bool:
    """Destroy the ballots that nobody used once a pulse is over: who did not answer is told by nothing any more."""
    with transaction():
        row = _row(pulse_id)
        if row.swept_at is not None or now < row.closes_at:
            return False
        db.session.execute(delete(PulseBallot).where(PulseBallot.pulse_id == row.id))
        row.swept_at = now
        audit.record(SWEPT, subject=row.ref, actor=CLOCK, at=now)
        return True


def note_export(*, pulse_id: int, form: str, units: int, actor: Actor, now: datetime) -> None:
    """Name in the trail who carries figures away, and of how many units."""
    permissions.require(actor, "pulse.read")
    with transaction():
        audit.record(EXPORTED, subject=_row(pulse_id).ref, actor=actor, at=now, form=form, units=units)


def _row(pulse_id: int) -> Pulse:
    """Lock a pulse: answers of one group follow each other, or two at once would each lay the others anew."""
    row = db.session.get(Pulse, pulse_id, with_for_update=True)
    if row is None:
        raise NotFound
    return row
