"""Write appointments as an iCalendar file. Pure. Source: RFC 5545, sections 3.1 (folding), 3.3.11 (text), 3.6.1 (event)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LINE_OCTETS = 75
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Appointment:
    """One event of half an hour; uid stays the same while the appointment is moved, sequence grows."""

    uid: str
    at: datetime
    title: str
    text: str
    url: str
    sequence: int


def calendar_file(appointments: Iterable[Appointment], *, now: datetime, name: str) -> str:
    """Return the file's text, lines ended by CR LF and folded at 75 octets."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Makegood//Check-backs//EN", f"X-WR-CALNAME:{_text(name)}"]
    for one in appointments:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(one.uid)}",
            f"DTSTAMP:{_instant(now)}",
            f"DTSTART:{_instant(one.at)}",
            f"DTEND:{_instant(one.at + HALF_HOUR)}",
            f"SEQUENCE:{one.sequence}",
            f"SUMMARY:{_text(one.title)}",
            f"DESCRIPTION:{_text(one.text)}",
            f"URL:{one.url}",
            "END:VEVENT",
        ]
    return "".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """Break a line so that none has more than 75 octets and no character is cut. Worked value: 75 letters stay one line."""
    parts, part, size = [], "", 0
    for mark in line:
        width = len(mark.encode())
        if size + width > LINE_OCTETS:
            parts.append(part)
            part, size = " ", 1
        part, size = part + mark, size + width
    return "\r\n".join([*parts, part]) + "\r\n"
