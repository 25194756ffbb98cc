"""Carry cases away in a file, with what customers told us, character for character, and named in the trail.

JSON lines hold every text as it is. In CSV and XLSX a cell that a spreadsheet might take for a formula (it begins with
= + - @, a tab or a line end), and one that begins with an apostrophe, gets one apostrophe in front; taking one leading
apostrophe off every cell that has one gives back what was written (`kernel.sheets.original_cell`).
"""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import IO, Any, Literal

import orjson
from flask_babel import lazy_gettext as _l
from xlsxwriter import Workbook

from app.audit import actions as audit
from app.cases import export_queries
from app.cases.export_queries import HEADER, Cell
from app.cases.queries import Filters
from app.kernel.actor import Actor
from app.kernel.errors import Refusal
from app.kernel.references import ref
from app.kernel.sheets import BYTE_ORDER_MARK, marked_cell
from app.kernel.transactions import transaction
from app.people.permissions import require

Form = Literal["csv", "xlsx", "jsonl"]
ROWS_MAX = 200_000
CELL_MAX = 32_767  # what one cell of a workbook holds
EXPORTED = audit.declare(
    "case:export", "form", "filters", "count", sentence=_l("carried cases away in a file")
)  # fmt: skip


class TooMany(Refusal):
    """More cases than one file takes."""

    status = 422
    code = "too-many-rows"
    sentence = _l("These are more than 200,000 cases. Narrow them down, by site or by category.")


class TooLong(Refusal):
    """A text is longer than a cell of a workbook."""

    status = 422
    code = "too-long-for-a-cell"
    sentence = _l("A text is too long for a cell of a workbook. Take JSON lines or CSV instead.")


def export(*, form: Form, filters: Filters | None, actor: Actor, now: datetime) -> IO[bytes]:
    """Write the cases of a queue, or with None all within the scope, into a file that goes away when it is closed.

    Raises TooMany, TooLong. Only a file that is whole is named in the trail, and only a named one is given out.
    """
    scope = require(actor, "cases.export")
    where, values = export_queries.conditions(scope, filters, me_id=actor.id, team_id=actor.team_id, now=now)
    if export_queries.count(where, values) > ROWS_MAX:
        raise TooMany
    file = tempfile.TemporaryFile()  # noqa: SIM115 (who gets it closes it)
    try:
        count = WRITERS[form](file, export_queries.rows(where, values))
        file.seek(0)
        with transaction():
            audit.record(
                EXPORTED, subject=ref("employee", actor.id or 0), actor=actor, at=now, form=form, count=count,
                filters=_said(filters), site_id=scope.site_id if scope.kind != "company" else None,
            )  # fmt: skip
    except BaseException:
        file.close()
        raise
    return file


def _said(filters: Filters | None) -> Mapping[str, Any] | None:
    if filters is None:
        return None
    names = ("view", "category_id", "severity", "state", "site_id")
    return {name: getattr(filters, name) for name in names if getattr(filters, name) is not None}


def _csv(file: IO[bytes], rows: Iterable[tuple[Cell, ...]]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    text.write(BYTE_ORDER_MARK)
    writer, count = csv.writer(text), 0
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow([marked_cell(cell) if isinstance(cell, str) else cell for cell in row])
        count += 1
    text.detach()
    return count


def _xlsx(file: IO[bytes], rows: Iterable[tuple[Cell, ...]]) -> int:
    """A workbook written row by row; a text stays a text."""
    safe = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    count = 0
    with Workbook(file, safe) as book:
        sheet = book.add_worksheet("cases")
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, HEADER)
        for count, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    sheet.write_number(count, column, cell)
                elif cell:
                    said = marked_cell(cell)
                    if len(said) > CELL_MAX:
                        raise TooLong
                    sheet.write_string(count, column, said)
    return count


def _jsonl(file: IO[bytes], rows: Iterable[tuple[Cell, ...]]) -> int:
    count = 0
    for row in rows:
        file.write(orjson.dumps(dict(zip(HEADER, row, strict=True))) + b"\n")
        count += 1
    return count


WRITERS: dict[str, Callable[[IO[bytes], Iterable[tuple[Cell, ...]]], int]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "jsonl": _jsonl,
}
