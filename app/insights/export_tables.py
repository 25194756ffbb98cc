"""The figures of a period as a table: the same columns in every format."""

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO

from xlsxwriter import Workbook

from app.insights.figure_queries import Figure
from app.insights.measures import Measure

Cell = str | int | float | None
HEADER = (
    "measure", "words", "key", "of", "n", "k", "value", "low_95", "high_95", "compared_with", "unit", "definition", "formula",
    "source", "not_for", "since", "until",
)  # fmt: skip


def rows_of(
    measure: Measure, found: Iterable[Figure], since: str, until: str, said_of: Callable[[Figure], str]
) -> list[list[Cell]]:
    """One row for each figure; ratios with six digits. said_of: what a figure is about, in words beside its key."""
    said: list[Cell] = [str(measure.definition), str(measure.formula), measure.source, str(measure.not_for)]
    return [
        [
            measure.name, str(measure.words), one.key, said_of(one), one.n, one.k, _six(one.value), _six(one.low), _six(one.high),
            one.rest_n, measure.unit, *said, since, until,
        ]
        for one in found
    ]  # fmt: skip


def _six(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write a sheet in which a text stays a text: no cell becomes a formula or a link."""
    target = BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(target, safe) as book:
        sheet = book.add_worksheet("figures")
        bold = book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, header, bold)
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(place, column, cell)
                elif cell is not None:
                    sheet.write_number(place, column, cell)
        sheet.set_column(0, len(header) - 1, 18)
    return target.getvalue()
