"""How a mail to a customer is addressed and written: signed reply addresses and Message-IDs, subjects, its HTML part. Pure."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from html import escape

SUBJECT_MAX = 200
RECIPIENT_MAILS_MAX = 30  # to one address within an hour
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")
_TAG = re.compile(r"\+c([1-9][0-9]{0,17})\.([a-z2-7]{20})@", re.ASCII)
_RFC_ID = re.compile(r"<m([1-9][0-9]{0,17})\.([a-z2-7]{20})@[^<>\s@]{1,255}>", re.ASCII)
_ID = re.compile(r"<[^<>\s]{1,900}>")
_RE = re.compile(r"^(?:\s*(?:re|aw|sv|antw|odp|r|rif|vs)\s*(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE)


def one_line(text: str, longest: int = SUBJECT_MAX) -> str:
    """Make a header value of any text: one line, no control or direction signs, bounded."""
    return " ".join(_HIDDEN.sub(" ", text).split())[:longest].rstrip()


def reply_address(mailbox: str, case_id: int, secrets: Sequence[str]) -> str:
    """The address that an answer comes back to; it names the case and is signed, so that nobody can guess another's."""
    local, _at, domain = mailbox.rpartition("@")
    return f"{local}+c{case_id}.{_mac(secrets[0], 'reply', case_id)}@{domain}"


def case_of_address(address: str, secrets: Sequence[str]) -> int | None:
    """The case that a reply address names, or None; mail programs may have changed the case of its letters."""
    found = _TAG.search(address.lower())
    return _checked(found, "reply", secrets) if found else None


def rfc_id(message_id: int, mailbox: str, secrets: Sequence[str]) -> str:
    """The Message-ID of one of our mails: the same at every try, signed, so that an answer's References prove it."""
    return f"<m{message_id}.{_mac(secrets[0], 'id', message_id)}@{mailbox.rpartition('@')[2].lower()}>"


def message_of_id(text: str, secrets: Sequence[str]) -> int | None:
    """The message whose Message-ID this is, or None when it is none of ours."""
    found = _RFC_ID.fullmatch(text.strip().lower())
    return _checked(found, "id", secrets) if found else None


def ids_in(text: str, longest: int = 50) -> tuple[str, ...]:
    """The Message-IDs of a References or In-Reply-To header, oldest first; the newest `longest` of them."""
    return tuple(_ID.findall(text[-20_000:])[-longest:])


def references(earlier: str | None, parent: str | None) -> str | None:
    """The References of an answer: those of what it answers, and that one's own id; at most 20, the first one kept."""
    found = list(dict.fromkeys((*ids_in(earlier or ""), *ids_in(parent or ""))))
    return " ".join(found if len(found) <= 20 else [found[0], *found[-19:]]) or None


def answer_subject(subject: str) -> str:
    """The subject of an answer: one "Re: " before what she wrote, whatever her mail program had put there."""
    return one_line("Re: " + _RE.sub("", one_line(subject)))


def as_html(text: str, language: str) -> str:
    """The same words as a simple page: escaped, blank lines between paragraphs, nothing to load and nothing to click."""
    parts = [part for part in re.split(r"\n[ \t]*\n+", text.strip("\n")) if part.strip()]
    said = "\n".join("<p>" + escape(part).replace("\n", "<br>\n") + "</p>" for part in parts)
    return f'<!doctype html>\n<html lang="{escape(language)}"><head><meta charset="utf-8"></head><body>\n{said}\n</body></html>\n'


def _checked(found: re.Match[str], purpose: str, secrets: Sequence[str]) -> int | None:
    number = int(found[1])
    good = any(hmac.compare_digest(_mac(secret, purpose, number), found[2]) for secret in secrets)
    return number if good else None


def _mac(secret: str, purpose: str, number: int) -> str:
    """100 bits, in letters that survive a mail program's change of case."""
    key = hmac.digest(secret.encode(), b"makegood mail 1", hashlib.sha256)
    return base64.b32encode(hmac.digest(key, f"{purpose} {number}".encode(), hashlib.sha256)).decode()[:20].lower()
