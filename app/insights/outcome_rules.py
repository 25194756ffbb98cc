"""Reading what another system knows about customers later: which column says what, line by line. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from app.kernel.money import NO_CURRENCY

FIELDS = ("ref", "customer", "day", "stayed", "left", "returned", "complaint", "value", "segment")
VALUE_MAX = Decimal(10**9)
REF_MAX, SEGMENT_MAX = 120, 40


class BadMapping(ValueError):
    """The mapping can't be used; the message says why."""


class BadLine(ValueError):
    """A line can't be read; the message says why."""


@dataclass(frozen=True, slots=True)
class OutcomeMapping:
    """columns: field → header. on: the day for all lines where no column says it. Without a ref column the line's number is it.

    `left` is the opposite of `stayed`. yes, no: how the file says them.
    """

    columns: Mapping[str, str]
    on: date | None
    currency: str
    yes: frozenset[str]
    no: frozenset[str]


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says about one customer on a day. customer: a reference (CU-12) or an e-mail address, or empty."""

    ref: str
    on: date
    customer: str
    has_stayed: bool | None
    has_returned: bool | None
    had_complaint: bool | None
    value_millis: int | None
    segment: str | None


def mapping_of(said: Any) -> OutcomeMapping:
    """Read a mapping as YAML gives it."""
    if not isinstance(said, dict) or not isinstance(said.get("columns"), dict):
        raise BadMapping("it needs `columns`, e.g. columns: {left: Churn}")
    columns = {str(field): normal(str(header)) for field, header in said["columns"].items()}
    unknown = sorted(set(columns) - set(FIELDS)) + sorted(
        set(said) - {"columns", "day", "currency", "means_yes", "means_no"}
    )
    if unknown:
        raise BadMapping(f"unknown: {', '.join(unknown)}; known columns: {', '.join(FIELDS)}")
    if not {"stayed", "left", "returned", "value"} & set(columns):
        raise BadMapping("name at least one of stayed, left, returned, value")
    if {"stayed", "left"} <= set(columns):
        raise BadMapping("name either stayed or left")
    on = said.get("day")
    if "day" not in columns and not isinstance(on, date):
        raise BadMapping("say `day: 2026-03-31`, or name a column of days")
    currency = str(said.get("currency", NO_CURRENCY)).upper()
    if len(currency) != 3 or not currency.isalpha():
        raise BadMapping("currency is three letters; leave it out where the file names none")
    yes, no = (_words(said.get(key), default) for key, default in (("means_yes", "1"), ("means_no", "0")))
    return OutcomeMapping(columns, on if isinstance(on, date) else None, currency, yes, no)


def _words(said: Any, default: str) -> frozenset[str]:
    values = [default] if said is None else said if isinstance(said, list) else [said]
    return frozenset(str(value).strip().lower() for value in values)


def normal(header: str) -> str:
    """A header without needless blanks, in small letters: some files write two blanks in a row."""
    return " ".join(header.split()).lower()


def places(mapping: OutcomeMapping, header: Sequence[str]) -> dict[str, int]:
    """field → place of its column; BadMapping names what the file lacks."""
    known = {normal(name): place for place, name in enumerate(header)}
    missing = sorted(name for name in mapping.columns.values() if name not in known)
    if missing:
        raise BadMapping(f"the file has no column {', '.join(missing)}")
    return {field: known[name] for field, name in mapping.columns.items()}


def read(mapping: OutcomeMapping, at: Mapping[str, int], number: int, row: Sequence[str]) -> Line:
    """Read one line; raises BadLine. number: counted from 1 without the header, the reference where no column is one."""

    def text(field: str) -> str:
        place = at.get(field)
        return row[place].strip() if place is not None and place < len(row) else ""

    stayed, left = _yes(mapping, text("stayed")), _yes(mapping, text("left"))
    has_stayed = stayed if "stayed" in at else None if left is None else not left
    returned, value = _yes(mapping, text("returned")), _millis(text("value"))
    if has_stayed is None and returned is None and value is None:
        raise BadLine("it says nothing about the customer")
    ref = text("ref") if "ref" in at else str(number)
    if not ref or len(ref) > REF_MAX or len(text("segment")) > SEGMENT_MAX:
        raise BadLine(f"the reference is missing, or a text is too long (at most {REF_MAX}, a segment {SEGMENT_MAX})")
    on = _day(text("day")) if "day" in at else mapping.on
    assert on is not None, "the mapping was checked"
    complaint = _yes(mapping, text("complaint"))
    return Line(ref, on, text("customer"), has_stayed, returned, complaint, value, text("segment").lower() or None)


def _yes(mapping: OutcomeMapping, text: str) -> bool | None:
    if not text:
        return None
    word = text.lower()
    if word in mapping.yes:
        return True
    if word in mapping.no:
        return False
    raise BadLine(f"{text!r} is neither of means_yes {sorted(mapping.yes)} nor of means_no {sorted(mapping.no)}")


def _millis(text: str) -> int | None:
    """An amount in thousandths. Worked value: 197.6455 is 197646."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadLine(f"{text!r} is no amount") from None
    if not value.is_finite() or not 0 <= value <= VALUE_MAX:
        raise BadLine(f"{text!r} is no amount from 0 to {VALUE_MAX}")
    return int((value * 1000).to_integral_value(ROUND_HALF_UP))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadLine(f"{text!r} is no day like 2026-03-31") from None
