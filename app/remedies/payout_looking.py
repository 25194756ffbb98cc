"""Ask a provider how a payout stands whose end it never told: a message may get lost, so somebody has to look.

Only what the provider has taken over for sure is looked up, never paid: a look changes nothing outside. What it answers
is taken in as a message would be, so that both may come, in any order. Each look writes first when the next is due;
whoever dies in between, or runs beside, asks no sooner.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.kernel.actor import rule
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.remedies.connectors import chosen
from app.remedies.connectors.orders import Looking, Order, Refused, Unclear
from app.remedies.payout_delivery import order_of, take_in
from app.remedies.payout_models import Payout, PayoutLook
from app.remedies.payout_rules import LOOKS_MAX, Told, next_look

FIRST_LOOK = timedelta(hours=1)
FAILURES_MAX = 3  # in one run: a provider that isn't there is left alone until the next
ERROR_CHARACTERS_MAX = 300
LOOKER = rule("payout-look")
LOOKED = audit.declare("payout:look", "state", "reference", sentence=_l("looked up how a payout stands"))


@dataclass(frozen=True, slots=True)
class _Due:
    """One payout to be looked up, and what the provider calls it."""

    payout_id: int
    order: Order
    reference: str
    connector: str


def look_up_due(*, now: datetime, limit: int = 20) -> int:
    """Ask for at most `limit` payouts that are due, the longest waiting first; returns for how many was asked."""
    done = failures = 0
    for payout_id in _due_ids(now, limit):
        due = _claim(payout_id, now)
        if due is None:
            continue
        done += 1
        failures = 0 if _look(due, now) else failures + 1
        if failures == FAILURES_MAX:
            break
    return done


def _due_ids(now: datetime, limit: int) -> list[int]:
    """What was taken over and is silent: no look yet and nothing new for an hour, or its next look is due."""
    connectors = [name for name, connector in chosen.connectors().items() if isinstance(connector, Looking)]
    is_due = or_(
        PayoutLook.payout_id.is_(None) & (Payout.changed_at <= now - FIRST_LOOK),
        (PayoutLook.round != Payout.round) & (Payout.changed_at <= now - FIRST_LOOK),
        (PayoutLook.round == Payout.round) & (PayoutLook.due_at <= now) & (PayoutLook.count < LOOKS_MAX),
    )
    statement = (
        select(Payout.id)
        .outerjoin(PayoutLook, PayoutLook.payout_id == Payout.id)
        .where(
            Payout.state == "sent", Payout.is_unknown.is_(False), Payout.provider_ref.is_not(None),
            Payout.connector.in_(connectors), is_due,
        )
        .order_by(Payout.changed_at, Payout.id)
        .limit(limit)
    )  # fmt: skip
    found = list(db.session.scalars(statement))
    db.session.rollback()
    return found


def _claim(payout_id: int, now: datetime) -> _Due | None:
    """Write down that it is asked for now and when next; None when somebody else has just done so, or it has ended."""
    with transaction():
        payout = _silent(payout_id)
        if payout is None or payout.provider_ref is None:
            return None
        before = db.session.get(PayoutLook, payout_id, populate_existing=True)
        count = before.count + 1 if before and before.round == payout.round else 1
        if before and before.round == payout.round and before.due_at > now:
            return None
        values = {
            "round": payout.round, "count": count, "looked_at": now, "due_at": next_look(count, now), "error": None
        }  # fmt: skip
        dialect = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
        db.session.execute(
            dialect.insert(PayoutLook)
            .values(payout_id=payout_id, **values)
            .on_conflict_do_update(index_elements=["payout_id"], set_=values)
        )
        order = order_of(payout, is_repeat=True, now=now)
        return _Due(payout_id, order, payout.provider_ref, payout.connector)


def _look(due: _Due, now: datetime) -> bool:
    """Ask outside of any transaction and take the answer in; False when there was none."""
    connector = chosen.connectors()[due.connector]
    assert isinstance(connector, Looking)
    told: Told
    try:
        if connector.missing:
            raise Unclear(f"{connector.missing} is not set", acted=False)
        told = "confirmed" if connector.look(due.order, due.reference).state == "confirmed" else "waiting"
    except Unclear as doubt:
        _note_error(due, str(doubt))
        return False
    except Refused:
        told = "failed"
    if told != "waiting":
        _take_in(due, told, now)
    return True


def _take_in(due: _Due, told: Told, now: datetime) -> None:
    with transaction():
        payout = _silent(due.payout_id)
        if payout is None or payout.round != due.order.round or payout.provider_ref != due.reference:
            return  # its end was told in the meantime, or a supervisor went on
        audit.record(
            LOOKED, subject=due.order.remedy, actor=LOOKER, at=now, case_id=payout.case_id, site_id=payout.site_id,
            state=told, reference=due.reference,
        )  # fmt: skip
        take_in(payout, told, due.reference, due.connector, LOOKER, now, is_recorded=True)


def _note_error(due: _Due, reason: str) -> None:
    with transaction():
        look = db.session.get(PayoutLook, due.payout_id, populate_existing=True)
        if look is not None and look.round == due.order.round:
            look.error = reason[:ERROR_CHARACTERS_MAX]


def _silent(payout_id: int) -> Payout | None:
    """The payout, locked, while its provider has it and hasn't told the end."""
    return db.session.scalars(
        select(Payout)
        .where(
            Payout.id == payout_id,
            Payout.state == "sent",
            Payout.is_unknown.is_(False),
            Payout.provider_ref.is_not(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
