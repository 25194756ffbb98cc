"""A review on paper, tagged for screen readers (PDF/UA-1), and as data. For pages."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import render_template

from app.reviews import words
from app.reviews.sheet import Sheet
from app.ui import shell

WIDTH = 600  # of a drawing on paper
_LOOKS = Path(__file__).parent / "print.css"


def write(sheet: Sheet, now: datetime) -> bytes:
    """Lay a review out on A4. Raises PrinterMissing. Slow: before any deed."""
    from app.ui.paper import pdf  # the printer is heavy: only whoever prints loads it

    page = render_template(
        "reviews/print.html", sheet=sheet, row=sheet.row, words=words, now=now, language=str(shell.locale())
    )
    return pdf(page, _LOOKS.read_text(encoding="utf-8"))


def as_json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)
