"""What will happen in one demo case, drawn from a seed before anything is done. Pure: the same seed gives the same plan."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.demo import phrases
from app.demo.guest_stories import GUEST_STORIES
from app.demo.room_stories import ROOM_STORIES
from app.demo.story import Story
from app.kernel.time import UTC

STORIES: tuple[Story, ...] = (*ROOM_STORIES, *GUEST_STORIES)
CASES_OF_A_WEEK = (3, 4, 4, 4, 4, 5, 5)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CHANNELS = {
    "booking": (("phone", 5), ("email", 4), ("web", 2), ("chat", 1)),
    "arrival": (("desk", 9), ("phone", 2)),
    "stay": (("desk", 7), ("phone", 4), ("chat", 1), ("email", 1)),
    "departure": (("desk", 3), ("email", 5), ("phone", 2), ("letter", 1)),
}
_HOURS = {"booking": (9, 19), "arrival": (14, 23), "stay": (0, 23), "departure": (7, 20)}
_GIVEN = {0: 0.5, 1: 0.48, 2: 0.63, 3: 0.9, 4: 1.0}
# Met so often that a house has its usual way: alike enough to tell whose hand is more generous.
_USUAL = frozenset({"Noise", "Room not ready"})
_GIVEN_USUALLY = 0.62
_WORSE = {0: 0.8, 1: 0.8, 2: 1.0, 3: 1.6, 4: 2.0}


@dataclass(frozen=True, slots=True)
class Guest:
    name: str
    email: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Gift:
    """A remedy as it will be tried. is_usual: as the house does it, by each one's own hand.

    asks: ask for an exception when it is above the limit, else give a smaller one.
    """

    kind: str
    dollars: int
    nature: str
    reason: str
    asks: bool
    after: timedelta
    end: str  # accepted declined withdrawn released unanswered
    answer_after: timedelta
    decision: str  # approved less declined withdrawn unanswered
    decided_after: timedelta
    decision_reason: str
    less_percent: int
    reversed_after: timedelta | None
    is_usual: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """One case from the guest's mishap to its end. `logger` and `helper` choose among the people of the site."""

    number: int
    story: Story
    severity: int
    channel: str
    summary: str
    description: str
    wish: str | None
    loss_dollars: int
    guest: Guest | None  # None: somebody who came before
    occurred_at: datetime
    logged_after: timedelta
    logger: float
    helper: float
    is_handed_over: bool
    acknowledged_after: timedelta | None  # None: the guest stands there, and the first answer says it all
    acknowledgement: str
    replied_after: timedelta
    reply: str
    note: str | None
    wait: tuple[str, str, timedelta] | None
    gift: Gift | None
    resolved_after: timedelta
    outcome: str
    cause: str
    resolution: str
    reopened: tuple[str, timedelta] | None
    closed_after: timedelta | None


def cases_on(seed: int, day: int) -> int:
    """How many cases come in on a day, counted back from the last one; every week has as many."""
    week = list(CASES_OF_A_WEEK)
    Random(f"{seed}:week:{day // 7}").shuffle(week)  # noqa: S311 - a story, not a secret
    return week[day % 7]


def make_plan(seed: int, number: int, on: date, zone: str, locale: str) -> Plan:
    """Draw one case that hits a guest on the local day `on`."""
    draw = Random(f"{seed}:case:{number}")  # noqa: S311 - a story, not a secret
    story = draw.choices(STORIES, [story.weight for story in STORIES])[0]
    low, high = story.severity
    severity, is_usual = min(high, low + _few(draw)), story.category in _USUAL and number % 4 != 3
    severity = low if is_usual else severity
    words = {
        "room": f"{draw.randint(2, 9)}{draw.randint(1, 28):02}",
        "floor": str(draw.randint(2, 9)),
        "minutes": str(draw.choice((15, 20, 25, 30, 35, 40, 50))),
        "day": draw.choice(_DAYS),
    }
    code, cause = draw.choice(story.causes)
    late = draw.random() < 0.08
    gift = _gift(draw, story, severity, words, is_usual=is_usual)
    channel = _weighted(draw, _CHANNELS[story.stage])
    face_to_face = channel in ("desk", "phone", "chat") and draw.random() < 0.75
    outcome = "explained" if gift is None or gift.kind == "explanation" else "made_good"
    if draw.random() < (0.12 if gift is None else 0.4 if gift.end != "accepted" else 0):
        outcome = draw.choice(("declined", "withdrawn", "unreachable"))
    return Plan(
        number=number,
        story=story,
        severity=severity,
        channel=channel,
        summary=draw.choice(story.summaries).format(**words),
        description=" ".join(draw.sample(story.descriptions, draw.choice((1, 1, 2)))).format(**words),
        wish=draw.choice(story.wishes) if draw.random() < 0.7 else None,
        loss_dollars=draw.randint(*story.loss) if story.loss[1] and draw.random() < 0.7 else 0,
        guest=_guest(draw, number, locale) if draw.random() < 0.78 else None,
        occurred_at=_local(draw, on, story.stage, zone),
        logged_after=_minutes(draw, 8, 0.8, most=300),
        logger=draw.random(),
        helper=draw.random(),
        is_handed_over=draw.random() < 0.12,
        acknowledged_after=None if face_to_face else _minutes(draw, 5, 0.7, most=30) * (9 if late else 1),
        acknowledgement=draw.choice(phrases.ACKNOWLEDGED),
        replied_after=_minutes(draw, 6 if face_to_face else 18, 0.7, most=90)
        * (8 if late and draw.random() < 0.6 else 1),
        reply=draw.choice(phrases.REPLIES),
        note=draw.choice(phrases.NOTES).format(**words) if draw.random() < 0.3 else None,
        wait=_wait(draw),
        gift=gift,
        resolved_after=_minutes(draw, 150, 0.9, most=1_500)
        + (timedelta(days=draw.randint(2, 6)) if late else timedelta()),
        outcome=outcome,
        cause=code,
        resolution=f"{draw.choice(story.resolutions).format(**words)} {cause}.",
        reopened=(draw.choice(phrases.UNHAPPY), _minutes(draw, 2_000, 0.6)) if draw.random() < 0.05 else None,
        closed_after=timedelta(days=draw.randint(2, 5), minutes=draw.randint(0, 600)) if draw.random() < 0.75 else None,
    )


