"""Read the European Central Bank's file of euro reference rates. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

MILLION = 1_000_000
# The bank leaves a rate out, or writes this, on days without one.
ABSENT = ("", "N/A", "-")
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


class BadRates(ValueError):
    """The file is not in the bank's format; `str()` names the line."""


@dataclass(frozen=True, slots=True)
class DayRate:
    """How much of a currency one euro bought on a day, in millionths. Worked value: 0.86905 GBP is 869,050."""

    currency: str
    on: date
    millionths: int


def read_rates(text: str) -> Iterator[DayRate]:
    """Yield every rate of a file `Date,USD,JPY,…` with one day a line, in its order; raises BadRates for a wrong line."""
    try:
        yield from _read(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as trouble:
        raise BadRates(f"this is no table: {trouble}") from None


def _read(rows: Iterator[list[str]]) -> Iterator[DayRate]:
    head = [cell.strip() for cell in next(rows, [])]
    codes = [code for code in head[1:] if code]  # the bank ends its lines with a comma
    if not head or head[0] != "Date" or not codes or not all(_CODE.fullmatch(code) for code in codes):
        raise BadRates("line 1: expected Date and then currencies, e.g. Date,USD,GBP")
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            day = date.fromisoformat(cells[0].strip())
        except ValueError:
            raise BadRates(f"line {number}: {cells[0]!r} is no day such as 2023-12-29") from None
        for code, cell in zip(codes, cells[1:], strict=False):
            if cell.strip() not in ABSENT:
                yield DayRate(code, day, _millionths(cell.strip(), number, code))


def _millionths(text: str, number: int, code: str) -> int:
    try:
        scaled = Decimal(text) * MILLION
    except InvalidOperation:
        raise BadRates(f"line {number}: {text!r} is no rate of {code}") from None
    if not scaled.is_finite() or scaled <= 0 or scaled != scaled.to_integral_value() or scaled > 10**15:
        raise BadRates(f"line {number}: {text!r} is no rate of {code} (above 0, at most six decimals)")
    return int(scaled)
