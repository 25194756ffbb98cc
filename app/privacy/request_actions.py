"""Requests of people about their own data, answered within a month; corrections, and what they say against words that stay."""

from datetime import date, datetime, time

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.calendars.day_rules import count_months
from app.calendars.rules import Calendar
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.references import ref
from app.kernel.time import UTC
from app.kernel.transactions import transaction
from app.people.permissions import require
from app.privacy.models import KINDS, DisputeNote, PrivacyRequest
from app.privacy.subject_queries import Subject

RECORDED = audit.declare(
    "privacy:ask",
    "kind",
    "request",
    "received_at",
    "due_at",
    sentence=_l("wrote down what somebody asked about their data"),
)
ENDED = audit.declare(
    "privacy:answer", "kind", "request", "outcome", "late", sentence=_l("answered what somebody asked about their data")
)
DISPUTED = audit.declare(
    "privacy:dispute", "length", sentence=_l("noted what somebody says against what stands on their case")
)
NOTE_MAX, REASON_MIN, REASON_MAX = 2_000, 10, 1_000
# Nobody rests on any day: the law counts calendar months.
_EVERY_DAY = Calendar(zone="UTC", windows=(((0, 86_400),),) * 7)


def due_on(received: date) -> date:
    """The last day for an answer: one calendar month on. Source: GDPR Art. 12 (3); Regulation 1182/71 Art. 3 (2) c.

    Worked value: received on 31 January 2027 gives 28 February 2027.
    """
    return count_months(received, 1, _EVERY_DAY)


def record(*, subject: Subject, kind: str, received_on: date, note: str, actor: Actor, now: datetime) -> PrivacyRequest:
    """Write down what somebody asked, on the day they did. Raises BadInput."""
    require(actor, "privacy.handle")
    errors: dict[str, list[str]] = {}
    if kind not in KINDS:
        errors["kind"] = [_("Choose one of these.")]
    if received_on > now.date():
        errors["received_on"] = [_("This day is still to come.")]
    if len(note.strip()) > NOTE_MAX:
        errors["note"] = [_("At most %(count)d characters.", count=NOTE_MAX)]
    if errors:
        raise BadInput(errors)
    with transaction():
        row = PrivacyRequest(
            kind=kind, received_at=datetime.combine(received_on, time(), UTC),
            due_at=datetime.combine(due_on(received_on), time(23, 59, 59), UTC),
            note=note.strip(), reason="", recorded_by_id=actor.id, recorded_at=now, **{f"{subject.kind}_id": subject.id},
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        audit.record(
            RECORDED, subject=subject.ref, actor=actor, at=now, kind=kind, request=row.ref,
            received_at=received_on.isoformat(), due_at=row.due_at.isoformat(),
        )  # fmt: skip
        return row


def answer(*, request_id: int, outcome: str, reason: str, actor: Actor, now: datetime) -> None:
    """End a request: answered, or refused with the reason that the person is told. Raises Conflict when it has ended."""
    require(actor, "privacy.handle")
    errors: dict[str, list[str]] = {}
    if outcome not in ("answered", "refused"):
        errors["outcome"] = [_("Choose one of these.")]
    if not (REASON_MIN if outcome == "refused" else 0) <= len(reason.strip()) <= REASON_MAX:
        errors["reason"] = [_("Say in %(least)d letters or more why.", least=REASON_MIN)]
    if errors:
        raise BadInput(errors)
    with transaction():
        row = db.session.get(PrivacyRequest, request_id, with_for_update=True)
        if row is None:
            raise NotFound
        if row.ended_at is not None:
            raise Conflict
        row.outcome, row.reason, row.ended_at, row.ended_by_id = outcome, reason.strip(), now, actor.id
        number = ref("customer", row.customer_id) if row.customer_id else ref("employee", row.employee_id or 0)
        audit.record(
            ENDED,
            subject=number,
            actor=actor,
            at=now,
            kind=row.kind,
            request=row.ref,
            outcome=outcome,
            late=now > row.due_at,
        )


def dispute(*, case_id: int, text: str, actor: Actor, now: datetime) -> DisputeNote:
    """Note beside a case what its customer says against words that stay as they were written."""
    require(actor, "privacy.handle")
    said = text.strip()
    if not 0 < len(said) <= NOTE_MAX:
        raise BadInput({"text": [_("Write between 1 and %(count)d characters.", count=NOTE_MAX)]})
    with transaction():
        case = db.session.get(Case, case_id)
        if case is None:
            raise NotFound
        row = DisputeNote(case_id=case.id, text=said, at=now, by_id=actor.id)
        db.session.add(row)
        db.session.flush()
        audit.record(
            DISPUTED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, length=len(said)
        )
        return row
