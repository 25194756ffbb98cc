"""What the customer said, and what she was told: lines of the timeline that move the clocks. Rooms above keep the messages."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases import rules
from app.cases.checks import check_text
from app.cases.models import Case
from app.customers.segment_queries import segment_of
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.transactions import in_transaction, transaction
from app.people import permissions
from app.sla import actions as sla

HEARD = audit.declare("case:hear", "channel", "length", "about", sentence=_l("wrote to us"))
ANSWERED = audit.declare("case:answer", "channel", "length", sentence=_l("wrote to the customer"))


def hear(
    *, case_id: int, text: str, channel: str, actor: Actor, now: datetime, about: str = "", what: str = "wrote"
) -> Case:
    """The customer wrote: her words stand on the timeline as they are, and what waited for her goes on.

    about: the record that she speaks of, e.g. "RM-12". what: wrote, declined, disagreed or not_right.
    """
    check_text(text)
    with transaction():
        case = locked(case_id, actor)
        due = _go_on(case, actor, now)
        data: dict[str, Any] = {"channel": channel, "about": about, "what": what}
        cases.add_event(case_id=case.id, kind="wrote", actor=actor, at=now, text=text, data=data)
        _moved(case, due, now)
        _record(HEARD, case, actor, now, channel=channel, length=len(text), about=about)
        return case


def go_on(*, case_id: int, actor: Actor, now: datetime) -> Case:
    """The customer answered without words, e.g. took an offer: what waited for her goes on, inside that deed."""
    assert in_transaction()
    case = locked(case_id, actor)
    _moved(case, _go_on(case, actor, now), now)
    return case


def answer(*, case_id: int, text: str, channel: str, actor: Actor, now: datetime) -> Case:
    """The customer was written to: it counts as an answer, as one by telephone does."""
    check_text(text)
    with transaction():
        case = locked(case_id, actor)
        due = _tell_clocks(case, "replied", actor, now)
        cases.add_event(case_id=case.id, kind="replied", actor=actor, at=now, text=text, data={"channel": channel})
        _moved(case, due, now)
        _record(ANSWERED, case, actor, now, channel=channel, length=len(text))
        return case


def locked(case_id: int, actor: Actor) -> Case:
    """The case for this deed alone; raises NotFound outside of the actor's sight."""
    case = db.session.scalars(select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
    if case is None:
        raise NotFound
    permissions.require(actor, "cases.write", site_id=case.site_id)
    return case


def _go_on(case: Case, actor: Actor, now: datetime) -> datetime | None:
    if case.state == "waiting" and case.waiting_for == "customer":
        case.state, case.waiting_for = "open", None
    return _tell_clocks(case, "customer_wrote", actor, now)


def _tell_clocks(case: Case, event: str, actor: Actor, now: datetime) -> datetime | None:
    segment = segment_of(case.customer_id) if case.customer_id else None
    return sla.happened(case_id=case.id, event=event, segment=segment, channel=case.channel, actor=actor, now=now)


def _moved(case: Case, due: datetime | None, now: datetime) -> None:
    if case.resolved_at is None:
        case.next_due_at = due or rules.NEVER
    case.version += 1
    case.updated_at = now
    db.session.flush()


def _record(entry: audit.EntryType, case: Case, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, **said)
