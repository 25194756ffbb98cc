"""When a notice goes out by mail: at once, after quiet hours, or in a day's digest. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.calendars.rules import instant

MODES = ("each", "digest", "off")
# Kinds of inbox lines that also go out by mail.
MAILED = ("clock:", "promise:", "security:", "exception", "feedback:")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """How one person wants notices; times are on the wall of `zone`."""

    mail: str = "each"
    quiet_from: str | None = None
    quiet_to: str | None = None
    digest_at: str = "08:00"
    zone: str = "Etc/UTC"


def is_mailed(kind: str) -> bool:
    return kind.startswith(MAILED)


def seconds_of(text: str) -> int | None:
    """Seconds after midnight of "22:00"; None when it is no time of day."""
    match = _CLOCK.fullmatch(text)
    return int(match[1]) * 3_600 + int(match[2]) * 60 if match else None


def send_at(wish: Wish, at: datetime) -> datetime:
    """When a single mail goes out: at once, or when the quiet hours end. Quiet hours may reach over midnight.

    Worked value: quiet from 22:00 to 07:00 in London, a notice at 23:30 goes out at 07:00; one at 07:00 at once.
    """
    begins, ends = seconds_of(wish.quiet_from or ""), seconds_of(wish.quiet_to or "")
    if begins is None or ends is None or begins == ends:
        return at
    zone = ZoneInfo(wish.zone)
    local = at.astimezone(zone)
    second = local.hour * 3_600 + local.minute * 60 + local.second
    is_quiet = begins <= second < ends if begins < ends else second >= begins or second < ends
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if second >= ends else 0)
    return max(at, instant(day, ends, zone))


def digest_day(wish: Wish, digested_on: date | None, now: datetime) -> date | None:
    """The local day whose digest is due now and was not made yet; after a standstill only today's."""
    zone = ZoneInfo(wish.zone)
    today = now.astimezone(zone).date()
    due_at = instant(today, seconds_of(wish.digest_at) or 0, zone)
    if wish.mail != "digest" or now < due_at or (digested_on is not None and digested_on >= today):
        return None
    return today
