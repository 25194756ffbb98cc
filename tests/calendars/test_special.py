"""Dates with hours of their own, closed days from calendar files, and the preview of both."""

import io
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.calendars import queries
from app.calendars.ical_rules import BadFile, closed_days
from app.calendars.preview_rules import preview
from app.calendars.rules import WEEKDAYS, BadCalendar, Calendar, due, elapsed, explain
from tests.calendars.test_pages import FORM
from tests.people.builders import make_company, sign_in

HOUR = 3_600
WORKWEEK = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
# Christmas Eve 2026 is a Thursday with a short day; Saturday 2 January is open for once; the 25th is a holiday.
CHRISTMAS = Calendar.parse(
    WORKWEEK, "Europe/London", ["2026-12-25", "2026-12-28"],
    {"2026-12-24": [["09:00", "12:00"]], "2027-01-02": [["10:00", "14:00"]], "2026-12-28": [["22:00", "02:00"]]},
)  # fmt: skip
FIRST, LAST = date(2024, 1, 1), date(2029, 12, 31)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London"))


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2026-12-24 09:00", 3, "2026-12-24 12:00"),
        ("2026-12-24 11:00", 3, "2026-12-29 00:00"),  # the holiday of the 28th has a night of its own
        ("2026-12-24 11:00", 5, "2026-12-29 02:00"),
        ("2026-12-24 11:00", 6, "2026-12-29 10:00"),
        ("2027-01-01 16:00", 2, "2027-01-02 11:00"),
    ],
)
def test_a_date_with_hours_of_its_own_keeps_them_whatever_its_weekday(start: str, hours: int, expected: str) -> None:
    found = due(local(start), hours * HOUR, CHRISTMAS)
    assert found == local(expected)
    assert elapsed(local(start), found, CHRISTMAS) == hours * HOUR


def test_a_date_with_hours_of_its_own_but_none_given_is_closed() -> None:
    closed = Calendar.parse(WORKWEEK, "Europe/London", (), {"2026-12-24": []})
    assert not closed.is_working_day(date(2026, 12, 24))
    rows = explain(local("2026-12-24 10:00"), HOUR, closed)
    assert [(row.on.day, row.why) for row in rows] == [(24, "closed"), (25, "")]


@pytest.mark.parametrize("special", [{"2026-02-30": [["09:00", "12:00"]]}, {"2026-12-24": [["09:00", "25:00"]]}])
def test_impossible_days_are_refused(special: dict[str, list[list[str]]]) -> None:
    with pytest.raises(BadCalendar):
        Calendar.parse(WORKWEEK, "Europe/London", (), special)


@given(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 23), st.integers(1, 24))
def test_hours_written_for_a_date_count_exactly_like_the_same_hours_of_its_weekday(
    day: date, opens: int, length: int
) -> None:
    window = [[f"{opens:02d}:00", f"{min(opens + length, 24):02d}:00"]]
    weekly = Calendar.parse({WEEKDAYS[day.weekday()]: window}, "America/New_York")
    once = Calendar.parse({}, "America/New_York", (), {day.isoformat(): window})
    assert once.segments(day) == weekly.segments(day)


