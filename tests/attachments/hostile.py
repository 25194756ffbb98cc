"""Files that somebody might send to do harm, and honest ones beside them; all made here."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image


@dataclass(frozen=True)
class Sent:
    """A file as it is sent. taken: the kind it is kept as, or None when it must be refused with a note."""

    what: str
    name: str
    data: bytes
    taken: str | None = None


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 1 if mode in ("1", "P") else "white").save(out, kind, **options)
    return out.getvalue()


def archive(name: str = "a.txt", data: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, data)
    return out.getvalue()


def pdf(inside: bytes = b"", version: bytes = b"1.4") -> bytes:
    return (
        b"%PDF-"
        + version
        + b"\n1 0 obj<</Type/Catalog"
        + inside
        + b">>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes = b"", *extra: bytes, depth: int = 8, colour: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(rows)) if rows else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(extra) + body + chunk(b"IEND", b"")


def jpeg_with(segment: bytes) -> bytes:
    """A JPEG with one application segment more, straight after its beginning."""
    plain = picture()
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]


def placed() -> bytes:
    """A photo that says where and by whom it was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Secret Camera"
    exif[0x8825] = {1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)}
    return picture(exif=exif.tobytes())


SCRIPT = b"<script>alert(1)</script>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><html><body>" + SCRIPT


def honest() -> Iterator[Sent]:
    yield Sent("a photo", "IMG_1.JPG", picture(), "jpg")
    yield Sent("a photo in grey", "grey.jpg", picture(mode="L"), "jpg")
    yield Sent("a photo for print", "print.jpg", picture(mode="CMYK"), "jpg")
    yield Sent("a photo in many passes", "web.jpg", picture(progressive=True), "jpg")
    yield Sent("a photo with a place", "Photo de vacances.jpeg", placed(), "jpg")
    yield Sent("a screenshot", "Screen Shot.png", picture("PNG", mode="RGBA"), "png")
    yield Sent("a drawing of few colours", "few.png", picture("PNG", mode="P"), "png")
    yield Sent("a bill", "Rechnung Ä.pdf", pdf(), "pdf")
    yield Sent("a note", "note.txt", "Grüße, 10 < 12 and a > b\r\n".encode(), "txt")
    yield Sent("a note with a mark", "note.txt", b"\xef\xbb\xbfhello", "txt")


