"""What came in a mail, read from its bytes: who, to whom, in which thread, which words, which files. Pure, bounded, never raises."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message as Part
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Any, Literal

from app.messages import mail_rules
from app.messages.mail_text_rules import PART_BYTES_MAX, TEXT_MAX, decoded, split_history, text_of_html, unwrapped

MAIL_BYTES_MAX = 25 * 1024 * 1024
PARTS_MAX = 100
DEPTH_MAX = 15
FILES_MAX = 5
HEADER_BYTES_MAX = 128 * 1024
_TEXT_RAW_MAX = 4 * PART_BYTES_MAX  # quoted-printable makes three bytes of one
_BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|bounces?)(?:[+@-]|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![^\s<,;:\"(])[^\s<>,;:\"()@]{1,100}@[\w.-]{1,180}")
_CODE = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")

Nature = Literal["person", "auto", "loop", "bounce", "delay"]


@dataclass(frozen=True, slots=True)
class File:
    """An attached file as it came; nothing about it is trusted."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail server says about a mail of ours: what became of it, why, and the Message-IDs that it names."""

    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Came:
    """A mail, read. key: by which it is known again. text: what was written now; history: the older mails quoted below.

    ids: every Message-ID that it names as older, oldest first. notes: what could not be read or was left out; the
    original has it. passed: the domains for which our own mail server vouches, None where it isn't asked. loops: X-Loop.
    """

    key: str
    rfc_id: str | None
    ids: tuple[str, ...]
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    history: str
    nature: Nature
    report: Report | None
    files: tuple[File, ...]
    notes: tuple[str, ...]
    passed: frozenset[str] | None
    loops: tuple[str, ...] = ()


def read(raw: bytes, *, our_server: str = "") -> Came:
    """Read a mail. our_server: the name under which our own mail server writes Authentication-Results; "" trusts nobody."""
    try:
        return _read(raw, our_server)
    except Exception:  # a mail over which we stumble is kept, and somebody looks at it
        key = hashlib.sha256(b"\0" + raw).hexdigest()
        return Came(key, None, (), "", "", (), "", "", "", "person", None, (), ("broken", "unreadable"), None)


def _read(raw: bytes, our_server: str) -> Came:
    notes: list[str] = []
    whole = _parsed(raw, notes)
    heads = _heads(whole)
    rfc_id = next(iter(mail_rules.ids_in(heads.get("message-id", [""])[0], 1)), None)
    name, sender = _sender(heads)
    texts, files = _contents(whole, notes)
    text = "\n\n".join(part for part in texts if part.strip())
    report = _report(whole, heads)
    mine, history = split_history(text) if _is_answer(heads) else (text, "")
    if len(mine) > TEXT_MAX:
        notes.append("cut")
        mine, history = mine[:TEXT_MAX], mine[TEXT_MAX:] + history
    ids = (*_ids(heads, "references"), *_ids(heads, "in-reply-to"), *(_reported_ids(whole) if report else ()))
    return Came(
        key=key_of(rfc_id) if rfc_id else hashlib.sha256(b"\0" + raw).hexdigest(),
        rfc_id=rfc_id,
        ids=tuple(dict.fromkeys(ids)),
        sender=sender,
        sender_name=name,
        recipients=_recipients(heads),
        subject=mail_rules.one_line(heads.get("subject", [""])[0]),
        text=mine,
        history=history,
        nature=_nature(heads, report, sender),
        report=report,
        files=files,
        notes=tuple(dict.fromkeys(notes)),
        passed=_passed(heads, our_server),
        loops=tuple(value.strip().lower()[:254] for value in heads.get("x-loop", [])[:10]),
    )


def key_of(rfc_id: str) -> str:
    """By which a Message-ID is found again."""
    return hashlib.sha256(rfc_id.encode("utf-8", "replace")).hexdigest()


def _parsed(raw: bytes, notes: list[str]) -> Part:
    """Parse a mail; one that is built to be deep, or breaks the parser, is read by its head alone."""
    head_ends = min(
        (at for at in (raw.find(b"\n\n"), raw.find(b"\n\r\n"), raw.find(b"\r\r")) if at >= 0), default=len(raw)
    )
    if head_ends <= HEADER_BYTES_MAX and len(_BOUNDARY.findall(raw)) <= PARTS_MAX and len(raw) <= MAIL_BYTES_MAX:
        try:
            return message_from_bytes(_shortened(raw, head_ends, notes))
        except Exception:  # whatever the parser stumbles over, the mail is not lost
            notes.append("broken")
    notes.append("unreadable")
    found = BytesHeaderParser().parsebytes(raw[: min(head_ends, HEADER_BYTES_MAX)])
    found.set_payload("")
    return found


