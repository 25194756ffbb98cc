"""A letter on paper: one page template for the screen and for a PDF that screen readers understand (PDF/UA-1)."""

from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from markupsafe import Markup

from app.messages.letter_rules import Words, paragraphs, shown_parts
from app.ui.paper import pdf

_LOOKS = Path(__file__).parent / "letter_paper.css"


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that stands on the paper; `signed` are the lines below the letter."""

    site: str
    to: str
    day: str
    ref: str
    language: str
    words: Words
    signed: tuple[str, ...]

    @property
    def parts(self) -> list[tuple[str, list[list[str]]]]:
        return [(title, paragraphs(text)) for title, text in shown_parts(self.words)]

    @property
    def opening(self) -> list[list[str]]:
        return paragraphs(self.words.opening)


def body_of(sheet: Sheet) -> Markup:
    """The letter as it stands in a page."""
    return Markup(current_app.jinja_env.get_template("messages/_letter_body.html").render(sheet=sheet))  # noqa: S704


def pdf_of(sheet: Sheet) -> bytes:
    """Print the letter: tagged, with its language and title. The same letter gives the same bytes. Slow: before any deed."""
    page = current_app.jinja_env.get_template("messages/letter_paper.html").render(sheet=sheet)
    return pdf(page, _LOOKS.read_text(encoding="utf-8"))