def dressed_up() -> Iterator[Sent]:
    """Web pages, drawings with scripts, programs and office files under innocent names."""
    yield Sent("a web page as a photo", "photo.jpg", HTML)
    yield Sent("a web page", "page.html", HTML)
    yield Sent("a web page after blanks", "page.txt", b"\n\n   " + HTML)
    yield Sent("a web page behind a mark", "page.txt", b"\xef\xbb\xbf" + HTML)
    yield Sent("a web page in UTF-16", "page.txt", HTML.decode().encode("utf-16"))
    yield Sent("a web page in UTF-7", "page.txt", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "txt")
    yield Sent("a script late in a note", "note.txt", b"hello " * 20_000 + SCRIPT)
    yield Sent("an image tag in a note", "note.txt", b"hi <img src=x onerror=alert(1)>")
    yield Sent("a link in a note", "note.txt", b"<a href='javascript:alert(1)'>x</a>")
    yield Sent("a drawing", "logo.svg", SVG)
    yield Sent("a drawing as a picture", "logo.png", SVG)
    yield Sent("a packed drawing", "logo.svgz", zlib.compress(SVG))
    yield Sent("a page in XML", "a.xml", b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>")
    yield Sent("entities without end", "a.xml", b"<!DOCTYPE lolz [<!ENTITY a 'aaaa'>]><lolz>&a;</lolz>")
    yield Sent("a page in a mail", "a.mht", b"MIME-Version: 1.0\nContent-Type: text/html\n\n" + HTML)
    yield Sent("a program", "photo.jpg", b"MZ\x90\x00" + b"\0" * 200)
    yield Sent("a program for Linux", "a.txt", b"\x7fELF" + b"\0" * 200)
    yield Sent("a shell script", "a.txt", b"#!/bin/sh\nrm -rf /\n")
    yield Sent("a batch file", "a.txt", b"@ECHO off\r\ndel *\r\n")
    yield Sent("a program in PHP", "a.php.jpg", b"<?php system($_GET['c']); ?>")
    yield Sent("a template", "a.txt", b"<% Runtime.exec() %>")
    yield Sent("an office file", "a.docx", archive("word/document.xml"))
    yield Sent("an old office file", "a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    yield Sent("a text that draws", "a.txt", b"%!PS-Adobe-3.0\n")
    yield Sent("rich text", "a.txt", b"{\\rtf1\\ansi hello}")
    yield Sent("an address card", "a.txt", b"BEGIN:VCARD\nFN:x\nEND:VCARD")
    yield Sent("a shortcut", "a.txt", b"[InternetShortcut]\nURL=file:///c:/x")
    yield Sent("a moving picture", "a.gif", picture("GIF"))
    yield Sent("a picture of Windows", "a.bmp", picture("BMP"))
    yield Sent("a scan", "a.tiff", picture("TIFF"))
    yield Sent("a picture of the web", "a.webp", b"RIFF\x24\0\0\0WEBPVP8 ")
    yield Sent("an archive", "a.zip", archive())
    yield Sent("an archive that grows", "bomb.zip", archive("0", b"\0" * 20_000_000))
    yield Sent("a packed stream", "a.gz", b"\x1f\x8b\x08" + b"\0" * 30)


def two_in_one() -> Iterator[Sent]:
    yield Sent("a photo and an archive", "a.jpg", picture() + archive())
    yield Sent("a picture and an archive", "a.png", picture("PNG") + archive())
    yield Sent("a photo with a script inside", "a.jpg", jpeg_with(b"http://ns.adobe.com/xap/1.0/\0" + SCRIPT))
    yield Sent("a picture with a script behind", "a.png", picture("PNG") + SCRIPT)
    yield Sent("a picture and a PHP program", "a.php.png", picture("PNG") + b"<?php eval($_GET[0]); ?>")
    yield Sent("a photo that is a PDF too", "a.pdf", jpeg_with(b"%PDF-1.4\n"))
    yield Sent("a PDF and an archive", "a.pdf", pdf() + archive())
    yield Sent("a PDF and a page", "a.pdf", pdf(b"/X(" + SCRIPT + b")"))
    yield Sent("a PDF after a page", "a.pdf", HTML + pdf())
    yield Sent("a PDF with a tail", "a.pdf", pdf() + b"alert(1)//")
    yield Sent("a PDF in a PDF", "a.pdf", b"%PDF-1.4\n" + pdf())
    noted = png(2, 2, b"\0" * 14, chunk(b"tEXt", b"Comment\0=cmd|x"))
    yield Sent("a formula in a picture's notes", "a.png", noted, "png")


def broken() -> Iterator[Sent]:
    yield Sent("nothing", "a.jpg", b"")
    yield Sent("blanks", "a.txt", b"  \n\n ")
    yield Sent("the beginning of a photo", "a.jpg", b"\xff\xd8\xff")
    yield Sent("half a photo", "a.jpg", picture(size=(600, 600))[:2_000])
    yield Sent("half a picture", "a.png", picture("PNG", (600, 600))[:60])
    yield Sent("a picture that lies about itself", "a.png", png(1, 1, b"\0" * 10, depth=3))
    yield Sent("a picture without pixels", "a.png", png(10, 10))
    yield Sent("a picture without size", "a.png", png(0, 10, b"\0"))
    yield Sent("a picture of ten thousand pixels a side", "a.png", png(10_000, 10_000, b"\0" * 1_000))
    yield Sent("a line of pixels", "a.png", png(1_000_000, 1, b"\0" * 1_000))
    yield Sent("a picture that grows", "a.png", png(9_000, 9_000, b"\0" * 9_000_000))
    yield Sent("the largest picture there can be", "a.png", png(2**31 - 1, 2**31 - 1, b"\0"))
    yield Sent(
        "notes that grow", "a.png", png(2, 2, b"\0" * 14, chunk(b"zTXt", b"c\0\0" + zlib.compress(b"x" * 30_000_000)))
    )
    yield Sent(
        "a photo of ten thousand pixels a side", "a.jpg", picture().replace(b"\x00\x30\x00\x40", b"\x27\x10\x27\x10", 1)
    )
    yield Sent("a photo in a thousand passes", "a.jpg", picture() + b"\xff\xda" * 1_000)
    yield Sent("a large file", "a.txt", b"a" * (10 * 1024 * 1024 + 1))
    yield Sent("a PDF cut short", "a.pdf", pdf()[:40])
    yield Sent("a PDF that runs a program", "a.pdf", pdf(b"/OpenAction<</S/Launch/F(cmd)>>"))
    yield Sent("a PDF with a script", "a.pdf", pdf(b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"))
    yield Sent("a PDF with a hidden script", "a.pdf", pdf(b"/OpenAction<</S/J#61vaScript/#4aS(app.alert(1))>>"))
    yield Sent("a PDF with a file inside", "a.pdf", pdf(b"/Names<</EmbeddedFiles 2 0 R>>"))
    yield Sent("a note with signs nobody types", "a.txt", b"hello\x00\x1b[2J")
    yield Sent("a note in no alphabet", "a.txt", b"\xff\xfe\xfa\x80")


def named() -> Iterator[Sent]:
    """Honest content under names that mean harm."""
    for name in (
        "../../etc/passwd", "..\\..\\windows\\system.ini", "/etc/cron.d/x", "C:\\x\\a.txt", "a.txt\0.html", "a.html",
        "a.svg", "=cmd|' /C calc'!A0.txt", "+1+1.txt", "-2+3.txt", "@SUM(1).txt", "＝1+1.txt", "\u202egnp.exe", "a\r\nSet-Cookie: x=1.txt",
        '"><script>alert(1)</script>.txt', "' onmouseover='x.txt", "x" * 5_000 + ".txt", "...", "", ".htaccess",
        "con.txt;.exe", "%2e%2e%2fa.txt",
        "a\u200b.txt", "🙂.txt",
    ):  # fmt: skip
        yield Sent(f"a note called {name[:30]!r}", name or "x", b"plain words", "txt")


def everything() -> list[Sent]:
    return [*honest(), *dressed_up(), *two_in_one(), *broken(), *named()]
