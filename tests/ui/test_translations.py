"""German says everything that English says: each sentence of the code and the templates, with the same placeholders."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask

ROOT = Path(__file__).resolve().parents[2]
GERMAN = ROOT / "app" / "translations" / "de" / "LC_MESSAGES" / "messages.po"
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|%%|%")


@pytest.fixture(scope="module")
def english() -> Catalog:
    """Every sentence that the code and the templates say now. A template that can't be read fails here."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")
    options.setdefault("app/**/templates/**.html", {})["silent"] = "false"
    found = Catalog()
    for name, line, message, _comments, context in extract_from_dir(ROOT, methods, options, KEYWORDS):
        if name.startswith("app/"):
            found.add(message, None, [(name, line)], context=context)
    return found


@pytest.fixture(scope="module")
def german() -> Catalog:
    with GERMAN.open("rb") as file:
        return read_po(file, locale="de")


def forms(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, tuple | list) else (str(text or ""),)


def pairs(english: Catalog, german: Catalog) -> Iterator[tuple[Message, tuple[str, ...]]]:
    for message in english:
        if message.id:
            said = german.get(message.id, message.context)
            yield message, forms(said.string if said and not said.fuzzy else "")


def where(message: Message) -> str:
    name, line = message.locations[0]
    return f"{name}:{line} {message.id!r}"


def test_the_code_and_the_templates_are_read(english):
    assert len(english) > 1000
    ids = {one for message in english if message.id for one in forms(message.id)}
    assert {"Sign in", "logged the case", "%(num)d cases", "due in {span}"} <= ids


def test_every_sentence_is_said_in_german(english, german):
    missing = [
        where(message)
        for message, said in pairs(english, german)
        if len(said) != len(forms(message.id)) or not all(text.strip() for text in said)
    ]
    assert not missing, "\n".join(missing)


def test_every_sentence_keeps_its_placeholders(english, german):
    wrong = [
        f"{where(message)} → {text!r}"
        for message, said in pairs(english, german)
        for own, text in zip(forms(message.id), said, strict=False)
        if sorted(PLACEHOLDER.findall(own)) != sorted(PLACEHOLDER.findall(text))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_space_at_an_edge_stays(english, german):
    for message, said in pairs(english, german):
        for own, text in zip(forms(message.id), said, strict=False):
            assert (own[:1].isspace(), own[-1:].isspace()) == (text[:1].isspace(), text[-1:].isspace()), where(message)


def test_german_is_polite(german):
    familiar = re.compile(r"\b(du|dich|dir|dein\w*|euch|euer\w*)\b", re.IGNORECASE)
    said = [text for message in german if message.id for text in forms(message.string)]
    assert [text for text in said if familiar.search(text)] == []


def test_a_signed_out_page_speaks_german_to_a_german_browser(app: Flask, german: Catalog, tmp_path: Path):
    folder = tmp_path / "translations" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "messages.mo").open("wb") as file:
        write_mo(file, german)
    app.extensions["babel"].translation_directories = [str(tmp_path / "translations")]
    english = (
        "Sign in",
        "Pass phrase",
        "Make it good on the spot, inside limits that your company wrote down.",
        "No pass phrase yet, or forgotten? Your administrator can send you a link.",
        "Skip to content",
    )
    ordinary = app.test_client().get("/sign-in", headers={"Accept-Language": "en"}).text
    assert [sentence for sentence in english if sentence not in ordinary] == []
    for accepted in ("de", "de-AT,de;q=0.9,en;q=0.5"):
        page = app.test_client().get("/sign-in", headers={"Accept-Language": accepted}).text
        assert '<html lang="de' in page
        assert [sentence for sentence in english if sentence in page] == []
        assert [sentence for sentence in english if german[sentence].string not in page] == []
