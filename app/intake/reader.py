"""Read delimited files that nobody vouches for: plain or gzip, streamed, with every size bounded.

A file is gone through once before anything is imported, so what is wrong with the file as a whole is said up front.
"""

import codecs
import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flask_babel import gettext as _

MEBIBYTE = 1024 * 1024
LINE_MAX = MEBIBYTE
ROW_MAX = 4 * MEBIBYTE
FIELD_MAX = 131_072  # the csv module's own limit
EXPANDED_MAX = 4096 * MEBIBYTE
# A text rarely shrinks more than 20 times; a gzip bomb 1,000 times.
EXPANSION_MAX = 150
EXPANSION_FREE = 16 * MEBIBYTE
COLUMNS_MAX = 500
_SIGNATURES = {
    b"PK\x03\x04": "ZIP",
    b"\xd0\xcf\x11\xe0": "Excel",
    b"%PDF": "PDF",
    b"SQLite format 3": "SQLite",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class Unreadable(ValueError):
    """The file as a whole can't be imported; `str()` says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What going through the file once found; `rows` counts the rows below the header."""

    header: tuple[str, ...]
    rows: int


def survey(path: Path, delimiter: str = ",", *, tick: Callable[[int], None] | None = None) -> Survey:
    """Go through the whole file and return its header and number of rows; raises Unreadable. tick: told the rows so far."""
    header, count = header_of(path, delimiter), 0
    for _line, _cells in rows(path, delimiter):
        count += 1
        if tick and count % 2_000 == 0:
            tick(count)
    return Survey(header, count)


def header_of(path: Path, delimiter: str = ",") -> tuple[str, ...]:
    """Return the column names; raises Unreadable when there are none or one stands twice."""
    with _lines(path) as lines:
        for cells in _parsed(lines, delimiter):
            if not any(cells):
                continue
            header = tuple(cell.strip() for cell in cells)
            twice = sorted({name for name in header if name and header.count(name) > 1})
            if twice:
                raise Unreadable(_("The column “%(name)s” stands in the header twice.", name=twice[0]))
            if len(header) > COLUMNS_MAX:
                raise Unreadable(
                    _(
                        "The header has %(count)d columns; at most %(most)d are read.",
                        count=len(header),
                        most=COLUMNS_MAX,
                    )
                )
            return header
    raise Unreadable(_("The file is empty."))


def rows(path: Path, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the cells of each row below the header; blank lines are passed over."""
    with _lines(path) as lines:
        seen_header = False
        for cells in _parsed(lines, delimiter):
            if any(cells):
                if seen_header:
                    yield lines.row_line, cells
                seen_header = True
            lines.row_done()


def wrong_delimiter(header: tuple[str, ...], delimiter: str) -> str | None:
    """Name the character that seems to separate the columns when it isn't the expected one."""
    if len(header) > 1:
        return None
    others = {";": ";", "\t": "TAB", "|": "|", ",": ","}
    best = max((other for other in others if other != delimiter), key=lambda other: header[0].count(other))
    return others[best] if header[0].count(best) else None


class _Lines:
    """Decodes a file line by line, so that a wrong byte is reported with its line."""

    def __init__(self, raw: IO[bytes], packed: IO[bytes] | None) -> None:
        self.raw, self.packed = raw, packed
        self.number = 0
        self.row_line = 1
        self.row_characters = 0
        self.expanded = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.raw.readline(LINE_MAX + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if self.number == 1 and line.startswith(codecs.BOM_UTF8):
            line = line[3:]
        self._check(line)
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Unreadable(
                _(
                    "Line %(line)d is not UTF-8 (byte %(byte)s at position %(position)d). Save the file as UTF-8.",
                    line=self.number,
                    byte=f"0x{line[error.start]:02X}",
                    position=error.start + 1,
                )
            ) from None

    def _check(self, line: bytes) -> None:
        self.expanded += len(line)
        self.row_characters += len(line)
        if len(line) > LINE_MAX:
            raise Unreadable(_("Line %(line)d is longer than %(most)d characters.", line=self.number, most=LINE_MAX))
        if self.row_characters > ROW_MAX:
            raise Unreadable(
                _("The row that starts at line %(line)d never ends: is a quotation mark missing?", line=self.row_line)
            )
        if b"\0" in line:
            raise Unreadable(_("Line %(line)d holds a NUL byte. Is this a text file?", line=self.number))
        if self.packed is not None and self.expanded > EXPANSION_FREE:
            ratio = self.expanded // max(self.packed.tell(), 1)
            if ratio > EXPANSION_MAX or self.expanded > EXPANDED_MAX:
                raise Unreadable(_("The file unpacks to more than %(ratio)d times its size.", ratio=EXPANSION_MAX))

    def row_done(self) -> None:
        self.row_line, self.row_characters = self.number + 1, 0


@contextmanager
def _lines(path: Path) -> Iterator[_Lines]:
    with path.open("rb") as packed:
        start = packed.read(16)
        packed.seek(0)
        if not start:
            raise Unreadable(_("The file is empty."))
        for signature, name in _SIGNATURES.items():
            if start.startswith(signature):
                raise Unreadable(_("This is a %(kind)s file. Export it as CSV first.", kind=name))
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise Unreadable(_("The file is UTF-16. Save it as UTF-8."))
        if not start.startswith(b"\x1f\x8b"):
            yield _Lines(packed, None)
            return
        with gzip.GzipFile(fileobj=packed) as unpacked:
            yield _Lines(unpacked, packed)  # type: ignore[arg-type]


def _parsed(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter, strict=True)
    except csv.Error as error:
        if "field larger" in str(error):
            sentence = _(
                "A value at line %(line)d is longer than %(most)d characters.", line=lines.row_line, most=FIELD_MAX
            )
        elif "unexpected end" in str(error):
            sentence = _("A quotation mark is opened at line %(line)d and never closed.", line=lines.row_line)
        else:
            sentence = _(
                "The quotation marks at line %(line)d are not right: %(reason)s.", line=lines.number, reason=str(error)
            )
        raise Unreadable(sentence) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Unreadable(_("The gzip file is damaged or cut off at line %(line)d.", line=lines.number + 1)) from None