def test_the_preview_names_short_days_holidays_and_changes_of_the_clocks() -> None:
    rows = preview(CHRISTMAS, date(2026, 12, 23), {"2026-12-25": "Christmas Day"}, days=4)
    assert [(row.kind, row.seconds // HOUR, row.name) for row in rows] == [
        ("usual", 8, ""), ("special", 3, ""), ("holiday", 0, "Christmas Day"), ("closed", 0, ""),
    ]  # fmt: skip
    nights = Calendar.parse({"sat": [["22:00", "06:00"]]}, "Europe/London")
    assert [(row.kind, row.seconds // HOUR) for row in preview(nights, date(2024, 3, 30), {}, days=1)] == [
        ("changed", 7)
    ]


FILE = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//
%s
END:VCALENDAR
"""


def event(*lines: str) -> bytes:
    return "\n".join(("BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT")).encode()


@pytest.mark.parametrize(
    ("lines", "days", "skipped"),
    [
        (("DTSTART;VALUE=DATE:20261224", "SUMMARY:Eve"), {"2026-12-24": "Eve"}, 0),
        (("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261226", "SUMMARY:Two"), {"2026-12-24": "Two", "2026-12-25": "Two"}, 0),
        (("DTSTART;VALUE=DATE:20261224", "DURATION:P2D", "SUMMARY:Two"), {"2026-12-24": "Two", "2026-12-25": "Two"}, 0),
        (("DTSTART:20261224T090000Z", "SUMMARY:A meeting"), {}, 1),
        (("DTSTART;VALUE=DATE:20261224", "STATUS:CANCELLED"), {}, 1),
        (("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=WEEKLY"), {}, 1),
        (("DTSTART;VALUE=DATE:20200501", "RRULE:FREQ=YEARLY;UNTIL=20260501", "EXDATE;VALUE=DATE:20250501", "SUMMARY:May"),
         {"2024-05-01": "May", "2026-05-01": "May"}, 0),
        (("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY", "SUMMARY:Leap"), {"2024-02-29": "Leap", "2028-02-29": "Leap"}, 0),
        (("DTSTART;VALUE=DATE:19991224",), {}, 0),
    ],
)  # fmt: skip
def test_only_whole_days_of_a_file_close_a_desk(lines: tuple[str, ...], days: dict[str, str], skipped: int) -> None:
    found = closed_days(FILE % event(*lines), first=FIRST, last=LAST)
    assert (found.days, found.skipped_count) == (days, skipped)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"hello", "unreadable"),
        (b"\xff\xfe", "unreadable"),
        (b"x" * 1_000_001, "big"),
        (FILE % b"\n".join(event(f"DTSTART;VALUE=DATE:2024{m:02d}01", "DURATION:P400D") for m in (1, 2, 3)) , ""),
    ],
)  # fmt: skip
def test_what_is_no_calendar_file_is_refused(content: bytes, code: str) -> None:
    if code:
        with pytest.raises(BadFile) as refusal:
            closed_days(content, first=FIRST, last=LAST)
        assert refusal.value.code == code
    else:
        assert len(closed_days(content, first=FIRST, last=LAST).days) == 460


def test_the_editor_previews_and_reads_a_file_without_saving(app: Flask) -> None:
    client = sign_in(app.test_client(), make_company(second_site=False).ada)
    assert (
        client.post("/settings/working-hours", data={**FORM, "special": "2026-12-31 09:00-12:00 Old year"}).status_code
        == 303
    )
    row = queries.calendars()[0]
    assert row.special == {"2026-12-31": {"name": "Old year", "windows": [["09:00", "12:00"]]}}
    assert row.hours.windows_on(date(2026, 12, 31)) == ((9 * HOUR, 12 * HOUR),)
    page = client.get(f"/settings/working-hours/CA-{row.id}").get_data(as_text=True)
    assert "2026-12-31 09:00–12:00 Old year" in page and 'id="preview"' in page
    upload = (io.BytesIO(FILE % event("DTSTART;VALUE=DATE:20261227", "SUMMARY:Stocktaking")), "days.ics")
    shown = client.post(f"/settings/working-hours/CA-{row.id}/preview", data={**FORM, "number": "1", "file": upload})
    assert shown.status_code == 200
    assert "2026-12-27 Stocktaking" in shown.get_data(as_text=True)
    bad = client.post("/settings/working-hours/preview", data={**FORM, "file": (io.BytesIO(b"no"), "days.ics")})
    assert bad.status_code == 422 and "no calendar file" in bad.get_data(as_text=True)
    assert (
        client.post("/settings/working-hours/preview", data={**FORM, "special": "2026-12-31 closed"}).status_code == 422
    )
    assert queries.calendars()[0].number == 1
