"""Instants: always aware, always UTC inside."""

from datetime import UTC, datetime

__all__ = ["UTC", "iso", "parse_instant", "utc_now"]


def utc_now() -> datetime:
    """Return this instant. Only views, jobs' runners and commands may call it; everything below is told the time."""
    return datetime.now(UTC)


def iso(instant: datetime) -> str:
    """Write an instant as ISO 8601 UTC with a Z and microseconds only when there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant; raises ValueError when it is malformed, names no offset or lies beyond the calendar."""
    instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset, e.g. 2026-03-19T15:00:00Z")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant lies between the years 1 and 9999") from None
