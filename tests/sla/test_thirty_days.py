"""Thirty days of scheduler life under a fake clock, over each change of the clocks, with crashes at random places.

Cases are closed at any hour of day and night. What has to be told is worked out apart: by a walk that asks the wall for
every single minute.
"""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.kernel.database import db
from app.notifications.models import Notification
from app.sla import actions as clocks
from app.sla import jobs, notice_actions, target_actions
from app.sla.condition_rules import THRESHOLDS
from app.sla.models import Clock, ClockNotice
from tests.counts import count
from tests.people.builders import make_person, make_site, make_team
from tests.sla.builders import TEST

MINUTE = timedelta(minutes=1)
TICK = 30 * MINUTE
PATIENCE = 6  # ticks while the desk is open: a crash costs one, and a few in a row a few
LONDON = ZoneInfo("Europe/London")
HOLIDAYS = {"2026-04-03", "2026-04-06"}
# A night shift on Saturday passes through each change of the clocks.
NIGHT = ("sat", "22:00", "06:00")
CASES = count(200, 5, least=5)
PERCENTS = {"half": 50, "soon": 75, "near": 90}
AFTER = {"breach": 0, "level1": 3_600, "level2": 14_400, "level3": 28_800}


class Crash(Exception):
    """The process died here."""


def is_open(at: datetime) -> bool:
    """Ask the wall: weekdays from 9 to 17 but for holidays, and the night from Saturday to Sunday."""
    wall = at.astimezone(LONDON)
    if wall.weekday() < 5 and 9 <= wall.hour < 17:
        return wall.date().isoformat() not in HOLIDAYS
    return (wall.weekday() == 5 and wall.hour >= 22) or (wall.weekday() == 6 and wall.hour < 6)


