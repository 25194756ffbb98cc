"""Holds, and erasing with four eyes: one proposes, another confirms; then it is done at once and swept up by a job."""

from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.cases.models import Case
from app.customers.hooks import Merge
from app.customers.merge_turns import keep_numbers
from app.customers.models import Customer
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.people.models import Employee
from app.people.permissions import require
from app.privacy import cleaning, erased_list
from app.privacy.erasing import delete_files, erase
from app.privacy.erasure_queries import blockers, open_hold, running
from app.privacy.models import Erasure, LegalHold
from app.privacy.subject_queries import Subject, cases_of, subject_of
from config import Settings

PROPOSED = audit.declare("privacy:propose-erasure", "numbers", sentence=_l("proposed to erase somebody's data"))
WITHDRAWN = audit.declare(
    "privacy:withdraw-erasure", "numbers", sentence=_l("took back that somebody's data be erased")
)
ERASED = audit.declare(
    "privacy:erase", "numbers", "proposed_by", "rows", "files", sentence=_l("erased somebody's data")
)
CLEANED = audit.declare("privacy:clean", "numbers", sentence=_l("swept erased data out of free pages"))
REPLAYED = audit.declare(
    "privacy:erase-again", "numbers", "rows", sentence=_l("erased somebody's data again after a restore")
)
HELD = audit.declare("privacy:hold", "reason", sentence=_l("forbade that somebody's data be erased"))
LIFTED = audit.declare("privacy:lift-hold", sentence=_l("lifted the hold on somebody's data"))
REASON_MIN, REASON_MAX = 10, 500


class Blocked(Refusal):
    """Something stands against erasing; the text says what."""

    code = "erasure-blocked"
    sentence = _l("This can't be erased yet.")


class NotTheSame(Refusal):
    code = "four-eyes"
    sentence = _l("Somebody else than who proposed it has to confirm.")


class CountsOtherwise(Refusal):
    """The person was merged or taken apart since, so the second pair of eyes would confirm what the first never saw."""

    code = "numbers-changed"
    sentence = _l(
        "Since this was proposed, the person was merged or taken apart. Take the proposal back and propose anew."
    )


class AlreadyRunning(Refusal):
    code = "already-proposed"
    sentence = _l("This was proposed already.")


def hold(*, subject: Subject, reason: str, actor: Actor, now: datetime) -> LegalHold:
    """Forbid erasing somebody, for a reason; retention leaves them alone too."""
    require(actor, "privacy.handle")
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise BadInput({"reason": [_("Say in %(least)d letters or more why.", least=REASON_MIN)]})
    with transaction():
        subject = _alone(subject)
        if open_hold(subject) is not None:
            raise AlreadyRunning(_("A hold stands already."))
        row = LegalHold(reason=reason.strip(), set_at=now, set_by_id=actor.id, **_columns(subject))
        db.session.add(row)
        db.session.flush()
        audit.record(HELD, subject=subject.ref, actor=actor, at=now, reason=row.reason)
        return row


def lift(*, subject: Subject, actor: Actor, now: datetime) -> None:
    require(actor, "privacy.handle")
    with transaction():
        subject = _alone(subject)
        row = open_hold(subject)
        if row is None:
            raise NotFound
        row.lifted_at, row.lifted_by_id = now, actor.id
        audit.record(LIFTED, subject=subject.ref, actor=actor, at=now)


def keep_holds(change: Merge, actor: Actor, now: datetime) -> None:
    """A hold on somebody who is taken apart stands for both from then on, in the name of who set it."""
    if change.is_merged:
        return
    sides = [one for number in (change.customer_id, change.root_id) if (one := subject_of(ref("customer", number)))]
    held = {one: open_hold(one) for one in sides}
    said = next((row for row in held.values() if row is not None), None)
    for one, row in held.items():
        if said is not None and row is None:
            db.session.add(LegalHold(reason=said.reason, set_at=now, set_by_id=said.set_by_id, **_columns(one)))
            audit.record(HELD, subject=one.ref, actor=actor, at=now, reason=said.reason)


def propose(*, subject: Subject, actor: Actor, now: datetime) -> Erasure:
    """Propose that somebody be erased. Raises Blocked with all that stands against it."""
    require(actor, "privacy.handle")
    with transaction():
        subject = _alone(subject)
        _unblocked(subject)
        if running(subject) is not None:
            raise AlreadyRunning
        row = Erasure(numbers=subject.refs, asked_at=now, asked_by_id=actor.id, counts={}, **_columns(subject))
        db.session.add(row)
        db.session.flush()
        audit.record(PROPOSED, subject=subject.ref, actor=actor, at=now, numbers=subject.refs)
        return row


