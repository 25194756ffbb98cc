"""Cases as a file: every text as it was, no formula, only what the reader sees, and named in the trail."""

import csv
import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.audit.models import AuditEntry, AuditPayload
from app.cases import export_queries
from app.kernel.database import db
from app.kernel.sheets import FORMULA, marked_cell, original_cell
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in

NASTY = (
    "=1+1",
    "'=1",
    "''",
    "+44",
    "-",
    "@x",
    "\tb",
    "line\r\nline\rline\n",
    "_x0041_ \x0b",
    '„Zoë“, "a";b',
    " x ",
    "\u202e",
)
_NAMES = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def of_csv(body: bytes) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return [{name: original_cell(cell) for name, cell in row.items()} for row in rows]


def of_xlsx(body: bytes) -> list[dict[str, str]]:
    """Read a workbook back as any program does: its cells by their place, its escapes taken back."""
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    lines = []
    for row in sheet.iter(f"{_NAMES}row"):
        cells: dict[str, str] = {}
        for cell in row.iter(f"{_NAMES}c"):
            assert cell.find(f"{_NAMES}f") is None, "no cell is a formula"
            text = cell.find(f".//{_NAMES}t")
            number = cell.find(f"{_NAMES}v")
            raw = (text.text or "") if text is not None else (number.text or "") if number is not None else ""
            said = re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), raw)
            cells[re.sub("[0-9]", "", cell.attrib["r"])] = original_cell(said)
        lines.append(cells)
    header = lines[0]
    return [{header[place]: row.get(place, "") for place in header} for row in lines[1:]]


def of_jsonl(body: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in body.splitlines()]


READERS = {"csv": of_csv, "xlsx": of_xlsx, "jsonl": of_jsonl}


@given(st.text())
def test_what_is_marked_is_no_formula_and_comes_back(text: str) -> None:
    assert original_cell(marked_cell(text)) == text
    assert not marked_cell(text).startswith(FORMULA)


@pytest.mark.parametrize("form", READERS)
def test_every_text_comes_out_of_a_file_as_it_went_in(app: Flask, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(export_queries, "BATCH", 5)
    company = make_company()
    assert company.nia is not None
    told = [(case.ref, case.description) for case in (make_case(company.ana, description=text) for text in NASTY)]
    make_case(company.nia, description="elsewhere")
    sam = sign_in(app.test_client(), company.sam)
    answer = sam.post("/cases/exports", data={"form": form, "what": "everything"})
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    rows = READERS[form](answer.data)
    assert [(row["case"], row["description"]) for row in rows] == told
    assert {row["customer_name"] for row in rows} == {"Cleo Marchetti"}
    entry = db.session.execute(
        select(AuditPayload.payload)
        .join(AuditEntry, AuditEntry.id == AuditPayload.entry_id)
        .where(AuditEntry.type == "case:export")
    ).scalar_one()
    assert orjson.loads(entry)["count"] == len(NASTY) and orjson.loads(entry)["form"] == form


def test_a_file_holds_what_the_queue_holds_and_is_for_who_leads(app: Flask) -> None:
    company = make_company()
    bad = make_case(company.ana, severity=4).ref
    make_case(company.ana, severity=1)
    sam = sign_in(app.test_client(), company.sam)
    page = sam.get("/cases/export?view=all&severity=4").text
    assert "The list I came from: 1 case" in page and "resolved ones too: 2 cases" in page
    narrowed = sam.post("/cases/exports", data={"form": "jsonl", "what": "queue", "view": "all", "severity": "4"})
    assert [row["case"] for row in of_jsonl(narrowed.data)] == [bad]
    assert sam.post("/cases/exports", data={"form": "pdf"}).status_code == 303
    ana = sign_in(app.test_client(), company.ana)
    assert ana.get("/cases/export").status_code == 403
    assert ana.post("/cases/exports", data={"form": "csv"}).status_code == 403
    assert "Carry away" not in ana.get("/cases").text
    assert company.tom is not None
    tom = sign_in(app.test_client(), company.tom)
    assert of_jsonl(tom.post("/cases/exports", data={"form": "jsonl", "what": "everything"}).data) == []


def descriptions(app: Flask, person: PersonRow) -> dict[str, dict[str, str]]:
    """The story of every case that somebody may carry away, by its number, as each kind of file gives it back."""
    client, found = sign_in(app.test_client(), person), {}
    for form, read in READERS.items():
        body = client.post("/cases/exports", data={"form": form, "what": "everything"}).data
        found[form] = {row["case"]: row["description"] for row in read(body)}
    return found
