"""Decisions about passkeys: at which address they work, why an answer was refused, how they are named. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from app.people.rules import Throttle

CHALLENGE_LASTS = timedelta(minutes=5)
CHALLENGE_BYTES = 32
PASSKEYS_MAX = 20
QUESTIONS = Throttle(600, timedelta(hours=1))  # to strangers at one address, which an office may share
NAME_MAX = 60
ANSWER_MAX = 20_000  # characters; a browser's answer takes 2,000 at most unless it attests, which is not asked for


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys are made and used: browsers bind them to `rp_id` and say the `origin` of the page."""

    rp_id: str
    origin: str


def place_of(base_url: str) -> Place | None:
    """Return where passkeys work; None for a numeric address, which browsers refuse.

    This machine's own number stands for localhost. Worked value: http://127.0.0.1:8000 gives localhost and
    http://localhost:8000.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    try:
        if not ip_address(host).is_loopback:
            return None
        host = "localhost"
    except ValueError:
        pass
    return Place(host, f"{parts.scheme}://{host}{port}")


# The library tells its reasons in sentences; these are their beginnings (webauthn 3.0.1, tried by the tests).
_REASONS = (
    ("Unexpected client data origin", "origin"),
    ("Unexpected RP ID hash", "rp"),
    ("User verification is required", "unverified"),
    ("User was not present", "unverified"),
    ("Client data challenge", "challenge"),
    ("Could not verify", "signature"),
)


def why_refused(sentence: str) -> str:
    """Name the reason for the trail: origin, rp, unverified, challenge, signature, or unreadable."""
    return next((reason for begins, reason in _REASONS if sentence.startswith(begins)), "unreadable")


def is_cloned(kept: int, shown: int) -> bool:
    """Tell whether a counter went back, as it does when a device was copied; devices that don't count show 0 always.

    Source: Web Authentication Level 3, § 7.2 step 22.
    """
    return (kept > 0 or shown > 0) and shown <= kept


def clean_name(typed: str) -> str:
    return " ".join(typed.split())
