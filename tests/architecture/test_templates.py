"""Templates hold words and structure: no script or style inside them, no reading of the database, no untranslated text."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import APP, short, templates

_COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
_INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc\s*=)", re.IGNORECASE)
_INLINE_STYLE = re.compile(r"<style\b|[\s\"']style\s*=", re.IGNORECASE)
_HANDLER = re.compile(r"<[^>]*\son[a-z]{3,20}\s*=", re.IGNORECASE | re.DOTALL)
_EVALUATED = re.compile(r"\bhx-on\b|hx-on:|javascript:|\bjs:", re.IGNORECASE)
_SAFE = re.compile(r"\|\s*safe\b|\bMarkup\(|autoescape\s+false", re.IGNORECASE)
_QUERY = re.compile(
    r"\bqueries\.|\bdb\.|\.query\b|\.execute\(|\bsession\.(?:get|scalars?|execute)\(|\.all\(\)|\.first\(\)"
)
_SHOWN = re.compile(r"\s(?:aria-label|title|placeholder|alt|aria-description|data-confirm)\s*=\s*\"([^\"{]*)\"")
_LETTERS = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
# Names and signs that are the same in every language.
UNTRANSLATED = {"Makegood", "ms", "CSV", "JSON", "API", "ID", "UTC", "XLSX", "PDF"}


def source(path: Path) -> str:
    """The template without comments, keeping its line numbers."""
    return _COMMENT.sub(lambda match: "\n" * match.group().count("\n"), path.read_text(encoding="utf-8"))


def found(pattern: re.Pattern[str], text: str, path: Path) -> list[str]:
    return [
        f"{short(path)}:{text[: match.start()].count(chr(10)) + 1} {match.group()[:60]!r}"
        for match in pattern.finditer(text)
    ]


@pytest.mark.parametrize(
    "pattern",
    [_INLINE_SCRIPT, _INLINE_STYLE, _HANDLER, _EVALUATED, _SAFE, _QUERY],
    ids=["inline script", "inline style", "event handler", "evaluated attribute", "unescaped output", "query"],
)
def test_no_template_has(pattern: re.Pattern[str]) -> None:
    assert [row for path in templates() for row in found(pattern, source(path), path)] == []


def test_every_form_that_posts_carries_its_csrf_token() -> None:
    form = re.compile(r"<form\b[^>]*\bmethod\s*=\s*\"post\"[^>]*>(.*?)</form>", re.IGNORECASE | re.DOTALL)
    missing = [
        f"{short(path)}:{text[: match.start()].count(chr(10)) + 1}"
        for path in templates()
        for text in [source(path)]
        for match in form.finditer(text)
        if not re.search(r"csrf|hidden_tag|form_head|caller\(\)", match.group(1))
    ]
    assert missing == []


def untranslated(path: Path) -> list[str]:
    """Words that a person would see and that don't go through gettext."""
    text = source(path)
    # A block that holds a class, and a record's reference, are no words.
    text = re.sub(r"\{%\s*block \w+_class\s*%\}.*?\{%\s*endblock\s*%\}", _blank, text)
    text = re.sub(r"\b[A-Z]{2}-\d+\b", " ", text)
    for block in ("trans", "raw"):
        text = re.sub(rf"\{{%-?\s*{block}\b.*?end{block}\s*-?%\}}", _blank, text, flags=re.DOTALL)
    text = re.sub(r"<(script|svg|code|kbd|pre)\b.*?</\1>", _blank, text, flags=re.DOTALL | re.IGNORECASE)
    attributes = list(_SHOWN.finditer(text))
    rows = [
        f"{short(path)}:{text[: match.start()].count(chr(10)) + 1} {match.group(1)!r}"
        for match in attributes
        if _words(match.group(1))
    ]
    plain = _TAG.sub(_blank, _JINJA.sub(_blank, text))
    for number, line in enumerate(plain.splitlines(), 1):
        if _words(line):
            rows.append(f"{short(path)}:{number} {line.strip()!r}")
    return rows


def _blank(match: re.Match[str]) -> str:
    return "\n" * match.group().count("\n") + " "


def _words(text: str) -> list[str]:
    text = re.sub(r"&[a-z]+;", " ", text)
    return [word for word in _LETTERS.findall(text) if word not in UNTRANSLATED]


def test_every_visible_word_can_be_translated() -> None:
    assert [row for path in templates() for row in untranslated(path)] == []


def test_every_template_lies_under_its_rooms_name() -> None:
    wrong = [
        short(path)
        for path in templates()
        if path.relative_to(APP).parts[1] != "templates"
        or path.relative_to(APP).parts[2] != path.relative_to(APP).parts[0]
    ]
    assert wrong == []


def test_refreshed_fragments_are_whole_files() -> None:
    """A fragment begins with an underscore and extends nothing, so that a refresh gets the same file alone."""
    wrong = [short(path) for path in templates() if path.name.startswith("_") and "{% extends" in source(path)]
    assert wrong == []