def _gift(draw: Random, story: Story, severity: int, words: dict[str, str], *, is_usual: bool) -> Gift | None:
    kind, least, most = draw.choice(story.remedies)
    if is_usual:
        kind, least, most = story.remedies[0]
    dollars = int(draw.randint(least, max(least, most)) * _WORSE[severity]) // 5 * 5
    decision = _weighted(draw, (("approved", 58), ("less", 12), ("declined", 16), ("withdrawn", 7), ("unanswered", 7)))
    said = {"approved": phrases.APPROVALS, "less": phrases.LESS, "declined": phrases.DECLINES}
    gift = Gift(
        kind=kind,
        dollars=max(5, dollars) if most else 0,
        nature="redress" if story.category == "Billing" else "goodwill",
        reason=draw.choice(phrases.REASONS),
        asks=draw.random() < 0.93,
        after=_minutes(draw, 14, 0.8, most=240),
        end=_weighted(draw, (("accepted", 85), ("declined", 6), ("withdrawn", 2), ("released", 2), ("unanswered", 5))),
        answer_after=_minutes(draw, 45, 1.1, most=2_500),
        decision=decision,
        decided_after=_minutes(draw, 20, 1.1, most=600),
        decision_reason=draw.choice(said.get(decision, ("",))).format(**words),
        less_percent=draw.choice((50, 60, 70, 80)),
        reversed_after=timedelta(days=draw.randint(1, 9)) if draw.random() < 0.02 else None,
        is_usual=is_usual,
    )
    return gift if draw.random() < (_GIVEN_USUALLY if is_usual else _GIVEN[severity]) else None


def _guest(draw: Random, number: int, locale: str) -> Guest:
    home = locale if draw.random() < 0.6 else draw.choice(sorted(phrases.FIRST_NAMES))
    first, last = draw.choice(phrases.FIRST_NAMES[home]), draw.choice(phrases.LAST_NAMES[home])
    box = f"{first}.{last}.{number}".lower().replace("'", "")
    email = f"{box}@guest.example" if draw.random() < 0.85 else None
    phone = f"+1 555 01{draw.randint(0, 99):02} {number:04}" if draw.random() < 0.5 else None
    return Guest(f"{first} {last}", email, phone)


def _wait(draw: Random) -> tuple[str, str, timedelta] | None:
    if draw.random() >= 0.13:
        return None
    whom = "customer" if draw.random() < 0.75 else "third_party"
    return whom, draw.choice(phrases.WAITS), _minutes(draw, 400, 0.9, most=3_000)


def _local(draw: Random, on: date, stage: str, zone: str) -> datetime:
    first, last = _HOURS[stage]
    local = datetime.combine(on, time(draw.randint(first, last), draw.randint(0, 59)), ZoneInfo(zone))
    return local.astimezone(UTC)


def _lingers(draw: Random, severity: int, late: bool) -> timedelta:
    """Some cases rest for days, and of the lighter ones many for a night."""
    if late:
        return timedelta(days=draw.randint(2, 6))
    return timedelta(hours=draw.randint(9, 24)) if severity < 2 and draw.random() < 0.35 else timedelta()


def _few(draw: Random) -> int:
    """0 more often than 1, 1 more often than 2."""
    return draw.choices((0, 1, 2), (5, 4, 1))[0]


def _minutes(draw: Random, median: float, spread: float, *, most: float = 10_000) -> timedelta:
    minutes = min(most, median * draw.lognormvariate(0, spread))
    return timedelta(seconds=max(20, int(minutes * 60)))


def _weighted(draw: Random, choices: tuple[tuple[str, int], ...]) -> str:
    return draw.choices([name for name, _ in choices], [weight for _, weight in choices])[0]