def _shortened(raw: bytes, head_ends: int, notes: list[str]) -> bytes:
    """Cut a mail that is one text, and longer than is shown however it is encoded: the parser takes ten times its size."""
    if len(raw) <= head_ends + _TEXT_RAW_MAX:
        return raw
    alone = BytesHeaderParser().parsebytes(raw[:head_ends])
    if alone.get_content_maintype() != "text" or _is_file(alone) or _file_name(alone):
        return raw
    notes.append("cut")
    return raw[: head_ends + _TEXT_RAW_MAX]


def _heads(whole: Part) -> dict[str, list[str]]:
    """Every header by its lower-case name, decoded, on one line."""
    heads: dict[str, list[str]] = {}
    for name, value in list(whole.raw_items())[:500]:
        heads.setdefault(name.lower(), []).append(_decoded_head(str(value)))
    return heads


def _decoded_head(value: str) -> str:
    plain = re.sub(r"[\r\n]+[ \t]*", " ", value[:HEADER_BYTES_MAX])
    if any("\udc80" <= sign <= "\udcff" for sign in plain):  # raw bytes, which mail programs send though they mustn't
        bare = plain.encode("utf-8", "surrogateescape")
        try:
            plain = bare.decode("utf-8")
        except UnicodeError:
            plain = bare.decode("cp1252", "replace")
    if "=?" not in plain or len(plain) > 20_000:
        return plain
    try:
        parts = decode_header(plain)
    except Exception:  # a broken encoded word is shown as it stands
        return plain
    return "".join(part if isinstance(part, str) else decoded(part, charset or "ascii") for part, charset in parts)


