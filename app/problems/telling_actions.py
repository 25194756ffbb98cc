"""Tell the customers of a fixed cause, once each, and keep what became of every note; and their no to further ones."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.cases import actions as cases
from app.customers import care_actions
from app.customers.care_queries import consent
from app.customers.models import Customer
from app.kernel.actor import Actor, customer, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.messages.mail_actions import MailIsOff
from app.notifications.mail_actions import is_mail_on
from app.notifications.outbox_actions import enqueue
from app.problems import queries
from app.problems.actions import NotFixed, locked, standing_fix
from app.problems.models import Cause, CauseNote, CauseTelling
from app.problems.rules import LANGUAGES, NEVER_WENT, PURPOSE, TEXT_MAX, TOLD_MAX, Person, language_for

CHANNEL = "cause-note"
COURIER = rule("cause-note")
TOLD = audit.declare(
    "cause:tell", "telling", "words", "count", "left_out", sentence=_l("told the customers of a root cause what was done")
)  # fmt: skip
NOTED = audit.declare(
    "cause:note", "cause", "note", "language", sentence=_l("gave the outbox a note that a cause is fixed")
)
ENDED = audit.declare("cause:note-end", "cause", "note", "ended_as", sentence=_l("learnt what became of a note"))


class NobodyToTell(Refusal):
    """Nobody of the linked cases' customers agreed, can be reached and wasn't told yet."""

    code = "nobody-to-tell"
    sentence = _l("There is nobody to tell: see below why.")


@dataclass(frozen=True, slots=True)
class Told:
    """How many notes one telling owes, and how many customers are left for the next."""

    count: int
    left: int


def tell(*, cause_id: int, words: Mapping[str, str], actor: Actor, now: datetime) -> Told:
    """Owe one note to every customer of a fixed cause who agreed to be told, can be reached and wasn't told of it before.

    words: by language, one at least. At most TOLD_MAX at once. A second press finds them told. Raises NotFixed, MailIsOff,
    NobodyToTell, BadInput.
    """
    said = check_words(words)
    with transaction():
        cause = locked(cause_id, actor, "causes.fix")
        fix = standing_fix(cause.id)
        if fix is None:
            raise NotFixed
        if not is_mail_on():
            raise MailIsOff
        found = queries.audience_of(cause.id)
        if not found.gets:
            raise NobodyToTell
        telling = CauseTelling(cause_id=cause.id, fix_id=fix.id, words=said, told_at=now, told_by_id=actor.id)
        db.session.add(telling)
        db.session.flush()
        now_told = found.gets[:TOLD_MAX]
        for person in now_told:
            _owe(cause, telling, person, actor, now)
        audit.record(
            TOLD, subject=cause.ref, actor=actor, at=now, site_id=cause.site_id, telling=telling.id, words=said,
            count=len(now_told), left_out={why: len(people) for why, people in found.left_out.items()},
        )  # fmt: skip
        return Told(len(now_told), len(found.gets) - len(now_told))


def check_words(words: Mapping[str, str]) -> dict[str, str]:
    """The words by language, without the empty ones; raises BadInput naming the field."""
    said = {language: words.get(language, "").strip() for language in LANGUAGES}
    if not any(said.values()):
        raise BadInput({f"words_{LANGUAGES[0]}": [str(_l("Write it in one language at least."))]})
    long = {
        f"words_{language}": [str(_l("Keep this to %(count)d characters.", count=TEXT_MAX))]
        for language, text in said.items()
        if len(text) > TEXT_MAX
    }
    if long:
        raise BadInput(long)
    return {language: text for language, text in said.items() if text}


def _owe(cause: Cause, telling: CauseTelling, person: Person, actor: Actor, now: datetime) -> None:
    """Write the one note of this customer and cause, or take up again the one that surely never went out."""
    language = language_for(person.language, person.site_locale, telling.words)
    note = db.session.scalars(
        select(CauseNote).where(CauseNote.cause_id == cause.id, CauseNote.customer_id == person.customer_id)
    ).one_or_none()
    if note is None:
        note = CauseNote(cause_id=cause.id, customer_id=person.customer_id)
        db.session.add(note)
    else:
        assert note.ended_as in NEVER_WENT
    note.telling_id, note.case_id, note.language = telling.id, person.case_id, language
    note.queued_at, note.ended_at, note.ended_as = now, None, None
    db.session.flush()
    enqueue(channel=CHANNEL, key=f"cause-note:{note.id}:{telling.id}", payload={"note": note.id}, at=now)
    data = {"what": "told", "cause": cause.ref, "title": cause.title}
    cases.add_event(case_id=person.case_id, kind="cause", actor=actor, at=now, data=data)
    audit.record(
        NOTED, subject=ref("customer", person.customer_id), actor=actor, at=now, case_id=person.case_id,
        site_id=cause.site_id, cause=cause.ref, note=note.id, language=language,
    )  # fmt: skip


def end_note(*, note_id: int, ended_as: str, now: datetime) -> None:
    """Keep what became of a note: sent, failed, or why it was not sent after all. One that was sent stays so."""
    with transaction():
        done = db.session.execute(
            update(CauseNote)
            .where(CauseNote.id == note_id, CauseNote.ended_as.is_(None) | (CauseNote.ended_as == "failed"))
            .values(ended_at=now, ended_as=ended_as)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount == 1:  # type: ignore[attr-defined]
            note = db.session.get_one(CauseNote, note_id, populate_existing=True)
            cause = db.session.get_one(Cause, note.cause_id)
            said: dict[str, Any] = {"cause": cause.ref, "note": note.id, "ended_as": ended_as}
            audit.record(
                ENDED, subject=ref("customer", note.customer_id), actor=COURIER, at=now, case_id=note.case_id,
                site_id=cause.site_id, **said,
            )  # fmt: skip


def stop_updates(*, customer_id: int, site_id: int | None, actor: Actor | None, now: datetime) -> None:
    """The customer doesn't want such notes any more, said by the link in one; saying it twice is one word.

    Who was erased since gets none anyway, and nothing more is kept about them.
    """
    hers = db.session.get(Customer, customer_id)
    if hers is not None and hers.data_key is not None and consent(customer_id, PURPOSE).holds:
        care_actions.record_consent(
            customer_id=customer_id, purpose=PURPOSE, given=False, source="web", said_at=now,
            actor=actor or customer(ref("customer", customer_id), site_id), now=now,
        )  # fmt: skip


def mark_of(words: Mapping[str, str]) -> str:
    """A short mark of words, by which the button that sends names those that were looked at."""
    return hashlib.sha256(repr(sorted(words.items())).encode()).hexdigest()[:32]
