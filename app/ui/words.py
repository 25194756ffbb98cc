"""Durations and deadlines in short words, in the reader's language."""

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from babel.dates import format_date, format_skeleton
from flask_babel import gettext as _

COUNTDOWN_SECONDS_MAX = 8 * 3600  # further away, a date says more than a countdown


def duration_words(seconds: float) -> str:
    """Say a length of time with at most two units: 3900 gives "1 h 05 m"."""
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return _("under 1 m")
    if minutes < 60:
        return _("%(minutes)d m", minutes=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        if not minutes:
            return _("%(hours)d h", hours=hours)
        return _("%(hours)d h %(minutes)s m", hours=hours, minutes=f"{minutes:02d}")
    days, hours = divmod(hours, 24)
    if not hours or days > 6:
        return _("%(days)d d", days=days)
    return _("%(days)d d %(hours)d h", days=days, hours=hours)


def skeleton(form: str, local: datetime, locale: str) -> str:
    """Say a local instant by a skeleton of days, hours and minutes, e.g. "yMMMd" or "Hm"."""
    return _skeleton(form, local.replace(second=0, microsecond=0, tzinfo=None), locale)


# Two instants of different zones are equal when they are the same moment, so the zone is taken off before anything is kept.
@lru_cache(maxsize=20_000)
def _skeleton(form: str, wall: datetime, locale: str) -> str:
    return format_skeleton(form, wall, locale=locale)


@lru_cache(maxsize=5_000)
def day_form(day: date, form: str, locale: str) -> str:
    """Say a day in one of Babel's forms: short, medium, long, full."""
    return format_date(day, format=form, locale=locale)


def clock_words(instant: datetime, zone: tzinfo, locale: str) -> str:
    """Say the hour and minute on the wall of a zone."""
    return skeleton("Hm", instant.astimezone(zone), locale)


def day_words(instant: datetime, now: datetime, zone: tzinfo, locale: str) -> str:
    """Say a day as people do: today, tomorrow, yesterday, else with its weekday."""
    days = (instant.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days in (-1, 0, 1):
        return {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}[days]
    return skeleton("MMMEd" if abs(days) < 200 else "yMMMd", instant.astimezone(zone), locale)


def deadline_words(due_at: datetime, now: datetime, *, zone: tzinfo, locale: str, what: str | None = None) -> str:
    """Say how a deadline stands: "Reply due in 18 m", "Reply late by 12 m", "Reply due tomorrow 09:40"."""
    left = (due_at - now).total_seconds()
    if left < 0:
        span = duration_words(left)
        return _("%(what)s late by %(span)s", what=what, span=span) if what else _("Late by %(span)s", span=span)
    if left <= COUNTDOWN_SECONDS_MAX:
        span = duration_words(left)
        return _("%(what)s due in %(span)s", what=what, span=span) if what else _("Due in %(span)s", span=span)
    day, hour = day_words(due_at, now, zone, locale), clock_words(due_at, zone, locale)
    if what:
        return _("%(what)s due %(day)s %(hour)s", what=what, day=day, hour=hour)
    return _("Due %(day)s %(hour)s", day=day, hour=hour)


def ago_words(instant: datetime, now: datetime) -> str:
    """Say how long ago, or how far ahead: "12 m ago", "in 2 d 3 h"."""
    seconds = (now - instant).total_seconds()
    if abs(seconds) < 60:
        return _("just now")
    if seconds > 0:
        return _("%(span)s ago", span=duration_words(seconds))
    return _("in %(span)s", span=duration_words(seconds))


def zone_words(instant: datetime) -> str:
    """Name the zone of a localised instant briefly: GMT, CET, or UTC+08 where the zone has no letters."""
    name = instant.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def midnight_of(instant: datetime, zone: tzinfo) -> datetime:
    """Return the start of the instant's day on the wall of a zone."""
    local = instant.astimezone(zone)
    return local - timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
