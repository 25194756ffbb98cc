"""What a customer sees of her case: what we understood, what happens next, the offers, the dialogue, and her receipts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, String, bindparam, cast, func, select

from app.attachments.queries import FileRow, files_as_text, files_from, files_of
from app.cases.models import Case, Category
from app.kernel.database import db
from app.messages.queries import MessageRow, messages_of, sent_files
from app.people.models import Employee
from app.policies import queries as policies
from app.portal.link_queries import LINK_COLUMNS, LinkRow
from app.portal.models import CustomerAnswer, CustomerLink
from app.problems.queries import Done, done_about
from app.promises import queries as promises
from app.promises.queries import PromiseView
from app.remedies import queries as remedies
from app.remedies.choice_models import RemedyOption
from app.remedies.choice_queries import choices_of
from app.remedies.queries import RemedyRow
from app.sla import queries as sla
from app.sla.queries import ClockView

_ANSWER: Any = (CustomerAnswer.remedy_id, CustomerAnswer.answer, CustomerAnswer.reason, CustomerAnswer.at)
# The clocks that say something to the customer, in the order in which they usually end.
HERS = ("acknowledge", "first_response", "next_update", "resolve", "legal", "follow_up")


@dataclass(frozen=True, slots=True)
class Offer:
    """What she may take now: one remedy, or several of which she takes one."""

    options: tuple[RemedyRow, ...]

    @property
    def is_choice(self) -> bool:
        return len(self.options) > 1

    @property
    def holds_until(self) -> datetime | None:
        ends = [one.expires_at for one in self.options if one.expires_at]
        return min(ends) if ends else None


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """An answer that she gave."""

    remedy_id: int | None
    answer: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseOfHers:
    """Everything that her page shows."""

    case: Case
    category: str
    keeper: str | None
    clocks: tuple[ClockView, ...]
    promises: tuple[PromiseView, ...]
    remedies: tuple[RemedyRow, ...]
    offers: tuple[Offer, ...]
    answers: tuple[AnswerRow, ...]
    messages: tuple[MessageRow, ...]
    files: tuple[FileRow, ...]
    kinds: dict[str, str]
    sent: tuple[FileRow, ...]
    done: Done | None

    @property
    def receipts(self) -> tuple[RemedyRow, ...]:
        return tuple(one for one in self.remedies if one.state in ("settled", "reversed"))

    @property
    def last_answer(self) -> AnswerRow | None:
        """Her newest word about an offer or about the end of the case; doubts about a receipt stand with it."""
        return next((one for one in reversed(self.answers) if one.answer != "not_right"), None)


def case_of_hers(case_id: int, now: datetime) -> CaseOfHers:
    """Read it all, in a number of queries that doesn't grow; the caller has checked that the case is hers."""
    case, category, keeper = db.session.execute(
        select(Case, Category.name, Employee.name)
        .join(Category, Category.id == Case.category_id)
        .outerjoin(Employee, Employee.id == Case.owner_id)
        .where(Case.id == case_id)
    ).one()
    given = tuple(one for one in remedies.remedies_of_case(case_id) if one.state != "requested" and not one.historic)
    clocks = sla.clocks_of_case(case_id, now, with_why=False)
    return CaseOfHers(
        case=case,
        category=category,
        keeper=keeper,
        clocks=tuple(clock for clock in clocks if clock.milestone in HERS and clock.is_open),
        promises=tuple(one for one in promises.of_case(case_id, now) if one.withdrawn_at is None),
        remedies=given,
        offers=offers_of(given, choices_of(case_id), now),
        answers=answers_of(case_id),
        messages=messages_of(case_id),
        files=tuple(one for one in files_of("case", case_id) if one.added_by.startswith("customer:")),
        kinds={kind.code: kind.name for kind in policies.kinds()},
        sent=sent_files(case_id),
        done=done_about(case_id),
    )


def offers_of(given: Sequence[RemedyRow], choices: dict[int, int], now: datetime) -> tuple[Offer, ...]:
    """Put open offers together: those of one choice are one offer."""
    found: dict[int, list[RemedyRow]] = {}
    for one in sorted(given, key=lambda row: row.id):
        if one.state == "reserved" and (one.expires_at is None or one.expires_at > now):
            found.setdefault(choices.get(one.id, one.id), []).append(one)
    return tuple(Offer(tuple(options)) for options in found.values())


def of_desk(case_id: int) -> tuple[LinkRow | None, AnswerRow | None, frozenset[int], tuple[FileRow, ...]]:
    """The live link of a case, the customer's newest answer, the remedies that are alternatives, and the case's files; in one query."""
    row = db.session.execute(_of_desk(db.engine.dialect.name), {"case_id": case_id}).one()
    link, answer, grouped = row[: len(LINK_COLUMNS)], row[len(LINK_COLUMNS) : -2], row[-2]
    named = frozenset(int(one) for one in grouped.split(",")) if grouped else frozenset()
    known = LinkRow(*link) if link[0] else None
    return known, AnswerRow(*answer) if answer[1] else None, named, files_from(row[-1])


@lru_cache(maxsize=2)
def _of_desk(_dialect: str) -> Select[Any]:
    """Put the statement together once: each look at a case asks it."""
    case_id = bindparam("case_id", type_=Case.id.type)
    newest = select(func.max(CustomerAnswer.id)).where(CustomerAnswer.case_id == case_id).scalar_subquery()
    options = (
        select(func.aggregate_strings(cast(RemedyOption.remedy_id, String), ","))
        .where(RemedyOption.case_id == case_id)
        .scalar_subquery()
    )
    return (
        select(*LINK_COLUMNS, *_ANSWER, options, files_as_text("case", case_id))
        .select_from(Case)
        .outerjoin(CustomerLink, (CustomerLink.case_id == Case.id) & CustomerLink.revoked_at.is_(None))
        .outerjoin(Employee, Employee.id == CustomerLink.made_by_id)
        .outerjoin(CustomerAnswer, CustomerAnswer.id == newest)
        .where(Case.id == case_id)
    )


def answers_of(case_id: int) -> tuple[AnswerRow, ...]:
    rows = db.session.execute(
        select(*_ANSWER).where(CustomerAnswer.case_id == case_id).order_by(CustomerAnswer.id).limit(200)
    )
    return tuple(AnswerRow(*row) for row in rows)
