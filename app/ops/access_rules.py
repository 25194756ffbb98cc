"""Quarters of the review of access; pure."""

import re
from datetime import date

_QUARTER = re.compile(r"(20\d\d)-Q([1-4])")


def quarter_of(day: date) -> str:
    """Name the quarter of a day. Worked value: 22 November 2026 gives "2026-Q4"."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def is_quarter(text: str) -> bool:
    return bool(_QUARTER.fullmatch(text))


def quarter_before(quarter: str) -> str:
    """Worked values: "2026-Q4" gives "2026-Q3", "2026-Q1" gives "2025-Q4"."""
    year, number = int(quarter[:4]), int(quarter[-1])
    return f"{year - 1}-Q4" if number == 1 else f"{year}-Q{number - 1}"
