"""How long a link lives, how often an address may try, and when two reports tell the same. Pure."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

LINK, VISIT, RECEIPT = "customer-link", "customer-visit", "report-receipt"
LINK_DAYS = 90
VISIT_MINUTES = 30
RECEIPT_MINUTES = 60
DUPLICATE_HOURS = 48
SIMILAR_MIN = 0.6
TEXT_MAX = 20_000

_WORD = re.compile(r"\w+")


def ends_at(resolved_at: datetime | None, closed_at: datetime | None) -> datetime | None:
    """When the page of a case ends; None while the case is open."""
    ended = closed_at or resolved_at
    return ended + timedelta(days=LINK_DAYS) if ended else None


def is_alive(resolved_at: datetime | None, closed_at: datetime | None, now: datetime) -> bool:
    """Tell whether links of a case still open its page; the last instant is not included."""
    end = ends_at(resolved_at, closed_at)
    return end is None or now < end


@dataclass(frozen=True, slots=True)
class Limit:
    """How many of something one key may do within the window."""

    count_max: int
    window: timedelta


GUESSES = Limit(40, timedelta(minutes=15))  # links that open nothing, from one address; a hotel's guests may share one
REPORTS_HERE = Limit(10, timedelta(hours=1))  # reports from one address
REPORTS_THERE = Limit(120, timedelta(hours=1))  # reports at one site, whatever the address
MAILS = Limit(5, timedelta(hours=24))  # acknowledgements to one address, whoever asks for them
WRITTEN = Limit(60, timedelta(hours=1))  # messages on one case's page


def address_key(what: str, address: str | None) -> str:
    """The key of an address; hashed, so that the table tells nobody's."""
    return f"{what}:{hashlib.sha256((address or 'unknown').encode()).hexdigest()[:40]}"


def contact_key(secret: bytes, email: str | None, phone: str | None) -> str | None:
    """A keyed hash of how the reporter is reached; None when no contact was given."""
    said = email or phone
    return hmac.new(secret, f"contact\n{said}".encode(), hashlib.sha256).hexdigest() if said else None


def is_similar(one: str, other: str) -> bool:
    """Tell whether two texts tell the same: the words they share, of all their words.

    Worked values: "the heating is broken" and "The heating is broken!!" share 4 of 4; a text shares nothing with "ok".
    """
    mine, theirs = set(_WORD.findall(one.casefold())), set(_WORD.findall(other.casefold()))
    if not mine or not theirs:
        return one.strip() == other.strip()
    return len(mine & theirs) / len(mine | theirs) >= SIMILAR_MIN


def kept(text: str | None) -> str | None:
    """Keep what was typed character for character; only what no database can hold goes, and a browser's line ends."""
    if text is None:
        return None
    return re.sub(r"[\x00\ud800-\udfff]", "", text).replace("\r\n", "\n")


def summary_of(text: str, longest: int) -> str:
    """The first line of a story, cut at a word."""
    line = next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[longest // 2 :] else cut).rstrip(" ,;.") + "…"