def expected(clock: Clock, begin: datetime, open_minutes: list[bool]) -> dict[str, datetime]:
    """When each step may first be told: after its share of open minutes, at an open minute; under "due" when time was up."""
    wanted = {name: clock.target_seconds * share // 100 for name, share in PERCENTS.items()}
    wanted |= {name: clock.target_seconds + extra for name, extra in AFTER.items()}
    found: dict[str, datetime] = {}
    counted = 0
    for minute in range((clock.started_at - begin) // MINUTE, len(open_minutes)):
        if open_minutes[minute]:
            for name, seconds in wanted.items():
                if name not in found and counted >= seconds:
                    found[name] = begin + minute * MINUTE
            counted += 60
            if counted == clock.target_seconds:
                found["due"] = begin + (minute + 1) * MINUTE
    return found


def must_be_told(clock: Clock, wanted: dict[str, datetime], open_ticks: list[datetime]) -> tuple[set[str], set[str]]:
    """The steps that have to be told, and those that may be: of a case closed meanwhile only a breach that was due before."""
    sure, possible = set(), set()
    for name, at in wanted.items():
        ahead = open_ticks[bisect_right(open_ticks, at) :]
        ends = clock.stopped_at if clock.stopped_at and name != "breach" else None
        if name == "due" or (name == "breach" and clock.stopped_at and clock.stopped_at <= wanted["due"]):
            continue
        if len(ahead) >= PATIENCE and (ends is None or ahead[PATIENCE - 1] < ends):
            sure.add(name)
        if ends is None or at < ends:
            possible.add(name)
    return sure, possible


class Fuse:
    """Lets the process die at one random place of a tick: before the notices, beside the trail, or after the commit."""

    def __init__(self) -> None:
        self.left = 0

    def set(self, chance: random.Random) -> None:
        self.left = chance.randint(1, 7) if chance.random() < 0.2 else 0

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash

    def through(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def work(*given: Any, **named: Any) -> Any:
            self.burn()
            result = real(*given, **named)
            self.burn()
            return result

        return work


@pytest.fixture
def fuse(monkeypatch: pytest.MonkeyPatch) -> Fuse:
    found = Fuse()
    for name in ("notify_many", "_claim", "notice_due"):
        monkeypatch.setattr(notice_actions, name, found.through(getattr(notice_actions, name)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("begins", ["2026-03-14", "2026-10-10"])
def test_over_thirty_days_with_crashes_each_notice_is_given_exactly_once_and_none_is_missed(
    app: Flask, fuse: Fuse, begins: str
) -> None:
    chance = random.Random(f"{begins}:{db.engine.dialect.name}")
    begin = datetime.fromisoformat(begins).replace(tzinfo=UTC)
    end = begin + timedelta(days=30)
    desk = company(begin)
    hours = {name: seconds * 3_600 for name, seconds in (("acknowledge", 30), ("first_response", 40), ("resolve", 50))}
    target_actions.publish_targets(targets={1: hours, 2: {"resolve": 108_000}}, number=0, actor=TEST, now=begin)
    opened = {number: begin + chance.randrange(25 * 24 * 60) * MINUTE for number in range(1, CASES + 1)}
    story = [(at, number) for number, at in opened.items()]
    story += [(at + chance.randrange(1, 12 * 24 * 60) * MINUTE, -number) for number, at in opened.items() if number % 2]
    story.sort()
    now, told_at = begin, dict[tuple[int, str], datetime]()
    while now < end:
        while story and story[0][0] <= now:
            at, number = story.pop(0)
            if number < 0:
                clocks.stop_all(case_id=-number, at=at, actor=TEST, now=at)
                continue
            clocks.start_case_clocks(
                case_id=number, severity=chance.randrange(1, 3), started_at=at, actor=TEST, now=at, **desk
            )
        fuse.set(chance)
        sweep(now, told_at)
        now += TICK
    open_minutes = [is_open(begin + n * MINUTE) for n in range((end - begin) // MINUTE)]
    open_ticks = [at for at in (begin + n * TICK for n in range((end - begin) // TICK)) if is_open(at)]
    assert all(is_open(at) for at in told_at.values())
    for clock in db.session.scalars(select(Clock).order_by(Clock.id)):
        wanted = expected(clock, begin, open_minutes)
        given = {name: at for (clock_id, name), at in told_at.items() if clock_id == clock.id}
        sure, possible = must_be_told(clock, wanted, open_ticks)
        assert sure <= set(given) <= possible, (clock.id, clock.milestone)
        for name, at in given.items():
            waited = bisect_right(open_ticks, at) - bisect_right(open_ticks, wanted[name])
            assert 0 < waited <= PATIENCE, (clock.id, name, wanted[name], at)
    lines = db.session.execute(
        select(
            Notification.subject, Notification.employee_id, Notification.kind, Notification.text_key, func.count()
        ).group_by(Notification.subject, Notification.employee_id, Notification.kind, Notification.text_key)
    )
    assert [tuple(line) for line in lines if line[4] != 1] == []
    kinds = Counter(name for _clock, name in told_at)
    assert set(kinds) == set(THRESHOLDS)
    assert db.session.scalar(select(func.count()).select_from(ClockNotice)) == len(told_at)


def company(now: datetime) -> dict[str, int]:
    windows = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]} | {NIGHT[0]: [list(NIGHT[1:])]}
    calendar_id = calendars.add_calendar(
        code="london", name="London", zone="Europe/London", windows=windows, actor=TEST, now=now,
        own_holidays=dict.fromkeys(HOLIDAYS, "Easter"),
    )  # fmt: skip
    site = make_site(calendar_id=calendar_id, now=now)
    team = make_team("Front desk", site.id)
    make_person("Max Weber", "manager", site.id)
    make_person("Sam Okafor", "supervisor", site.id, team_id=team.id)
    ana = make_person("Ana Ruiz", "frontline", site.id, team_id=team.id)
    return {"site_id": site.id, "team_id": team.id, "owner_id": ana.id}


def sweep(now: datetime, told_at: dict[tuple[int, str], datetime]) -> None:
    """One tick of the scheduler's process; after a crash the next tick begins with a fresh session."""
    try:
        if not jobs.sweep(now=now):
            return
        while jobs.sweep(now=now):
            pass
    except Crash:
        db.session.remove()
    given = select(ClockNotice.clock_id, ClockNotice.threshold, ClockNotice.at).where(ClockNotice.at == now)
    for clock_id, name, at in db.session.execute(given):
        assert (clock_id, name) not in told_at
        told_at[clock_id, name] = at
