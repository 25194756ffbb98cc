"""What a customer is told, in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.attachments.queries import FileRow
from app.kernel.money import Money
from app.people.words import ROLE_WORDS
from app.portal.page_queries import CaseOfHers
from app.privacy.access_queries import Access
from app.problems.rules import language_for
from app.remedies.queries import RemedyRow
from app.sla import queries as sla
from app.ui.filters import date, instant, money

NEXT_WORDS: dict[str, Any] = {
    "acknowledge": _l("We tell you that we heard you"),
    "first_response": _l("We answer you"),
    "next_update": _l("We tell you how it stands"),
    "resolve": _l("We aim to have put it right"),
    "legal": _l("By law, you have our final answer"),
    "follow_up": _l("We ask you how it is now"),
}
ENDED_WORDS: dict[str, Any] = {
    "made_good": _l("We made it good."),
    "explained": _l("We explained what happened."),
    "declined": _l("We gave you our answer, and you didn't agree with it."),
    "withdrawn": _l("You told us that it is done."),
    "unreachable": _l("We couldn't reach you."),
}
LOOK_WORDS: dict[str, Any] = {
    "customer:open": _l("looked at your details"),
    "privacy:export": _l("made a copy of your data"),
}
PAID_WORDS: dict[str, Any] = {
    "pending": _l("It is being paid out."),
    "sent": _l("It is on its way to you."),
    "confirmed": _l("It was paid out."),
    "failed": _l("The payment is stuck on our side. We are on it; you need do nothing."),
    "given_up": _l("The payment didn't work. We get in touch with you about another way."),
    "cancelled": _l("It was not paid out."),
}
GONE_WORDS: dict[str, Any] = {
    "settled": _l("You accepted this already. It counts once."),
    "declined": _l("You declined this offer before."),
    "withdrawn": _l("We took this offer back just before your answer. Nothing was booked. Write to us; we are here."),
    "released": _l("This offer doesn't stand any more. Nothing was booked."),
    "expired": _l("This offer ended before your answer. Nothing was booked. Write to us if you would still like it."),
    "reversed": _l("This was taken back. Write to us if that isn't right."),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens next. state: due, late, resting or kept."""

    text: str
    at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    """One entry between her and us. side: hers, ours or fact."""

    side: str
    at: datetime
    who: str
    text: str
    about: str = ""
    files: tuple[FileRow, ...] = ()


def what(row: RemedyRow, kinds: dict[str, str]) -> str:
    """Name a remedy: "£40.00 · Refund", or its kind alone when it isn't money."""
    name = kinds.get(row.kind, row.kind)
    return f"{money(row.amount)} · {name}" if row.amount_minor else name


def amount(row: RemedyRow) -> Money | None:
    return row.amount if row.amount_minor else None


def headline(hers: CaseOfHers) -> str:
    """The one sentence on top: how it stands."""
    if hers.offers:
        return _("We have an offer for you.")
    if hers.case.resolved_at is not None:
        return str(ENDED_WORDS.get(hers.case.outcome or "", _l("This is settled.")))
    if hers.case.waiting_for == "customer":
        return _("We need a word from you.")
    if hers.last_answer and hers.last_answer.answer in ("declined", "disagreed"):
        return _("We heard your answer and look for something better.")
    return _("We are working on it.")


def steps(hers: CaseOfHers, zone: str) -> list[Step]:
    """What happens next and by when, the earliest first; promises in the words in which they were given."""
    found = [
        Step(
            str(NEXT_WORDS[clock.milestone]),
            None if clock.is_paused else clock.due_at,
            "resting" if clock.is_paused else "late" if clock.state == "breached" else "due",
        )
        for clock in hers.clocks
    ]
    for promise in hers.promises:
        if promise.kept_at is not None:
            found.append(Step(promise.what, promise.kept_at, "kept"))
        else:
            found.append(Step(promise.what, promise.due_at, "late" if promise.state == "missed" else "due"))
    if hers.case.resolved_at is not None:
        found = [step for step in found if step.state == "kept"]
    last = datetime.max.replace(tzinfo=hers.case.logged_at.tzinfo)
    return sorted(found, key=lambda step: (step.state == "kept", step.at or last))


def lines(hers: CaseOfHers) -> list[Line]:
    """The dialogue with the deeds about offers between, oldest first."""
    by_id = {row.id: row for row in hers.remedies}
    names = {row.ref: what(row, hers.kinds) for row in hers.remedies}
    found = [
        Line(
            "hers" if row.direction == "in" else "ours",
            row.at,
            _("You") if row.direction == "in" else first_name(row.author) or _("We"),
            row.text,
            names.get(row.about or "", ""),
            tuple(one for one in hers.sent if one.subject_id == row.id),
        )
        for row in hers.messages
    ]
    for row in hers.remedies:
        found.append(Line("fact", row.created_at, "", _("We offered you %(what)s.", what=what(row, hers.kinds))))
    sentences = {
        "accepted": _l("You accepted %(what)s."),
        "declined": _l("You declined %(what)s."),
        "disagreed": _l("You didn't agree with %(what)s."),
    }
    for answer in hers.answers:
        if answer.answer in sentences and answer.remedy_id in by_id:
            said = str(sentences[answer.answer]) % {"what": what(by_id[answer.remedy_id], hers.kinds)}
            found.append(Line("fact", answer.at, "", said))
    return sorted(found, key=lambda line: line.at)


def done(hers: CaseOfHers) -> tuple[str, str] | None:
    """What was done about the cause of the case: the language of the words, and the words; the page's language if there are."""
    if hers.done is None:
        return None
    language = language_for(str(get_locale()), "", hers.done.words)
    return language, hers.done.words[language]


def first_name(name: str | None) -> str:
    return name.split()[0] if name and name.split() else ""


def looks(found: Sequence[Access], zone: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each day with who looked or made a copy that day, by role, as sentences; the newest first."""
    days: dict[str, dict[str, None]] = {}
    for one in found:
        role = ROLE_WORDS.get(one.role or "", _("One of our team"))
        days.setdefault(date(one.at, zone), {})[_("%(role)s: %(did)s", role=role, did=LOOK_WORDS[one.what])] = None
    return tuple((day, tuple(said)) for day, said in days.items())


def ends(at: datetime | None) -> str:
    """Until when the page stays, once the case ended."""
    return _("This page stays until %(day)s.", day=date(at)) if at else ""


def next_step(case_id: int, zone: str, now: datetime) -> str:
    """What happens next and by when, in one sentence; the earliest clock that says something to the customer."""
    waiting = [
        clock
        for clock in sla.clocks_of_case(case_id, now, with_why=False)
        if clock.milestone in NEXT_WORDS and clock.milestone != "acknowledge" and clock.is_open and clock.due_at
    ]
    if not waiting:
        return _("We look into it and write to you.")
    first = min(waiting, key=lambda clock: (clock.due_at, clock.id))
    if first.is_paused:
        return _("We wait for your answer.")
    when = instant(first.due_at, zone)
    if first.milestone == "first_response":
        return _("We answer you by %(when)s.", when=when)
    return _("%(what)s by %(when)s.", what=NEXT_WORDS[first.milestone], when=when)
