"""Clocks that a law or a regulator sets: templates with their source and a worked value each, not legal advice. Pure.

They count dates, not working time: nothing pauses them, and what an authority calls a day is a day.
All worked values start on Thursday 2 April 2026 in England, where 3 and 6 April, 4 and 25 May are holidays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from app.calendars.day_rules import count_days
from app.calendars.rules import Calendar, instant

_DAY_SECONDS = 86_400
Unit = Literal["business_days", "calendar_days"]


@dataclass(frozen=True, slots=True)
class Pack:
    """One legal clock. worked_on: the last day when it starts on 2 April 2026 in England."""

    code: str
    regime: str
    name: object
    unit: Unit
    count: int
    source: str
    worked_on: date
    note: object


def _pack(code: str, regime: str, name: object, unit: Unit, count: int, source: str, worked: str, note: object) -> Pack:
    return Pack(code, regime, name, unit, count, source, date.fromisoformat(worked), note)


PACKS: Mapping[str, Pack] = {
    pack.code: pack
    for pack in (
        _pack("disp-3", "FCA DISP", _l("Resolved informally"), "business_days", 3, "FCA Handbook DISP 1.5.1R", "2026-04-09",
              _l("Resolved by close of business on the third business day following receipt; then a summary is enough.")),
        _pack("disp-8w", "FCA DISP", _l("Final response"), "calendar_days", 56, "FCA Handbook DISP 1.6.2R", "2026-05-28",
              _l("A final response, or why there is none yet, by the end of eight weeks after receipt.")),
        _pack("disp-15bd", "FCA DISP", _l("Final response, payments"), "business_days", 15, "FCA Handbook DISP 1.6.2AR", "2026-04-27",
              _l("Complaints about payment services and e-money: by the end of 15 business days after receipt.")),
        _pack("disp-35bd", "FCA DISP", _l("Final response, payments, exceptional"),
              "business_days", 35, "FCA Handbook DISP 1.6.2AR(2)", "2026-05-27",
              _l("With a holding reply, in exceptional circumstances: by the end of 35 business days after receipt.")),
        _pack("cfpb-15", "CFPB", _l("Response"), "calendar_days", 15, "CFPB company portal manual", "2026-04-17",
              _l("A response within 15 calendar days, or the complaint is past due; “in progress” is a response.")),
        _pack("cfpb-60", "CFPB", _l("Final response"), "calendar_days", 60, "CFPB company portal manual", "2026-06-01",
              _l("After “in progress”: the final response within 60 calendar days.")),
    )
}  # fmt: skip

# ISO 10002 sets no hours; it is a process, and these are its questions.
ISO_10002 = (
    ("4", _l("Principles"), _l("Complaints are wanted: how to make one is visible and easy, and it costs nothing.")),
    ("5", _l("Commitment"), _l("The management has a written policy for complaints, and everyone on the frontline knows it.")),
    ("5", _l("Responsibility"), _l("Each complaint has one person who answers for it, and each person knows what they may decide.")),
    ("6.4", _l("Resources"), _l("The frontline is trained, and has the means to put things right.")),
    ("7.2", _l("Taking in"), _l("A complaint is recorded with what is needed to act, and has a number.")),
    ("7.4", _l("Acknowledgement"), _l("The customer hears at once that the complaint was received.")),
    ("7.5", _l("First assessment"), _l("Severity, safety and how complex it is are judged as it comes in.")),
    ("7.3", _l("Tracking"), _l("The customer can learn how it stands, on request and at set times.")),
    ("7.6", _l("Investigation"), _l("What happened is looked into as far as the complaint deserves.")),
    ("7.7", _l("Response"), _l("The answer corrects the problem and keeps it from happening again.")),
    ("7.9", _l("Closing"), _l("A complaint that the customer does not accept stays open, and ways outside the company are named.")),
    ("8.2", _l("Analysis"), _l("Complaints are classified, and what recurs is found.")),
    ("8.3", _l("Satisfaction"), _l("Customers are asked how their complaint was handled.")),
    ("8.5", _l("Audit"), _l("Whether the process is followed is looked at by somebody who is not part of it.")),
    ("8.6", _l("Review"), _l("The management looks at all this at set times, and improves it.")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One date of a count: its number, or why it doesn't count (holiday, closed); the day of receipt has number 0."""

    on: date
    number: int | None
    why: str


def last_day(pack: Pack, received_at: datetime, calendar: Calendar) -> date:
    """The last date on which the clock is kept, in the calendar's zone."""
    received_on = calendar.local_date(received_at)
    if pack.unit == "calendar_days":
        return received_on + timedelta(days=pack.count)
    found = count_days(received_on, pack.count, "count_days_after_start", calendar)
    assert not isinstance(found, datetime)
    return found


def due_at(pack: Pack, received_at: datetime, calendar: Calendar) -> datetime:
    """The last instant: close of business for the third-business-day rule, otherwise the end of the last day."""
    day = last_day(pack, received_at, calendar)
    if pack.code == "disp-3":
        return calendar.segments(day)[-1][1]
    return instant(day, _DAY_SECONDS, ZoneInfo(calendar.zone))


def steps(pack: Pack, received_at: datetime, calendar: Calendar) -> list[Step]:
    """Every date of the count: which counted, which were left out and why."""
    day, last = calendar.local_date(received_at), last_day(pack, received_at, calendar)
    found, number = [Step(day, 0, "")], 0
    while day < last:
        day += timedelta(days=1)
        if pack.unit == "business_days" and not calendar.is_working_day(day):
            is_holiday = day in calendar.holidays and bool(calendar.windows[day.weekday()])
            found.append(Step(day, None, "holiday" if is_holiday else "closed"))
        else:
            number += 1
            found.append(Step(day, number, ""))
    return found
