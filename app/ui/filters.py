"""How templates say money, instants, durations and numbers: in the reader's locale, with the zone shown."""

from datetime import date as Date
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.numbers import format_decimal, format_percent
from flask import Flask
from flask_babel import get_timezone
from flask_babel import gettext as _

from app.kernel.money import Money
from app.kernel.time import UTC, iso, utc_now
from app.ui import words
from app.ui.speech import speech

NOTHING = "–"


def locale_name() -> str:
    """Return the locale of this request, e.g. "en_GB"."""
    return speech().name


def zone_of(zone: str | tzinfo | None) -> tzinfo:
    """Return the zone named, or the one of this request (the reader's site)."""
    if zone is None:
        return get_timezone() or UTC
    return ZoneInfo(zone) if isinstance(zone, str) else zone


def money(amount: Money | None) -> str:
    """Say an amount with its currency: £120.00."""
    return NOTHING if amount is None else amount.format(locale_name())


def instant(value: datetime | None, zone: str | tzinfo | None = None) -> str:
    """Say an instant in full: 19 Mar 2026, 15:42 GMT."""
    if value is None:
        return NOTHING
    local = value.astimezone(zone_of(zone))
    day = words.skeleton("yMMMd", local, locale_name())
    return f"{day}, {hour(value, zone)} {words.zone_words(local)}"


def hour(value: datetime | None, zone: str | tzinfo | None = None) -> str:
    """Say only the hour and minute: 15:42."""
    return NOTHING if value is None else words.clock_words(value, zone_of(zone), locale_name())


def date(value: datetime | Date | None, zone: str | tzinfo | None = None, form: str = "medium") -> str:
    """Say a day; an instant is first put on the wall of the zone. Forms: short, medium, long, full."""
    if value is None:
        return NOTHING
    day = value.astimezone(zone_of(zone)).date() if isinstance(value, datetime) else value
    return words.day_form(day, form, locale_name())


def day(value: datetime | None, zone: str | tzinfo | None = None, now: datetime | None = None) -> str:
    """Say a day as people do: today, tomorrow, Thu, Mar 19."""
    return NOTHING if value is None else words.day_words(value, now or utc_now(), zone_of(zone), locale_name())


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """Say how long ago: 12 m ago."""
    return NOTHING if value is None else words.ago_words(value, now or utc_now())


def duration(seconds: float | None) -> str:
    """Say a length of time given in seconds: 1 h 05 m."""
    return NOTHING if seconds is None else words.duration_words(seconds)


def number(value: int | float | Decimal | None, digits: int | None = None) -> str:
    """Say a number with the locale's separators; `digits` after the point when given."""
    if value is None:
        return NOTHING
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return _decimal(value, pattern, locale_name())


def counted(count: int, bound: int) -> str:
    """Say a count that stops at `bound`, since no more was asked: below it exactly, else as more than one less.

    Worked values: 99 of at most 100 is "99", 100 is "99+".
    """
    return f"{number(bound - 1)}+" if count >= bound else number(count)


def percent(ratio: float | None, digits: int = 0) -> str:
    """Say a ratio 0..1 as a percentage: 0.853 gives 85 %."""
    if ratio is None:
        return NOTHING
    return _percent(round(ratio, digits + 2), locale_name())


@lru_cache(maxsize=2000)
def _decimal(value: int | float | Decimal, pattern: str | None, locale: str) -> str:
    return format_decimal(value, format=pattern, locale=locale)


@lru_cache(maxsize=2000)
def _percent(ratio: float, locale: str) -> str:
    return format_percent(ratio, decimal_quantization=False, locale=locale)


def initials(name: str | None) -> str:
    """Return at most two letters of a name: the first and the last word's."""
    parts = [part for part in (name or "").split() if part[0].isalnum()]
    if not parts:
        return "?"
    chosen = parts[0][:2] if len(parts) == 1 else parts[0][0] + parts[-1][0]
    return chosen.upper()


def inline(text: object) -> str:
    """Write a name as it stands inside a sentence: small, but not in German, which writes nouns large."""
    said = str(text)
    return said if locale_name().startswith("de") else said.lower()


def quoted(text: object) -> str:
    """Put what somebody wrote between the quotation marks of the reader's language."""
    return _("“%(text)s”", text=text)


def deadline(
    due_at: datetime | None, what: str | None = None, now: datetime | None = None, zone: str | None = None
) -> str:
    """Say how a deadline stands now: Reply due in 18 m."""
    if due_at is None:
        return NOTHING
    return words.deadline_words(due_at, now or utc_now(), zone=zone_of(zone), locale=locale_name(), what=what)


def machine(value: datetime | None) -> str:
    """Write an instant for a `datetime` attribute: ISO 8601, UTC."""
    return "" if value is None else iso(value)


FILTERS = {
    "money": money,
    "instant": instant,
    "hour": hour,
    "date": date,
    "day": day,
    "ago": ago,
    "duration": duration,
    "number": number,
    "counted": counted,
    "percent": percent,
    "initials": initials,
    "inline": inline,
    "quoted": quoted,
    "deadline": deadline,
    "machine": machine,
}


def register(app: Flask) -> None:
    """Make the filters known to every template."""
    app.jinja_env.filters.update(FILTERS)