def _sender(heads: dict[str, list[str]]) -> tuple[str, str]:
    """Name and address of who wrote, both on one line; "" for an address that is none. Two From headers prove nobody."""
    given = heads.get("from", [])
    if len(given) != 1 or len(given[0]) > 2_000:
        return mail_rules.one_line(given[0] if given else "", 200), ""
    named = _named(given[0])
    name, address = named[0] if len(named) == 1 else (given[0], "")
    address = mail_rules.one_line(address, 300).lower()
    is_address = bool(re.fullmatch(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,180}", address))
    return mail_rules.one_line(name or address, 200), address if is_address else ""


def _named(value: str) -> list[tuple[str, str]]:
    """Names and addresses of a header; the library's reader goes down one call for each bracket."""
    return [] if value.count("(") > 20 or len(value) > 2_000 else getaddresses([value])


def _recipients(heads: dict[str, list[str]]) -> tuple[str, ...]:
    named = [
        value[:20_000]
        for name in ("delivered-to", "x-original-to", "envelope-to", "to", "cc")
        for value in heads.get(name, [])[:20]
    ]
    found = (address.lower() for value in named for address in _ADDRESS.findall(value))
    return tuple(dict.fromkeys(found))[:100]


def _ids(heads: dict[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(one for value in heads.get(name, [])[:5] for one in mail_rules.ids_in(value))


def _is_answer(heads: dict[str, list[str]]) -> bool:
    """Only an answer quotes; a first mail may well say "On Monday they wrote:"."""
    return "in-reply-to" in heads or "references" in heads


def _nature(heads: dict[str, list[str]], report: Report | None, sender: str) -> Nature:
    if report is not None:
        return "delay" if report.action == "delayed" else "bounce" if report.action == "failed" else "auto"
    submitted = heads.get("auto-submitted", ["no"])[0].partition(";")[0].strip().lower()
    returned = heads.get("return-path", ["-"])[0].strip()
    precedence = heads.get("precedence", [""])[0].strip().lower()
    if returned == "<>" and _DAEMON.match(sender):
        return "bounce"
    is_auto = (
        submitted not in ("no", "")
        or returned == "<>"
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or any(name in heads for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "list-id"))
        or bool(_DAEMON.match(sender))
    )
    return "auto" if is_auto else "person"


def _report(whole: Part, heads: dict[str, list[str]]) -> Report | None:
    """Read a delivery status (RFC 3464)."""
    if whole.get_content_type() != "multipart/report" or "delivery-status" not in str(heads.get("content-type", "")):
        return None
    for part in _parts(whole, []):
        if part.get_content_type() != "message/delivery-status" or not isinstance(part.get_payload(), list):
            continue
        for block in list(part.get_payload())[:20]:
            action = str(block.get("Action", "")).strip().lower()  # type: ignore[union-attr]
            if action in ("failed", "delayed", "delivered", "relayed", "expanded"):
                said = mail_rules.one_line(str(block.get("Diagnostic-Code", "")), 200)  # type: ignore[union-attr]
                status = _CODE.search(str(block.get("Status", "")))  # type: ignore[union-attr]
                return Report(action, " ".join(one for one in (status[0] if status else "", said) if one)[:300])
    return None


def _reported_ids(whole: Part) -> tuple[str, ...]:
    """The Message-ID of the mail that a report brings back, whole or by its head."""
    found: list[str] = []
    for part in _parts(whole, []):
        if part.get_content_type() in ("message/rfc822", "message/global") and isinstance(part.get_payload(), list):
            found += [str(one.get("Message-ID", "")) for one in list(part.get_payload())[:3]]  # type: ignore[union-attr]
        elif part.get_content_type() in ("text/rfc822-headers", "message/global-headers"):
            heads = BytesHeaderParser().parsebytes(_bytes(part)[:HEADER_BYTES_MAX])
            found.append(str(heads.get("Message-ID", "")))
    return tuple(one for text in found for one in mail_rules.ids_in(text, 1))


def _passed(heads: dict[str, list[str]], our_server: str) -> frozenset[str] | None:
    """The domains that our own server found to be real; only its newest verdict, on top, is believed."""
    if not our_server:
        return None
    said = [
        value for value in heads.get("authentication-results", []) if value.split(";")[0].split()[:1] == [our_server]
    ]
    if not said:
        return frozenset()
    found = re.findall(r"\bdmarc=pass\b[^;]{0,200}?header\.from=([\w.-]+)", said[0][:5_000])
    found += re.findall(r"\bdkim=pass\b[^;]{0,200}?header\.d=([\w.-]+)", said[0][:5_000])
    found += re.findall(r"\bspf=pass\b[^;]{0,200}?smtp\.mailfrom=(?:[^\s;@]*@)?([\w.-]+)", said[0][:5_000])
    return frozenset(domain.lower().strip(".") for domain in found)


def _parts(whole: Part, notes: list[str]) -> Iterator[Part]:
    """Every part that holds something, in order; only so many, and only so deep."""
    waiting = [(whole, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if count > PARTS_MAX or depth > DEPTH_MAX:
            notes.append("parts")
            continue
        inner = part.get_payload()
        if part.is_multipart() and isinstance(inner, list) and part.get_content_maintype() == "multipart":
            chosen: list[Any] = _best(inner) if part.get_content_subtype() == "alternative" else list(inner)
            waiting += [(one, depth + 1) for one in reversed(chosen) if isinstance(one, Part)]
        else:
            yield part


def _best(inner: list[Any]) -> list[Any]:
    """Of the same words in several shapes the plain ones, with the files of the others; without any, all, HTML as text.

    Only what stands apart from the words (in multipart/mixed) is a file; the pictures of a page stay out with it.
    """
    plain = [one for one in inner if one.get_content_type() == "text/plain" and str(one.get_payload()).strip()]
    if not plain:
        return inner
    mixed = [one.get_payload() for one in inner if one.get_content_type() == "multipart/mixed"]
    return plain[:1] + [part for parts in mixed if isinstance(parts, list) for part in parts if _is_file(part)]


def _is_file(part: Any) -> bool:
    is_attached = "attachment" in str(part.get("Content-Disposition", "")).lower()
    return part.get_content_maintype() not in ("text", "multipart") or (is_attached and not part.is_multipart())


def _contents(whole: Part, notes: list[str]) -> tuple[list[str], tuple[File, ...]]:
    texts: list[str] = []
    files: list[File] = []
    for part in _parts(whole, notes):
        kind, name = part.get_content_type(), _file_name(part)
        is_text = part.get_content_maintype() == "text" and kind in ("text/plain", "text/html")
        is_inline = is_text and "attachment" not in str(part.get("Content-Disposition", "")).lower() and not name
        if is_inline:
            texts.append(_said(part, notes))
        elif kind in ("message/delivery-status", "text/rfc822-headers") or part.is_multipart():
            notes.append("inner mail") if kind == "message/rfc822" else None
        elif len(files) >= FILES_MAX:
            notes.append("files")
        elif data := _bytes(part):
            files.append(File(name or "file", data))
    return texts, tuple(files)


def _said(part: Part, notes: list[str]) -> str:
    raw = _bytes(part)
    if len(raw) > PART_BYTES_MAX:
        notes.append("cut")
        raw = raw[:PART_BYTES_MAX]
    said = decoded(raw, _parameter(part, "charset"))
    if part.get_content_type() == "text/html":
        said, is_cut = text_of_html(said)
        if is_cut:
            notes.append("cut")
        return said
    if _parameter(part, "format").lower() == "flowed":
        said = unwrapped(said, deletes_space=_parameter(part, "delsp").lower() == "yes")
    return said.removesuffix("\n")  # the last line's end is the mail's own


def _bytes(part: Part) -> bytes:
    try:
        found = part.get_payload(decode=True)
    except Exception:  # broken transfer encodings of a part leave the others readable
        return b""
    return found if isinstance(found, bytes) else b""


def _parameter(part: Part, name: str) -> str:
    try:
        found = part.get_param(name, "")
    except Exception:
        return ""
    return str(found[2] if isinstance(found, tuple) else found or "")[:100]


def _file_name(part: Part) -> str:
    try:
        found = part.get_filename() or ""
    except Exception:
        return "file"
    return mail_rules.one_line(_decoded_head(found), 300)
