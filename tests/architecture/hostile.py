"""What nobody would send on purpose: files and bodies, made from good ones by breaking them."""

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"
POLICY = (
    "format: makegood-policy/1\ntitle: Small\nclauses:\n  4.10:\n    title: One incident\n"
    "rules:\n- clause: 4.10\n  role: frontline\n  per: incident\n  limit: 200.00 USD\n"
)
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20260401\r\nDTEND;VALUE=DATE:20260402\r\n"
    "SUMMARY:Closed\r\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
MAIL = "From: Cleo <cleo@example.org>\r\nTo: desk@makegood.example\r\nSubject: MG-1\r\nMessage-ID: <1@example.org>\r\n\r\nCold.\r\n"


def _rows(folder: str, name: str) -> bytes:
    return b"\n".join((DATA / folder / name).read_bytes().split(b"\n")[:4]) + b"\n"


# Good ones of every kind that something here reads.
GOOD: dict[str, bytes] = {
    "claims.csv": _rows("baggage-claims", "claims.csv"),
    "requests.csv": _rows("city-requests", "requests.csv"),
    "rates.csv": b"Date,USD,GBP\n2023-12-29,1.105,0.86905\n",
    "figures.csv": b"customer,segment,value,currency\nCU-1,gold,120.00,GBP\n",
    "outcomes.csv": b"id,role,what,ts,Churn\n1,Sam,yes,2026-03-02T10:30:00Z,0\n2,Max,no,2026-03-02T11:30:00Z,1\n",
    "mapping.yaml": b"columns: {case: id, by: role, decision: what, at: ts}\ndecisions: {yes: approved, no: declined}\n",
    "outcomes.yaml": b"columns: {ref: id, left: Churn}\nday: 2020-12-31\n",
    "policy.yaml": POLICY.encode(),
    "calendar.ics": CALENDAR.encode(),
    "mail.eml": MAIL.encode(),
    "notice.jsonl": b'{"n": 1, "root": "00", "size": 3}\n{"n": 2, "root": "11", "size": 4}\n',
}
TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"'", b",,,,", b";", b"\t", b"\r", b"\n\n", b"\n- ", b": ", b"{", b"[", b"&a *a",
    b"!!python/object:os.system",
    b"1e309", b"NaN", b"-1", b"9" * 40, b"0000-00-00", b"9999-12-31", b"2026-02-30", b"=1+1", b"\xe2\x80\xae", b"<script>", b"%00", b"../",
    b"A" * 5_000,
)  # fmt: skip


def files() -> Iterator[tuple[str, bytes]]:
    """Files that are wrong as a whole, whatever was asked for."""
    good = GOOD["claims.csv"]
    yield "empty.csv", b""
    yield "blank.csv", b" \r\n\t\n"
    yield "mark.csv", b"\xef\xbb\xbf"
    yield "nul.csv", b"\x00" * 4_096
    yield "noise.bin", random.Random(1).randbytes(4_096)
    yield "wide.csv", good.decode().encode("utf-16")
    yield "latin.csv", good + b"caf\xe9,\xff\n"
    yield "quote.csv", good + b'"never closed,\n' * 50
    yield "line.csv", b"x" * 300_000
    yield "columns.csv", b",".join(b"c%d" % number for number in range(5_000)) + b"\n"
    yield "packed.gz", gzip.compress(good)
    yield "cut.gz", gzip.compress(good)[:-9]
    yield "damaged.gz", gzip.compress(good)[:20] + b"\xff" * 40 + gzip.compress(good)[60:]
    yield "bomb.gz", gzip.compress(b"0" * 40_000_000)
    yield "packed.zip", zipped({"a.csv": good})
    yield "none.zip", zipped({})
    yield "bomb.zip", zipped({"a.csv": b"0" * 40_000_000})
    yield "damaged.zip", zipped({"a.csv": good * 50})[:80] + b"\xff" * 60 + zipped({"a.csv": good * 50})[140:]
    yield "climbing.zip", zipped({"../../a.csv": good, "/etc/passwd": b"x"})
    yield "sheet.xlsx", zipped({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'})
    yield "deep.json", b"[" * 60_000
    yield "deep.yaml", b"- " * 3_000
    yield (
        "laughs.yaml",
        b"a: &a [x,x]\n" + b"".join(b"%c: &%c [*%c,*%c]\n" % (n, n, n - 1, n - 1) for n in range(98, 118)),
    )
    yield "objects.yaml", b"!!python/object/apply:os.system ['true']\n"
    yield "picture.png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
    yield "photo.jpg", b"\xff\xd8\xff\xe0" + b"\xff" * 400
    yield "paper.pdf", b"%PDF-1.7\n%\xff\n"
    yield 'a"\r\nX: y.csv', good
    yield "..\\..\\" + "n" * 300 + ".csv", good


def zipped(members: dict[str, bytes]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return found.getvalue()


def broken(draw: random.Random, good: bytes) -> bytes:
    """A good file, changed in one to four places."""
    content = bytearray(good)
    for _ in range(draw.randint(1, 4)):
        at = draw.randint(0, len(content))
        match draw.randint(0, 4):
            case 0:
                content[at:at] = draw.choice(TOKENS)
            case 1:
                content[at : at + draw.randint(1, 12)] = draw.choice(TOKENS)
            case 2:
                content[at : at + 1] = bytes([draw.randrange(256)])
            case 3:
                del content[at : at + draw.randint(1, 30)]
            case _:
                content[at:at] = content[at : at + 60]
    return bytes(content)


def bodies(draw: random.Random) -> Iterator[bytes]:
    """JSON as programs send it, and what only looks like it."""
    odd: list[Any] = [
        None, True, -1, 1e308, 10**30, "", "x" * 5_000, "\u0000", "\ud800", [], {}, [[]], {"value": None}, [{"value": {}}], "EM-1",
        "ana@makegood.example",
    ]  # fmt: skip
    names = (
        "schemas", "userName", "active", "emails", "roles", "groups", "displayName", "members", "name", "externalId", "Operations", "op",
        "path", "value", "id", "meta", "title", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "manager",
    )  # fmt: skip
    known = [
        ["urn:ietf:params:scim:schemas:core:2.0:User"], ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    ]  # fmt: skip
    yield from (
        b"",
        b"null",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"a":' * 5_000,
        b'{"schemas": NaN}',
        b"0" * 10_000,
    )
    while True:
        body = {name: draw.choice(odd) for name in draw.sample(names, draw.randint(1, 8))}
        if draw.random() < 0.8:
            body["schemas"] = draw.choice(known)
        if draw.random() < 0.5:
            ways = ("add", "replace", "remove", "Add", "", 1)
            steps = [
                {
                    "op": draw.choice(ways),
                    "path": draw.choice((*names, 'emails[type eq "', "a.b.c", "")),
                    "value": draw.choice(odd),
                }
            ]
            body["Operations"] = steps * draw.randint(1, 3)
        yield json.dumps(body).encode("utf-8", "surrogatepass")
