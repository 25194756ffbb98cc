"""What became of guests, as the loyalty programme tells it: nearly all of New York's, and of Tokyo's too few to compare."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from app.demo.clockwork import Story
from app.demo.lives import Scene
from app.insights import outcome_actions as outcomes
from app.insights.outcome_rules import Line
from app.kernel.actor import Actor
from app.kernel.references import ref

SOURCE = "loyalty programme"
TOKYO_KNOWN = 8
# What a guest is worth in the next year, in dollars; and how many in ten stay, whatever was given.
_WORTH, _STAY = (350, 2_400), 8


def guests_looked_up(scene: Scene, seed: int, actor: Actor) -> Story:
    """Take in one list of each house the day before the end, through the action that a file takes."""
    now = scene.clockwork.now
    for code, most in (("NYC", None), ("TYO", TOKYO_KNOWN)):
        guests = scene.guests.get(code, [])[:most]
        lines = [_line(seed, code, guest, scene) for guest in guests]
        currency = scene.company.sites[code].currency
        for batch in _batches(lines):
            outcomes.take_outcomes(lines=batch, source=SOURCE, currency=currency, actor=actor, now=now)
    yield from ()


def _line(seed: int, code: str, guest: int, scene: Scene) -> Line:
    draw = Random(f"{seed}:later:{guest}")  # noqa: S311 - a story, no secret
    has_stayed = draw.randrange(10) < _STAY
    worth = scene.company.money(code, draw.randrange(*_WORTH))
    return Line(
        ref=f"{code}-{guest}",
        on=(scene.clockwork.end - timedelta(days=3)).date(),
        customer=ref("customer", guest),
        has_stayed=has_stayed,
        has_returned=has_stayed and draw.randrange(10) < 4,
        had_complaint=None,
        value_millis=int(worth.decimal() * 1_000),
        segment=None,
    )


def _batches(lines: Sequence[Line]) -> list[Sequence[Line]]:
    return [lines[start : start + outcomes.BATCH] for start in range(0, len(lines), outcomes.BATCH)]
