"""The group's charter, a review of Ana that both signed, one of Bo under way, thanks between them and a coaching note."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from app.cases.models import Case
from app.demo.clockwork import Story
from app.demo.lives import Scene
from app.kernel.actor import Actor
from app.kernel.database import db
from app.reviews import actions as reviews
from app.reviews import charter_actions as charter
from app.reviews import recognition_actions as recognition
from app.reviews.charter_rules import Clause
from app.reviews.models import Review

DAYS_MIN = 200  # a shorter story has too little to look back on
DAY = timedelta(days=1)
_CLAUSES = (
    ("fairness", "Everybody alike", "The same failure is made good in the same way, whoever stands before us."),
    ("honesty", "We tell customers the truth", "We say what happened and what we can do, also when it is less than hoped for."),
    ("promises", "A promise is a debt", "We promise what we can keep, and say so before we can't."),
)  # fmt: skip


def reviews_of_the_year(scene: Scene, start: datetime, days: int) -> None:
    """Let HR write a charter in spring, review Ana in autumn, and have just begun with Bo."""
    if days < DAYS_MIN:
        return
    scene.clockwork.tell(_charter(scene), start + timedelta(days=days * 0.3))
    scene.clockwork.tell(_review(scene, "ana", 180), start + timedelta(days=days * 0.8))
    scene.clockwork.tell(_begun(scene), scene.clockwork.end - 6 * DAY)
    scene.clockwork.tell(_thanks(scene), scene.clockwork.end - 2 * DAY)


def _charter(scene: Scene) -> Story:
    clockwork, hana = scene.clockwork, _actor(scene, "hana")
    sam = scene.company.people["sam"]
    row = charter.draft_charter(actor=hana, now=clockwork.now)
    review_by = (clockwork.now + timedelta(days=365)).date()
    for code, title, text in _CLAUSES:
        clause = Clause(code, title, text, sam.id, review_by)
        charter.write_clause(number=row.number, clause=clause, version=row.version, actor=hana, now=clockwork.now)
    number, version = row.number, row.version
    charter.ask_comments(
        number=number, until=(clockwork.now + 14 * DAY).date(), version=version, actor=hana, now=clockwork.now
    )
    yield 3 * DAY
    said = "And we say sorry first, before we explain."
    charter.comment(number=number, code="honesty", text=said, actor=_actor(scene, "ana"), now=clockwork.now)
    for who in ("ana", "sam"):
        charter.agree(number=number, version=version + 1, actor=_actor(scene, who), now=clockwork.now)
    yield 12 * DAY
    charter.publish_charter(number=number, version=version + 1, actor=_actor(scene, "max"), now=clockwork.now)


def _review(scene: Scene, who: str, length: int) -> Story:
    """A review as it goes well: opened, assessed, talked about, signed by both."""
    clockwork, hana, person = scene.clockwork, _actor(scene, "hana"), _actor(scene, who)
    review_id = _open(scene, who, length)
    yield 2 * DAY
    _say(review_id, "self_assessment", "The lifts were out for three weeks, and half of my unhappy guests are from then. "
         "I used my own authority more than last year and slept better for it.", person, clockwork.now)  # fmt: skip
    _say(review_id, "comment", "Most of these waited for the lift.", person, clockwork.now, measure="recovery")
    yield 3 * DAY
    _say(review_id, "notes", "We read the five cases drawn and talked about the lifts: a cause of the house, not of Ana. "
         "Agreed: she shows two new colleagues how she words an apology.", hana, clockwork.now)  # fmt: skip
    reviews.lock(review_id=review_id, version=_version(review_id), actor=hana, now=clockwork.now)
    yield DAY
    for actor in (person, hana):
        reviews.sign(review_id=review_id, version=_version(review_id), actor=actor, now=clockwork.now)
        yield timedelta(minutes=40)


def _begun(scene: Scene) -> Story:
    """Bo's review has his own words, and waits for the conversation."""
    review_id = _open(scene, "bo", 180)
    yield 2 * DAY
    said = "A good half year. I still ask too often before I give something; I would like to talk about why."
    _say(review_id, "self_assessment", said, _actor(scene, "bo"), scene.clockwork.now)


def _thanks(scene: Scene) -> Story:
    """Bo thanks Ana for her newest resolved case; Sam and Bo agree on what to try."""
    people, clockwork = scene.company.people, scene.clockwork
    ana, bo, sam = people["ana"], people["bo"], people["sam"]
    newest = select(Case.id).where(Case.resolved_by_id == ana.id, Case.historic.is_(False)).order_by(Case.id.desc())
    case_id = db.session.scalar(newest.limit(1))
    if case_id is not None:
        text = "You told them at once that it was our fault. I want to learn that."
        recognition.give_kudos(
            case_id=case_id, receiver_id=ana.id, value="honesty", text=text, actor=bo.actor, now=clockwork.now
        )
    note = recognition.propose_note(
        employee_id=bo.id, coach_id=sam.id, saw="Bo asks before giving what is well inside his limit.",
        next_step="For two weeks: give first, note the reason, and we read three of them on Friday.", actor=sam.actor,
        now=clockwork.now,
    )  # fmt: skip
    note_id = note.id
    yield timedelta(hours=5)
    recognition.answer_note(note_id=note_id, agrees=True, version=1, actor=bo.actor, now=clockwork.now)


def _open(scene: Scene, who: str, length: int) -> int:
    """Open a review of the days up to the first of this month."""
    now = scene.clockwork.now
    until_on = date(now.year, now.month, 1)
    row = reviews.open_review(
        employee_id=scene.company.people[who].id, since_on=until_on - timedelta(days=length), until_on=until_on,
        actor=_actor(scene, "hana"), now=now,
    )  # fmt: skip
    return row.id


def _say(review_id: int, kind: str, text: str, actor: Actor, now: datetime, measure: str | None = None) -> None:
    reviews.say(
        review_id=review_id, kind=kind, text=text, version=_version(review_id), actor=actor, now=now, measure=measure
    )


def _version(review_id: int) -> int:
    return db.session.scalars(select(Review.version).where(Review.id == review_id)).one()


def _actor(scene: Scene, who: str) -> Actor:
    return scene.company.people[who].actor