def withdraw(*, erasure_id: int, actor: Actor, now: datetime) -> None:
    require(actor, "privacy.handle")
    with transaction():
        row = _proposed(erasure_id)
        row.withdrawn_at = now
        audit.record(WITHDRAWN, subject=row.numbers[0], actor=actor, at=now, numbers=row.numbers)


def confirm(*, erasure_id: int, actor: Actor, now: datetime) -> Erasure:
    """Confirm somebody else's proposal: the person is erased in this transaction.

    Raises NotTheSame, CountsOtherwise and Blocked."""
    require(actor, "privacy.handle")
    with transaction():
        holds_turn()
        row = _proposed(erasure_id)
        if actor.id == row.asked_by_id:
            raise NotTheSame
        subject = subject_of(row.numbers[0])
        if subject is None:
            raise NotFound
        if set(subject.refs) != set(row.numbers):
            raise CountsOtherwise
        _keep_out(subject)
        _unblocked(subject)
        done = erase(subject, actor=rule("erasure"), now=now)
        row.numbers, row.counts = subject.refs, done.counts
        row.confirmed_at, row.confirmed_by_id, row.erased_at = now, actor.id, now
        audit.record(
            ERASED, subject=subject.ref, actor=actor, at=now, numbers=subject.refs, proposed_by=row.asked_by_id,
            rows=sum(done.counts.values()), files=len(done.files) + len(done.originals),
        )  # fmt: skip
    delete_files(done)
    _note(row.id, row.numbers, now)
    return row


def clean_due(*, now: datetime, limit: int = 5) -> int:
    """Sweep up after erasures that are done; also what a crash left between. Returns how many."""
    rows = db.session.execute(
        select(Erasure.id, Erasure.numbers, Erasure.counts, Erasure.erased_at)
        .where(Erasure.erased_at.is_not(None), Erasure.cleaned_at.is_(None))
        .order_by(Erasure.id)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    for row in rows:
        _note(row.id, row.numbers, row.erased_at)
    if not cleaning.clean({table for row in rows for table in row.counts}):
        return 0  # somebody still reads: the next run tries again
    with transaction():
        for row in rows:
            db.session.execute(update(Erasure).where(Erasure.id == row.id).values(cleaned_at=now))
            audit.record(CLEANED, subject=row.numbers[0], actor=rule("erasure"), at=now, numbers=row.numbers)
    # What was just written must not leave the old words in the log either.
    cleaning.clean(())
    return len(rows)


def replay(numbers: list[str], *, actor: Actor, now: datetime) -> int:
    """Erase again, in a restored database, everybody on the list; returns how many were still there."""
    count = 0
    for number in numbers:
        subject = subject_of(number)
        if subject is None:
            continue
        with transaction():
            done = erase(subject, actor=actor, now=now)
            audit.record(
                REPLAYED, subject=subject.ref, actor=actor, at=now, numbers=subject.refs, rows=sum(done.counts.values())
            )
        delete_files(done)
        count += bool(done.counts)
    if numbers:
        cleaning.clean(db.metadata.tables)
    return count


def holds_turn() -> None:
    """Until this transaction ends nobody else sets or lifts a hold, proposes or erases, and nobody is merged."""
    keep_numbers()
    one_at_a_time("privacy", "holds")


def _alone(subject: Subject) -> Subject:
    """The person with the numbers that they have now that it is our turn."""
    holds_turn()
    found = subject_of(subject.ref)
    if found is None:
        raise NotFound
    return found


def _keep_out(subject: Subject) -> None:
    """Wait for what is being written about the person, and hold back what isn't yet: it sees that they are erased."""
    if subject.kind == "employee":
        db.session.scalars(select(Employee.id).where(Employee.id == subject.id).with_for_update()).all()
    else:
        db.session.scalars(cases_of(subject).order_by(Case.id).with_for_update()).all()
        db.session.scalars(
            select(Customer.id).where(Customer.id.in_(subject.numbers)).order_by(Customer.id).with_for_update()
        ).all()


def _unblocked(subject: Subject) -> None:
    found = blockers(subject)
    if found:
        raise Blocked(" ".join(str(one) for one in found))


def _proposed(erasure_id: int) -> Erasure:
    row = db.session.get(Erasure, erasure_id, with_for_update=True)
    if row is None or row.withdrawn_at or row.erased_at:
        raise NotFound
    return row


def _columns(subject: Subject) -> dict[str, int]:
    return {f"{subject.kind}_id": subject.id}


def _note(erasure_id: int, numbers: list[str], at: datetime) -> None:
    settings: Settings = current_app.extensions["makegood_settings"]
    erased_list.note(settings, ref=ref("erasure", erasure_id), numbers=numbers, at=at)
