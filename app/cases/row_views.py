"""Rows of the queue in words, so that the template only puts them in their places."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache

from flask import url_for
from flask_babel import gettext as _

from app.cases import words
from app.cases.due_queries import Due
from app.cases.queries import QueueRow
from app.kernel.money import Money
from app.kernel.time import UTC
from app.ui.filters import locale_name, zone_of
from app.ui.words import COUNTDOWN_SECONDS_MAX, deadline_words, duration_words

_START = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One row. chip: the state of what is due next; due: its instant for the countdown, or empty. risk: in words, if asked for."""

    ref: str
    url: str
    summary: str
    category: str
    customer: str
    severity: int
    state: str
    owner: str
    is_unowned: bool
    waiting: str
    given: str
    site: str
    chip: str
    chip_text: str
    due: str
    what: str
    risk: str = ""
    risk_why: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    """What every row of one page may say, translated once."""

    locale: str
    states: Mapping[str, str]
    waiting: Mapping[str, str]
    paused: Mapping[str, str]
    due: Mapping[str, str]
    resolved: str
    nothing: str


def lines(
    found: Iterable[QueueRow],
    dues: Mapping[int, Due],
    now: datetime,
    risks: Mapping[int, tuple[str, str]] | None = None,
) -> list[Line]:
    """Say rows in words. risks: case → what to say of its customer's risk, and why."""
    said, base, more = _words(), url_for("cases.index") + "/", risks or {}
    return [_line(row, dues[row.id], said, base, now, more.get(row.id, ("", ""))) for row in found]


def _words() -> _Words:
    whom = words.WAITING_WORDS.items()
    return _Words(
        locale=locale_name(),
        states={state: str(word) for state, word in words.STATE_WORDS.items()},
        waiting={code: _("Waiting for %(whom)s", whom=word) for code, word in whom},
        paused={code: _("Paused, waiting for %(whom)s", whom=word) for code, word in whom},
        due={milestone: str(word) for milestone, word in words.DUE_WORDS.items()},
        resolved=_("Resolved"),
        nothing=_("Nothing due"),
    )


def _line(row: QueueRow, due: Due, said: _Words, base: str, now: datetime, risk: tuple[str, str]) -> Line:
    what = said.due.get(due.milestone or "", "")
    waited = (row.resolved_at or now) - row.received_at
    counts = due.due_at is not None and due.state in ("running", "soon", "breached")
    return Line(
        ref=row.ref,
        url=base + row.ref,
        summary=row.summary,
        category=row.category,
        customer=row.customer or "–",
        severity=row.severity,
        state=said.waiting[row.waiting_for] if row.waiting_for else said.states[row.state],
        owner=row.owner or "",
        is_unowned=row.owner_id is None and row.resolved_at is None,
        waiting=_span(said.locale, int(waited.total_seconds()) // 60),
        given=_money(row.given_minor, row.currency, said.locale),
        site=row.site,
        chip=due.state,
        chip_text=_chip_text(row, due, what, said, now),
        due=f"{due.due_at:%Y-%m-%dT%H:%M:%SZ}" if counts else "",
        what=what,
        risk=risk[0],
        risk_why=risk[1],
    )


def _chip_text(row: QueueRow, due: Due, what: str, said: _Words, now: datetime) -> str:
    if row.resolved_at:
        return said.resolved
    if due.state == "paused":
        return said.paused[row.waiting_for or "customer"]
    if due.due_at is None:
        return said.nothing
    seconds = (due.due_at - now).total_seconds()
    if seconds > COUNTDOWN_SECONDS_MAX:
        zone = zone_of(row.time_zone)
        return _later(said.locale, what, due.due_at, zone, now.astimezone(zone).date())
    minutes = int(abs(seconds)) // 60
    return _soon(said.locale, what, minutes * 60 if seconds >= 0 else -minutes * 60 - 1)


# A page says the same few things over and over: each is worked out once for a language.


@lru_cache(maxsize=4_000)
def _soon(locale: str, what: str, seconds: int) -> str:
    due_at = _START + timedelta(seconds=seconds)
    return deadline_words(due_at, _START, zone=UTC, locale=locale, what=what or None)


@lru_cache(maxsize=4_000)
def _later(locale: str, what: str, due_at: datetime, zone: tzinfo, today: date) -> str:
    """Further away than a countdown goes, so any hour of today says the same."""
    midnight = datetime(today.year, today.month, today.day, tzinfo=zone)
    return deadline_words(due_at, midnight, zone=zone, locale=locale, what=what or None)


@lru_cache(maxsize=4_000)
def _span(_locale: str, minutes: int) -> str:
    return duration_words(minutes * 60)


@lru_cache(maxsize=4_000)
def _money(minor: int, currency: str, locale: str) -> str:
    return Money(minor, currency).format(locale)
