"""Hostile files are refused as a whole, in words, before anything is read into the product."""

import gzip
from pathlib import Path

import pytest

from app.intake import reader
from app.intake.reader import Unreadable

GOOD = "id,text\n1,one\n2,two\n"


def save(path: Path, content: bytes) -> Path:
    file = path / "file.csv"
    file.write_bytes(content)
    return file


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "only blank lines": (b"\n\n\n", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "empty"),
    "empty gzip": (gzip.compress(b""), "empty"),
    "zip": (b"PK\x03\x04rest", "ZIP"),
    "excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
    "pdf": (b"%PDF-1.7\n", "PDF"),
    "utf-16": ("id,text\n1,ü\n".encode("utf-16"), "UTF-16"),
    "latin-1": (GOOD.encode() + b"3,caf\xe9\n", "Line 4 is not UTF-8 (byte 0xE9 at position 6)"),
    "nul": (GOOD.encode() + b"3,a\0b\n", "Line 4 holds a NUL byte"),
    "open quote": (GOOD.encode() + b'3,"never\n4,closed\n', "never closed"),
    "quote in the middle": (GOOD.encode() + b'3,"a"b\n', "line 4"),
    "huge value": (GOOD.encode() + b'3,"' + b"x" * 140_000 + b'"\n', "longer than 131072"),
    "huge line": (GOOD.encode() + b"x" * (reader.LINE_MAX + 2), "Line 4 is longer"),
    "endless row": (GOOD.encode() + b'3,"' + b'a\n","b' * 900_000, "never ends"),
    "many columns": (b",".join(b"c%d" % n for n in range(600)) + b"\n", "600 columns"),
    "twice": (b"id,text,id\n", "“id” stands in the header twice"),
    "cut gzip": (gzip.compress(GOOD.encode() * 1000)[:-20], "damaged or cut off"),
    "damaged gzip": (gzip.compress(GOOD.encode())[:-8] + b"\0" * 8, "damaged or cut off"),
    "no gzip at all": (b"\x1f\x8bnothing", "damaged or cut off"),
    "gzip bomb": (gzip.compress((b"a" * 999 + b",b\n") * 60_000), "unpacks to more than"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    content, expected = HOSTILE[name]
    with pytest.raises(Unreadable) as refusal:
        reader.survey(save(tmp_path, content))
    assert expected in str(refusal.value)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_plain_and_gzip_with_and_without_a_mark_read_the_same(
    packed: bool, mark: bytes, end: str, tmp_path: Path
) -> None:
    content = mark + GOOD.replace("\n", end).encode()
    file = save(tmp_path, gzip.compress(content) if packed else content)
    assert reader.survey(file) == reader.Survey(("id", "text"), 2)
    assert list(reader.rows(file)) == [(2, ["1", "one"]), (3, ["2", "two"])]


def test_a_row_is_known_by_the_line_where_it_starts(tmp_path: Path) -> None:
    file = save(tmp_path, b'id,text\n1,"two\nlines"\n\n2,"a ""word"""\n')
    assert list(reader.rows(file)) == [(2, ["1", "two\nlines"]), (5, ["2", 'a "word"'])]


def test_a_long_narrative_and_characters_of_every_plane_come_through(tmp_path: Path) -> None:
    text = "é漢😀 " * 5_000
    file = save(tmp_path, f"id,text\n1,{text}\n".encode())
    assert next(iter(reader.rows(file)))[1][1] == text


@pytest.mark.parametrize(
    ("header", "expected"), [("a;b;c", ";"), ("a\tb", "TAB"), ("a|b", "|"), ("a,b", None), ("a", None)]
)
def test_the_wrong_delimiter_is_named(header: str, expected: str | None, tmp_path: Path) -> None:
    found = reader.header_of(save(tmp_path, header.encode() + b"\n"))
    assert reader.wrong_delimiter(found, ",") == expected


def test_progress_is_told_while_a_file_is_gone_through(tmp_path: Path) -> None:
    told: list[int] = []
    file = save(tmp_path, b"id\n" + b"1\n" * 5_000)
    assert reader.survey(file, tick=told.append).rows == 5_000
    assert told == [2_000, 4_000]
