"""A review on paper: tagged PDF by WeasyPrint, loaded when it is first asked for; and its data as JSON. For pages."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import render_template
from flask_babel import lazy_gettext as _l

from app.kernel.errors import Refusal
from app.reviews import words
from app.reviews.sheet import Sheet
from app.ui import shell

WIDTH = 600
STYLE = Path(__file__).resolve().parent / "print.css"
FONTS = Path(__file__).resolve().parents[1] / "ui/static/fonts"


class NoPrinter(Refusal):
    """The server has no WeasyPrint or no Pango."""

    status = 503
    code = "no-printer"
    sentence = _l(
        "This server can't write PDF files: WeasyPrint or Pango is missing. Print the page from the browser instead."
    )


def write(sheet: Sheet, now: datetime) -> bytes:
    """Lay a review out on A4, tagged for screen readers (PDF/UA-1); nothing is fetched from anywhere."""
    try:
        from weasyprint import CSS, HTML  # type: ignore[import-not-found,unused-ignore]
    except (ImportError, OSError) as problem:
        raise NoPrinter from problem
    text = render_template(
        "reviews/print.html", sheet=sheet, row=sheet.row, words=words, now=now, language=shell.locale()
    )
    style = STYLE.read_text(encoding="utf-8").replace("FONTS", FONTS.as_uri())
    found: bytes = HTML(string=text, url_fetcher=_own_files).write_pdf(
        stylesheets=[CSS(string=style, url_fetcher=_own_files)], pdf_variant="pdf/ua-1", pdf_tags=True
    )
    return found


def as_json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def _own_files(url: str, *_more: Any, **_named: Any) -> dict[str, Any]:
    """Let the printer read our fonts and nothing else."""
    path = Path(url.removeprefix("file://"))
    if not url.startswith("file://") or path.parent != FONTS:
        raise ValueError("a review refers to nothing outside")
    return {"string": path.read_bytes(), "mime_type": "font/woff2"}
