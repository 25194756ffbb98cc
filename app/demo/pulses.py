"""Two pulses that are over, and one that waits on everybody's desk: Ana, Bo and Sam have yet to answer it."""

from datetime import datetime, timedelta
from random import Random

from app.demo.clockwork import Story
from app.demo.lives import Scene
from app.insights import pulse_actions as pulses
from app.insights.pulse_rules import ITEMS
from app.people import queries as people

DAYS_MIN = 200
DAY = timedelta(days=1)
# How people lean: much meaning and skill, less say in how things are done. Between the two it got a little better.
_LEAN = {"meaning": 5.6, "competence": 5.8, "self_determination": 4.2, "impact": 4.0}
_SHARE = 0.85  # of those asked who answer


def feel_the_pulse(scene: Scene, start: datetime, days: int, seed: int) -> None:
    """Let HR ask twice in the year and once more some days ago; a shorter story has only the open one."""
    if days >= DAYS_MIN:
        scene.clockwork.tell(_over(scene, "Spring pulse", 0.0, seed), start + timedelta(days=days * 0.4))
        scene.clockwork.tell(_over(scene, "Autumn pulse", 0.5, seed + 1), start + timedelta(days=days * 0.85))
    scene.clockwork.tell(_open(scene), scene.clockwork.end - 2 * DAY)


def _ask(scene: Scene, name: str, length: int) -> int:
    now, hana = scene.clockwork.now, scene.company.people["hana"].actor
    return pulses.open_pulse(name=name, opens_at=now, closes_at=now + length * DAY, actor=hana, now=now).id


def _over(scene: Scene, name: str, more: float, seed: int) -> Story:
    """Most answer on the third day, each with a leaning of their own."""
    draw, pulse_id = Random(seed), _ask(scene, name, 7)  # noqa: S311 - a story's numbers, no secret
    yield 3 * DAY
    for person in people.active_people():
        if draw.random() < _SHARE:
            own = draw.gauss(0, 0.7)
            said = {item: _said(_LEAN[item[:-2]] + more + own, draw) for item in ITEMS}
            pulses.answer(pulse_id=pulse_id, said=said, actor=person.actor, now=scene.clockwork.now)
    yield 4 * DAY
    pulses.sweep(pulse_id=pulse_id, now=scene.clockwork.now)


def _said(middle: float, draw: Random) -> int | None:
    """A step of the scale; now and then somebody would rather not say."""
    return None if draw.random() < 0.02 else min(7, max(1, round(draw.gauss(middle, 0.9))))


def _open(scene: Scene) -> Story:
    _ask(scene, "How much say do we have?", 14)
    yield from ()
