"""The last hours, written by hand: what a visitor finds on the desks right now."""

from dataclasses import replace
from datetime import datetime, timedelta

from app.attachments.actions import Prepared
from app.calendars.queries import calendar_of
from app.calendars.rules import due
from app.cases import actions as cases
from app.customers import actions as customers
from app.demo import given_word, photos
from app.demo.clockwork import Story
from app.demo.company import HOUSES
from app.demo.lives import Scene, log_planned
from app.demo.phrases import WAITS
from app.demo.plans import Plan, make_plan
from app.remedies import actions as remedies
from app.remedies import queries as remedy_queries
from app.sla import queries as sla

# Cases begun today by everybody else, numbered apart from the year's.
BEGUN, FIRST_NUMBER = 15, 900_000
# Who, severity, category, what, how many minutes ago it happened, asked dollars (0: none), asked with which words.
_ASKED = (
    ("ana", 4, "Overbooked", "Walked to another house at midnight with two children", 610, 640,
     "The family was walked with small children after midnight. I gave breakfast; this pays their night."),
    ("bo", 3, "Lost or damaged things", "Suit came back from the laundry with a hole", 420, 480,
     "The receipt covers it to the cent, and the laundry has admitted it."),
    ("ana", 3, "Safety", "Stranger let into room 618", 200, 900,
     "We made a second key without asking for a name. She packed and wants to leave."),
    ("bo", 2, "Cleanliness", "Mould along the shower, third message", 95, 290,
     "Third message from this guest. Two nights back would be right."),
)  # fmt: skip
_OPEN = (
    ("ana", 2, "Noise", "Building work started at seven again", 55, "Harper Walker"),
    ("bo", 1, "Billing", "Breakfast on the bill though it is in the rate", 25, "Diego Reyes"),
    ("ana", 1, "Wi-Fi and technology", "Key card dies each evening", 150, "Naomi Chen"),
)
# Found by the clock: these are close to their time, those are past it.
_CLOSE = (("ana", 3, "Heating and air", "26 degrees at night and the window is sealed", "Marcus Young"),
          ("bo", 2, "Restaurant", "Table by the window was given away", "Leila Thompson"),
          ("ana", 2, "Room not ready", "Room not ready at 4 p.m.", "Mateo Vargas"))  # fmt: skip
_LATE = (("bo", 2, "Transfer and parking", "Car scratched in the garage", "Grace Kim", 70),
         ("ana", 1, "Billing", "Charged twice for the parking", "Rosa Parker", 90))  # fmt: skip


ANSWERED_AFTER = 6  # minutes; what Ana opened today also has a promise


def tell_the_present(scene: Scene, seed: int) -> None:
    """Put today's cases onto the desks; Ana, Bo and Sam in New York have something to do at any hour."""
    end = scene.clockwork.end
    for number in range(BEGUN):
        house = HOUSES[number % len(HOUSES)]
        at = end - timedelta(minutes=35 + 31 * number)
        plan = make_plan(seed, FIRST_NUMBER + number, at.date(), house.zone, house.locale)
        plan = replace(plan, occurred_at=at - timedelta(minutes=10), severity=min(plan.severity, 3))
        scene.clockwork.tell(_begun(scene, house.code, plan, number % 4 == 1), at)
    photo = photos.ready("thermostat.jpg", photos.thermostat())
    scene.clockwork.tell(_cleo(scene, photo), end - timedelta(minutes=38))
    for who, severity, category, what, minutes, dollars, why in _ASKED:
        at = end - timedelta(minutes=minutes)
        bill = photos.ready("bill of the guest.txt", f"{what}\n{why}\n".encode())
        scene.clockwork.tell(_asked(scene, who, severity, category, what, dollars, why, bill), at)
    for who, severity, category, what, minutes, guest in _OPEN:
        scene.clockwork.tell(
            _opened(scene, who, severity, category, what, guest, ANSWERED_AFTER), end - timedelta(minutes=minutes)
        )
    for who, severity, category, what, guest in _CLOSE:
        scene.clockwork.tell(_opened(scene, who, severity, category, what, guest, 9), _nearly_due(scene, severity, end))
    for who, severity, category, what, guest, hours in _LATE:
        scene.clockwork.tell(_opened(scene, who, severity, category, what, guest, 14), end - timedelta(hours=hours))


