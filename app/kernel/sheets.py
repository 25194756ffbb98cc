"""Tables for spreadsheets: values that no program reads as a formula, and that can be read back as they were."""

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BYTE_ORDER_MARK = "\ufeff"  # without it some programs don't read UTF-8


def safe_cell(text: str) -> str:
    """Keep a spreadsheet from reading a value as a formula."""
    return "'" + text if text.startswith(FORMULA) else text


def marked_cell(text: str) -> str:
    """As safe_cell, but so that it can be taken back: a text that begins with an apostrophe gets one more.

    Worked values: "=1" gives "'=1", "'=1" gives "''=1", "a" stays. `original_cell` is the way back.
    """
    return "'" + text if text.startswith((*FORMULA, "'")) else text


def original_cell(cell: str) -> str:
    """What stood in a cell that marked_cell wrote: one leading apostrophe is taken off."""
    return cell.removeprefix("'")


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[str | int | float | None]]) -> bytes:
    """Write a table; whatever somebody typed is made safe, numbers stay numbers, None is empty."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(header)
    writer.writerows(
        ["" if cell is None else safe_cell(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
    )
    return (BYTE_ORDER_MARK + lines.getvalue()).encode()
