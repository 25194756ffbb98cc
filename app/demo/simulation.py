"""A year at the hotel group, told by the demo clock from the first day to now."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from app.approvals import jobs as approval_jobs
from app.audit.actions import told_by
from app.demo.clockwork import Clockwork, Story
from app.demo.company import HOUSES, Company, found, publish_policy
from app.demo.given_word import keep_the_law
from app.demo.later import guests_looked_up
from app.demo.learning import draft_in_the_shadow
from app.demo.lives import Scene, live
from app.demo.plans import Plan, cases_on, make_plan
from app.demo.present import tell_the_present
from app.demo.pulses import feel_the_pulse
from app.demo.reviewed import reviews_of_the_year
from app.demo.trust import Access, watch_access
from app.insights import jobs as shadow_jobs
from app.kernel.actor import command
from app.people import actions as people
from app.people import certificate_jobs
from app.people.queries import person
from app.remedies import jobs as remedy_jobs
from app.sla import jobs as sla_jobs

DEMO = command("demo")
# Which house a case is in: New York has the most, Tokyo the fewest.
_SHARES = (("NYC", 0.44), ("LON", 0.77), ("TYO", 1.0))


def tell_a_year(
    *,
    seed: int,
    days: int,
    end: datetime,
    phrase: str,
    tick: Callable[[datetime], None] | None = None,
    access: Access | None = None,
) -> Company:
    """Found the company `days` before `end` and let it live until then. The same seed and end give the same cases.

    access: the deeds of break-glass and of the review of access; without them neither is told.
    """
    end = end.replace(microsecond=0)
    start = end - timedelta(days=days, hours=1)
    with told_by("demo"):
        company = found(seed=seed, phrase=phrase, actor=DEMO, now=start, days=days)
        scene = Scene(company, Clockwork(start + timedelta(minutes=5), end))
        clockwork = scene.clockwork
        for at, code, plan in plans(seed, days, end.date()):
            if at >= clockwork.now:
                clockwork.tell(live(scene, code, plan), at)
        clockwork.tell(_chores(clockwork), start + timedelta(hours=1))
        clockwork.tell(_sell_by(clockwork), start + timedelta(hours=6))
        clockwork.tell(_new_policy(scene), start + timedelta(days=days * 0.55))
        clockwork.tell(_farewell(scene), start + timedelta(days=days * 0.8))
        clockwork.tell(draft_in_the_shadow(scene), start + timedelta(days=days * 0.83))
        clockwork.tell(keep_the_law(scene, DEMO), start + timedelta(days=days * 0.92))
        clockwork.tell(guests_looked_up(scene, seed, DEMO), end - timedelta(hours=20))
        reviews_of_the_year(scene, start, days)
        feel_the_pulse(scene, start, days, seed)
        if access:
            watch_access(scene, access)
        tell_the_present(scene, seed)
        clockwork.run(tick)
        _look_once_more(clockwork)
    return company


def plans(seed: int, days: int, today: date) -> list[tuple[datetime, str, Plan]]:
    """Every case of the year with the instant of its log and its house, in the order of time."""
    houses = {house.code: house for house in HOUSES}
    found_plans = []
    for day in range(days + 1):
        for index in range(cases_on(seed, day)):
            number = day * 10 + index
            place = (number * 7919 + seed * 31) % 1000 / 1000
            house = houses[next(code for code, most in _SHARES if place < most)]
            plan = make_plan(seed, number, today - timedelta(days=day), house.zone, house.locale)
            found_plans.append((plan.occurred_at + plan.logged_after, house.code, plan))
    return sorted(found_plans, key=lambda found_plan: (found_plan[0], found_plan[2].number))


def _chores(clockwork: Clockwork) -> Story:
    """What the scheduler does all day: look at the clocks."""
    while True:
        sla_jobs.sweep(now=clockwork.now)
        yield timedelta(hours=2)


def _sell_by(clockwork: Clockwork) -> Story:
    """Offers that nobody took and requests that nobody answered come to an end."""
    while True:
        remedy_jobs.expire_due(now=clockwork.now)
        approval_jobs.expire_due(now=clockwork.now)
        certificate_jobs.tell_endings(now=clockwork.now)
        yield timedelta(hours=6)


def _new_policy(scene: Scene) -> Story:
    """After half a year the frontline's own limits are raised."""
    publish_policy(scene.company, "Recovery policy, more trust", 1.0, actor=DEMO, now=scene.clockwork.now)
    yield from ()


def _farewell(scene: Scene) -> Story:
    """Somebody leaves, and a colleague takes over."""
    leaver, successor = scene.company.frontline["LON"][-1], scene.company.frontline["LON"][0]
    people.deactivate(employee_id=leaver.id, successor_id=successor.id, actor=DEMO, now=scene.clockwork.now)
    fresh = person(successor.id)
    assert fresh is not None
    scene.gone[leaver.id] = fresh
    yield from ()


def _look_once_more(clockwork: Clockwork) -> None:
    sla_jobs.sweep(now=clockwork.end)
    remedy_jobs.expire_due(now=clockwork.end)
    approval_jobs.expire_due(now=clockwork.end)
    shadow_jobs.answer_in_the_shadow(now=clockwork.end)
