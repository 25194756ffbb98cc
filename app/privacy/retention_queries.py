"""How long each class is kept, and what has had its time: counted by the page and the dry run, and taken by the job."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select, union_all

from app.cases.models import Case
from app.customers.merge_models import CustomerMerge
from app.customers.models import Customer
from app.kernel.database import db
from app.privacy.models import LegalHold, RetentionPeriod
from app.privacy.purposes import CLASSES
from app.privacy.word_rules import ERASED

# What the outbox owes outside by these keys is done once, whatever is forgotten; payouts are money and stay.
_FORGETTABLE = ("message:%", "survey:%", "link:%", "digest:%", "notice:%")


def periods() -> dict[str, int | None]:
    """Days for each class that may be changed or has a default; None: not by time."""
    newest = select(func.max(RetentionPeriod.id)).group_by(RetentionPeriod.code)
    said = dict(
        db.session.execute(
            select(RetentionPeriod.code, RetentionPeriod.days).where(RetentionPeriod.id.in_(newest))
        ).all()
    )
    return {code: said.get(code, one.days) for code, one in CLASSES.items()}  # type: ignore[misc]


def _held() -> Select[Any]:
    """Customers of whom nothing is erased, with all who count as them."""
    return select(LegalHold.customer_id).where(LegalHold.lifted_at.is_(None), LegalHold.customer_id.is_not(None))


def is_held(customer: Any) -> ColumnElement[bool]:
    roots = select(CustomerMerge.root_id).where(
        CustomerMerge.undone_at.is_(None), CustomerMerge.customer_id.in_(_held())
    )
    merged = select(CustomerMerge.customer_id).where(
        CustomerMerge.undone_at.is_(None),
        or_(CustomerMerge.root_id.in_(_held()), CustomerMerge.into_id.in_(_held()), CustomerMerge.root_id.in_(roots)),
    )
    return or_(customer.in_(_held()), customer.in_(merged), customer.in_(roots))


def _cases(before: datetime) -> Select[Any]:
    ended = func.coalesce(Case.closed_at, Case.resolved_at)
    over = Case.state.in_(("resolved", "closed")) & (ended < before) & (Case.summary != ERASED)
    free = Case.customer_id.is_(None) | ~is_held(Case.customer_id)
    return select(Case.id).where(over, free).order_by(Case.id)


def _customers(before: datetime) -> Select[Any]:
    ended = func.coalesce(Case.closed_at, Case.resolved_at)
    newer = select(Case.id).where(
        Case.customer_id == Customer.id, or_(Case.state.in_(("open", "waiting")), ended >= before)
    )
    # Who is one with somebody else goes with them, by an erasure.
    merged = select(CustomerMerge.id).where(
        CustomerMerge.undone_at.is_(None),
        or_(CustomerMerge.customer_id == Customer.id, CustomerMerge.root_id == Customer.id),
    )
    return (
        select(Customer.id)
        .where(Customer.data_key.is_not(None), Customer.created_at < before, ~newer.exists(), ~merged.exists())
        .where(~is_held(Customer.id))
        .order_by(Customer.id)
    )


def _mails(before: datetime) -> Select[Any]:
    mail = db.metadata.tables["mail_in"]
    held = select(Case.id).where(is_held(Case.customer_id))
    words = or_(mail.c.stored_as.is_not(None), mail.c.case_id.is_(None) & (mail.c.sender != ERASED))
    free = or_(mail.c.case_id.is_(None), mail.c.case_id.not_in(held))
    return select(mail.c.id).where(mail.c.at < before, words, free).order_by(mail.c.id)


def _older(table: str, column: str, *keys: str) -> Callable[[datetime], Select[Any]]:
    def older(before: datetime) -> Select[Any]:
        here = db.metadata.tables[table]
        return select(*(here.c[key] for key in keys or ("id",))).where(here.c[column] < before)

    return older


def _outbox(before: datetime) -> Select[Any]:
    message, attempt = db.metadata.tables["outbox_message"], db.metadata.tables["outbox_attempt"]
    unsettled = select(attempt.c.id).where(
        attempt.c.message_id == message.c.id, attempt.c.state.in_(("waiting", "running", "dead"))
    )
    known = or_(*(message.c.key.like(one) for one in _FORGETTABLE))
    return select(message.c.id).where(message.c.at < before, known, ~unsettled.exists()).order_by(message.c.id)


def _rejects(before: datetime) -> Select[Any]:
    reject, run = db.metadata.tables["import_reject"], db.metadata.tables["import_run"]
    return (
        select(reject.c.id)
        .join(run, run.c.id == reject.c.run_id)
        .where(run.c.started_at < before)
        .order_by(reject.c.id)
    )


def _sessions(before: datetime) -> Select[Any]:
    here = db.metadata.tables["sign_in_session"]
    return select(here.c.id).where(or_(here.c.ended_at < before, here.c.expires_at < before)).order_by(here.c.id)


@dataclass(frozen=True, slots=True)
class Share:
    """What of one class has had its time in one table. how: overwrite cases, forget customers, empty mails, delete rows,
    or nothing here, since a job of its own room lets it go."""

    code: str
    table: str
    due: Callable[[datetime], Select[Any]]
    how: str = "delete"


SHARES = (
    Share("case", "case_file", _cases, "cases"),
    Share("customer", "customer", _customers, "customers"),
    Share("mail", "mail_in", _mails, "mails"),
    Share("draft", "message_draft", _older("message_draft", "at", "case_id", "employee_id")),
    Share("notice", "notification", _older("notification", "at")),
    Share("outbox", "outbox_message", _outbox),
    Share("import", "import_reject", _rejects),
    Share("answer", "idempotency_answer", _older("idempotency_answer", "created_at", "actor_id", "key"), "elsewhere"),
    Share("session", "sign_in_session", _sessions),
    Share("session", "one_time_link", _older("one_time_link", "expires_at")),
    Share("throttle", "portal_throttle", _older("portal_throttle", "first_at", "key")),
    Share("throttle", "sign_in_throttle", _older("sign_in_throttle", "first_at", "key")),
)


@dataclass(frozen=True, slots=True)
class Due:
    """A class with its period in force and how many rows have had their time now."""

    code: str
    days: int | None
    count: int


def due(now: datetime) -> list[Due]:
    """Every class with what is due; nothing is changed."""
    days, counts = periods(), dict.fromkeys(CLASSES, 0)
    parts: list[Any] = []
    for share in SHARES:
        period = days[share.code]
        if period is not None:
            rows = share.due(now - timedelta(days=period)).order_by(None).subquery()
            parts.append(select(literal(share.code).label("code"), func.count().label("n")).select_from(rows))
    for row in db.session.execute(union_all(*parts)) if parts else ():
        counts[row.code] += row.n
    return [Due(code, days[code], counts[code]) for code in CLASSES]
