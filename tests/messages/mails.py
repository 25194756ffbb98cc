"""Mails for tests: kind ones, and sixty that mean harm."""

import base64
import gzip
import io
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

from tests.counts import count

HUGE = count(20_000_000, 1_000_000)


def mail(text: str = "Hello", *, sender: str = "Cleo Marchetti <cleo@example.org>", **heads: str) -> bytes:
    """A plain mail; `heads` are its other headers, with _ for -."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"] = sender, heads.pop("To", "care@quay.example")
    made["Subject"] = heads.pop("Subject", "Cold room")
    made["Message-ID"] = heads.pop("Message_ID", f"<{abs(hash((text, sender, str(heads))))}@example.org>")
    for name, value in heads.items():
        made[name.replace("_", "-")] = value
    made.set_content(text, cte="quoted-printable")
    return made.as_bytes()


def bounce(original: bytes, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """What a mail server says about a mail that it could not deliver."""
    head = original.split(b"\r\n\r\n")[0]
    lines = [
        b"Return-Path: <>", b"From: MAILER-DAEMON@mx.example.org", b"To: care@quay.example",
        b"Message-ID: <bounce-" + action.encode() + b"@mx.example.org>", b"Subject: Undelivered Mail", b"MIME-Version: 1.0",
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', b"", b"--b",
        b"Content-Type: text/plain", b"", b"I am sorry.", b"--b", b"Content-Type: message/delivery-status", b"",
        b"Reporting-MTA: dns; mx.example.org", b"", b"Final-Recipient: rfc822; cleo@example.org",
        b"Action: " + action.encode(), b"Status: " + status.encode(), b"Diagnostic-Code: smtp; 550 no such user", b"",
        b"--b", b"Content-Type: text/rfc822-headers", b"", head, b"", b"--b--", b"",
    ]  # fmt: skip
    return b"\r\n".join(lines)


def _html(body: str) -> bytes:
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"] = "mallory@evil.example", "page"
    made.set_content(body, subtype="html")
    return made.as_bytes()


def _attached(data: bytes, name: str, kind: str = "application/octet-stream") -> bytes:
    made = EmailMessage(policy=SMTP)
    made["From"], made["Subject"] = "mallory@evil.example", "file"
    made.set_content("see the file")
    made.add_attachment(data, maintype=kind.split("/")[0], subtype=kind.split("/")[1], filename=name)
    return made.as_bytes()


def _nested(depth: int) -> bytes:
    head = b"From: mallory@evil.example\r\nMIME-Version: 1.0\r\n"
    for level in range(depth):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
    return (
        head
        + b"Content-Type: text/plain\r\n\r\ndeep\r\n"
        + b"".join(b"--b%d--\r\n" % n for n in reversed(range(depth)))
    )


def _charset(name: str, body: bytes) -> bytes:
    head = (
        "From: mallory@evil.example\r\nContent-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return (head % name).encode() + body


def _head(lines: str, body: str = "body") -> bytes:
    return (lines + "\r\n\r\n" + body).encode("utf-8", "surrogateescape")


def _bomb() -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 5_000_000)
    return found.getvalue()


def hostile() -> Iterator[tuple[str, bytes]]:
    """Sixty mails, each with what it tries."""
    for body in (
        "<script>alert(1)</script>hello", "<img src=x onerror=alert(1)>hello", "<svg onload=alert(1)>hello</svg>hello",
        "<a href='javascript:alert(1)'>hello</a>", "<iframe src=//evil></iframe>hello", "<style>@import '//evil'</style>hello",
        "<form action=//evil><input name=p></form>hello", "<meta http-equiv=refresh content='0;//evil'>hello",
        "<div>" * 100_000 + "hello", "<table><tr><td>" * 20_000 + "hello", "<a href=x>" * 30_000 + "hello",
        "hello" + "<!--" * 50_000, "hello&lt;script&gt;alert(1)&lt;/script&gt;", "hello" + "&amp;" * 100_000,
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>hello", "<p>hello" + " x" * 400_000,
    ):  # fmt: skip
        yield "html", _html(body)
    for depth in (2, 14, 60, 99, 500, 3_000):
        yield f"nested {depth}", _nested(depth)
    for name, body in (
        ("utf-8", b"hello \xff\xfe"), ("utf-7", b"hello +ADw-script+AD4-"), ("idna", b"xn--" + b"a" * 50_000),
        ("punycode", b"a-" + b"b" * 50_000), ("unicode_escape", b"\\x3cscript\\x3e"), ("zlib", b"x\x9c"), ("nope", b"hello"),
        ("utf-16", b"\xff\xfeh\0i\0"), ("=" * 5_000, b"hello"), ("rot13", b"uryyb"), ("cp1252", b"gr\xfc\xdfe"),
        ("shift_jis", b"\x82\xa0\x80"), ("utf-32", b"\0\0\0hello"), ("ascii", b"hello\0world"), ("hex", b"61"),
    ):  # fmt: skip
        yield f"charset {name[:9]}", _charset(name, body)
    for data, name, kind in (
        (b"=cmd|' /C calc'!A0", "=cmd.csv", "text/csv"), (_bomb(), "bomb.zip", "application/zip"),
        (b"MZ" + b"\0" * 900, "../../etc/photo.jpg", "image/jpeg"), (b"<script>alert(1)</script>", "a.txt", "text/plain"),
        (gzip.compress(b"\0" * 5_000_000), "x.gz", "application/gzip"), (b"%PDF-1.4 /JavaScript", "a.pdf", "application/pdf"),
        (b"<svg onload=alert(1)>", "pic.svg", "image/svg+xml"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "a.png", "image/png"),
        (b"hello", "a\u202egnp.exe", "application/x-msdownload"),
    ):  # fmt: skip
        yield f"file {name[:6]}", _attached(data, name, kind)
    yield "huge", _charset("utf-8", b"hello " * (HUGE // 6))
    yield "huge line", _head("From: mallory@evil.example\r\nSubject: " + "x" * 500_000)
    yield "many heads", _head("From: mallory@evil.example\r\n" + "X-A: b\r\n" * 20_000)
    yield "two senders", _head("From: cleo@example.org\r\nFrom: mallory@evil.example")
    yield "list of senders", _head("From: cleo@example.org, mallory@evil.example")
    yield "name as address", _head('From: "cleo@example.org" <mallory@evil.example>')
    yield "injection", _head("From: mallory@evil.example\r\nSubject: =?utf-8?q?a=0d=0aBcc:_all@x.example?=")
    yield (
        "injected sender",
        _head("From: =?utf-8?b?" + base64.b64encode(b"a\r\nBcc: x@y.z").decode() + "?= <m@evil.example>"),
    )
    yield "words", _head("From: m@evil.example\r\nSubject: " + "=?utf-8?q?" * 2_000)
    yield "references", _head("From: m@evil.example\r\nReferences: " + "<" * 100_000)
    yield "quotes", _head("From: m@evil.example\r\nIn-Reply-To: <a@b>", "On " * 100_000)
    yield "recipients", _head("From: m@evil.example\r\nTo: " + "(" * 20_000 + "a@b")
    yield "no head", b"\r\n\r\nhello"
    yield "no end", b'From: m@evil.example\r\nContent-Type: multipart/mixed; boundary="\r\n\r\n--'
