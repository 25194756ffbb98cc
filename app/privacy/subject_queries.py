"""Whose data: a customer with all of their numbers, or an employee; and which rows are theirs."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from app.cases.models import Case
from app.customers.merge_queries import members_of
from app.customers.models import Customer
from app.customers.queries import card
from app.kernel.database import db
from app.kernel.references import parse_ref, ref
from app.people.permissions import COMPANY
from app.people.queries import person
from app.privacy.data_map import by_table
from app.privacy.tag_rules import Path

PHONE_DIGITS_MIN, NAME_LETTERS_MIN = 7, 5


@dataclass(frozen=True, slots=True)
class Subject:
    """One person. numbers: all that count as them, the one they are known by now first.

    kind: `customer` or `employee`; or `case`, where the words of single cases have had their time and nobody is erased.
    """

    kind: str
    numbers: tuple[int, ...]

    @property
    def id(self) -> int:
        return self.numbers[0]

    @property
    def ref(self) -> str:
        return ref(self.kind, self.id)

    @property
    def refs(self) -> list[str]:
        return [ref(self.kind, number) for number in self.numbers]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as far as the company still knows."""

    number: int
    name: str
    email: str | None
    phone: str | None
    language: str | None = None


def subject_of(text: str) -> Subject | None:
    """Return the person of a reference, e.g. CU-3 or EM-4, or None when there is none."""
    number = parse_ref("customer", text)
    if number is not None:
        row = card(number, COMPANY)
        if row is None:
            return None
        return Subject("customer", (row.id, *(one for one in members_of(row.id) if one != row.id)))
    number = parse_ref("employee", text)
    found = person(number) if number is not None else None
    return Subject("employee", (found.id,)) if found else None


def identities(subject: Subject) -> list[Identity]:
    """Who the person is, once for each of their numbers."""
    if subject.kind == "case":
        return []
    if subject.kind == "employee":
        row = person(subject.id)
        return [Identity(row.id, row.name, row.email, None, row.locale)] if row else []
    rows = db.session.execute(
        select(Customer.id, Customer.name, Customer.email, Customer.phone, Customer.language)
        .where(Customer.id.in_(subject.numbers), Customer.data_key.is_not(None))
        .order_by(Customer.id)
    )
    return [Identity(*row) for row in rows]


def tokens_of(subject: Subject) -> tuple[str, ...]:
    """The words by which somebody is recognised wherever they stand: whole name, e-mail address, telephone number.

    A name of one word isn't looked for in other people's records: it may well be another's.
    """
    found: list[str] = []
    for one in identities(subject):
        if one.email:
            found.append(one.email)
        if one.phone and sum(mark.isdigit() for mark in one.phone) >= PHONE_DIGITS_MIN:
            found.append(one.phone)
        if len(one.name) >= NAME_LETTERS_MIN and " " in one.name.strip():
            found.append(one.name)
    return tuple(dict.fromkeys(found))


def rows_of(table: str, subject: Subject) -> ColumnElement[bool]:
    """Return the condition on a table under which a row is the person's; by the data map alone."""
    return or_(false(), *(_by_path(table, path, subject) for path in by_table()[table].of))


def is_about(table: str, kind: str) -> bool:
    """Tell whether rows of a table can be a customer's ("customer") or an employee's ("employee")."""
    for path in by_table()[table].of:
        if path.kind == "via":
            if is_about(path.table.partition(".")[0], kind):
                return True
        elif (path.kind == "employee") == (kind == "employee"):
            return True
    return False


def _by_path(table: str, path: Path, subject: Subject) -> ColumnElement[bool]:
    here = db.metadata.tables[table]
    column = here.c[path.column]
    if path.kind == "via":
        name, _, key = path.table.partition(".")
        if not is_about(name, subject.kind):
            return false()
        parent = db.metadata.tables[name]
        return column.in_(select(parent.c[key]).where(rows_of(name, subject)))
    if (path.kind == "employee") != (subject.kind == "employee"):
        return false()
    if path.kind == "case":
        return column.in_(cases_of(subject))
    if path.kind == "file":
        return _files(table, subject)
    if path.kind == "address":
        emails = [one.email.lower() for one in identities(subject) if one.email]
        return func.lower(column).in_(emails) if emails else false()
    return false() if subject.kind == "case" else column.in_(subject.numbers)


def cases_of(subject: Subject) -> Select[Any]:
    """Select the numbers of a customer's cases."""
    if subject.kind == "case":
        return select(Case.id).where(Case.id.in_(subject.numbers))
    return select(Case.id).where(Case.customer_id.in_(subject.numbers))


# What files may be attached to, and the table of each.
FILE_SUBJECTS = {"case": "case_file", "exception": "exception_request", "message": "message"}


def _files(table: str, subject: Subject) -> ColumnElement[bool]:
    here, parts = db.metadata.tables[table], []
    for kind, name in FILE_SUBJECTS.items():
        parent = db.metadata.tables[name]
        theirs = select(parent.c.id).where(rows_of(name, subject))
        parts.append(and_(here.c.subject_kind == kind, here.c.subject_id.in_(theirs)))
    return or_(*parts)