def _begun(scene: Scene, code: str, plan: Plan, waits: bool) -> Story:
    """A case of today: logged and answered, and its end is still to come."""
    logger = scene.frontline(code, plan.logger)
    case = log_planned(scene, code, plan, logger)
    yield plan.replied_after
    actor = scene.who(logger)
    cases.record_reply(case_id=case, text=plan.reply, actor=actor, now=scene.clockwork.now)
    if waits:
        yield timedelta(minutes=3)
        cases.wait(case_id=case, waiting_for="customer", reason=WAITS[0], actor=actor, now=scene.clockwork.now)


def _cleo(scene: Scene, photo: Prepared) -> Story:
    """The case with which a visitor tries "Can I?": heard and answered for, and nothing promised yet."""
    case = _log(
        scene, "ana", 3, "Heating and air", "No heating in room 512, second night",
        "I told you on the first morning, and engineering never came. I slept in my coat and have a talk to give at ten.",
        "Cleo Marchetti", "cleo@guest.example",
    )  # fmt: skip
    yield timedelta(minutes=4)
    ana = scene.company.people["ana"].actor
    cases.acknowledge(case_id=case, actor=ana, now=scene.clockwork.now)
    photos.attach("case", case, photo, actor=ana, now=scene.clockwork.now)


def _opened(scene: Scene, who: str, severity: int, category: str, what: str, guest: str, answer: int) -> Story:
    case = _log(scene, who, severity, category, what, "", guest, f"{guest.lower().replace(' ', '.')}@guest.example")
    yield timedelta(minutes=answer)
    actor = scene.company.people[who].actor
    cases.record_reply(
        case_id=case, text="I have it and I am looking into it now.", actor=actor, now=scene.clockwork.now
    )
    if who == "ana" and answer == ANSWERED_AFTER:
        given_word.make(scene, case, scene.company.people[who], guest, severity)


def _asked(
    scene: Scene, who: str, severity: int, category: str, what: str, dollars: int, why: str, bill: Prepared
) -> Story:
    """A case whose remedy is above the asker's limit and waits for Sam."""
    actor = scene.company.people[who].actor
    case = _log(scene, who, severity, category, what, why, None, None)
    yield timedelta(minutes=7)
    cases.record_reply(
        case_id=case, text="I have asked for this and come back to you today.", actor=actor, now=scene.clockwork.now
    )
    yield timedelta(minutes=9)
    amount = scene.company.money("NYC", dollars)
    judged = remedy_queries.can_i(case_id=case, kind="refund", amount=amount, actor=actor, now=scene.clockwork.now)
    if judged.decision.outcome == "needs_approval":
        asked = remedies.ask_exception(
            case_id=case, kind="refund", amount=amount, reason=why, intent=f"demo-present-{case}", actor=actor,
            now=scene.clockwork.now,
        )  # fmt: skip
        photos.attach("exception", asked.id, bill, actor=actor, now=scene.clockwork.now)


def _log(
    scene: Scene, who: str, severity: int, category: str, what: str, more: str, guest: str | None, email: str | None
) -> int:
    person, now = scene.company.people[who], scene.clockwork.now
    known = scene.guests.get("NYC", [])
    customer_id = known[-1 - severity] if len(known) > 9 else None
    if guest:
        customer_id = customers.find_or_make(
            name=guest, email=email, site_id=person.site_id, actor=person.actor, now=now
        ).id
    return cases.log(
        site_id=person.site_id,
        team_id=person.team_id,
        owner_id=person.id,
        customer_id=customer_id,
        category_id=scene.company.categories[category],
        severity=severity,
        summary=what,
        description=more,
        channel="desk",
        journey_stage="stay",
        attribution="company",
        actor=person.actor,
        now=now,
    ).id


def _nearly_due(scene: Scene, severity: int, end: datetime) -> datetime:
    """When a case must have begun to be due within the next hour and a half, in New York's hours."""
    policy_id, calendar_id = sla.newest_versions(scene.company.sites["NYC"].id)
    calendar, target = calendar_of(calendar_id), sla.targets(policy_id)[severity]["resolve"]
    wanted = end + timedelta(minutes=25 * severity)
    began = end - timedelta(seconds=target)
    for minutes in range(0, 7 * 24 * 60, 10):
        began = wanted - timedelta(seconds=target) - timedelta(minutes=minutes)
        ends = due(began, target, calendar, ())
        if ends is not None and ends <= wanted:
            break
    return began
