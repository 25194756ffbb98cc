"""Out of office from one's own calendar: which entries count, what is kept, and how absences follow."""

import io
import socket
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.approvals import absence_actions as absences
from app.approvals import absence_queries, calendar_jobs, roster_queries
from app.approvals import calendar_actions as calendars
from app.approvals.absence_models import Absence, CalendarFeed
from app.approvals.calendar_rules import REPEATING_MAX, Away, BadCalendar, times_away
from app.audit.models import AuditEntry, AuditPayload
from app.kernel import outgoing
from app.kernel.database import db
from app.kernel.errors import BadInput
from app.kernel.time import UTC, utc_now
from app.notifications.models import Notification
from tests.people.builders import Company, make_company, sign_in

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
SECRET = "Operation on my knee"


def event(uid: str, start: str, end: str, *lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"DTSTART{start}", f"DTEND{end}", *lines, "END:VEVENT", ""])


def file(*events: str) -> bytes:
    return ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n" + "".join(events) + "END:VCALENDAR\r\n").encode()


def out(start: str = ":20260323T090000Z", end: str = ":20260323T170000Z", *lines: str) -> bytes:
    return file(event("1", start, end, *(lines or ("X-MICROSOFT-CDO-BUSYSTATUS:OOF",))))


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        (("X-MICROSOFT-CDO-BUSYSTATUS:OOF", f"SUMMARY:{SECRET}", "CLASS:PRIVATE"), True),
        (("X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "SUMMARY:Meeting"), False),
        (("SUMMARY:Out of office",), True),
        (("SUMMARY:OOO - back Monday",), True),
        (("SUMMARY:Urlaub Kreta",), True),
        (("SUMMARY:Plan the vacation party",), False),
        (("SUMMARY:Trip", "CATEGORIES:Private,Vacation"), True),
        (("SUMMARY:Out of office", "STATUS:CANCELLED"), False),
        ((f"SUMMARY:{SECRET}",), False),
    ],
)
def test_an_entry_counts_when_it_says_that_somebody_is_out(lines: tuple[str, ...], counts: bool) -> None:
    assert bool(times_away(out(":20260323T090000Z", ":20260323T170000Z", *lines), zone=LONDON, now=NOW)) is counts


def spans(content: bytes, now: datetime = NOW) -> list[tuple[str, str]]:
    found = times_away(content, zone=LONDON, now=now)
    return [(one.from_at.strftime("%m-%d %H:%M"), one.to_at.strftime("%m-%d %H:%M")) for one in found]


@pytest.mark.parametrize(
    ("start", "end", "lines", "found"),
    [
        # Whole days are the site's days, also when the clocks change between them (29 March).
        (";VALUE=DATE:20260328", ";VALUE=DATE:20260331", (), [("03-28 00:00", "03-30 23:00")]),
        (":20260323T090000", ":20260323T170000", (), [("03-23 09:00", "03-23 17:00")]),
        (";TZID=America/New_York:20260323T090000", ";TZID=America/New_York:20260323T170000", (), [("03-23 13:00", "03-23 21:00")]),
        (":20260320T110000Z", ":20260320T120000Z", (), []),
        (":20260320T110000Z", ":20260320T120001Z", (), [("03-20 11:00", "03-20 12:00")]),
        (":20260601T090000Z", ":20260602T090000Z", (), []),
        (":20260401T000000Z", ":20260511T000000Z", (), [("04-01 00:00", "05-01 00:00"), ("05-01 00:00", "05-11 00:00")]),
        (
            ":20260306T130000Z", ":20260306T180000Z", ("RRULE:FREQ=WEEKLY;COUNT=4;BYDAY=FR", "EXDATE:20260320T130000Z"),
            [("03-27 13:00", "03-27 18:00")],
        ),
        # Nine on the wall stays nine on the wall.
        (
            ";TZID=Europe/London:20260326T090000", ";TZID=Europe/London:20260326T100000",
            ("RRULE:FREQ=WEEKLY;UNTIL=20260402T235959Z",),
            [("03-26 09:00", "03-26 10:00"), ("04-02 08:00", "04-02 09:00")],
        ),
        (":20260306T130000Z", ":20260306T180000Z", ("RRULE:FREQ=SECONDLY",), []),
        # Rules that stand still or never match come to an end as well.
        (":20260306T130000Z", ":20260306T180000Z", ("RRULE:FREQ=DAILY;INTERVAL=0",), []),
        (":20260302T130000Z", ":20260302T180000Z", ("RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=TU",), []),
        (":20260302T130000Z", ":20260302T180000Z", ("RRULE:FREQ=WEEKLY;INTERVAL=999999999999;COUNT=3",), []),
        # Every other week begins on the day that the rule says (RFC 5545, 3.8.5.3).
        (
            ":20260303T130000Z", ":20260303T180000Z", ("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",),
            [("03-22 13:00", "03-22 18:00")],
        ),
        (
            ":20260303T130000Z", ":20260303T180000Z", ("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",),
            [("03-29 13:00", "03-29 18:00")],
        ),
        (":20260323T090000Z", ":20260322T090000Z", (), []),
    ],
)  # fmt: skip
def test_times_are_the_sites_and_long_ones_come_in_pieces(
    start: str, end: str, lines: tuple[str, ...], found: list[tuple[str, str]]
) -> None:
    assert spans(out(start, end, "SUMMARY:Out of office", *lines)) == found


def test_of_what_repeats_only_so_many_entries_are_followed() -> None:
    over = event("over", ":20260101T120000Z", ":20260101T130000Z", "SUMMARY:OOO", "RRULE:FREQ=DAILY;UNTIL=20260102")
    daily = event("daily", ":20260323T120000Z", ":20260323T130000Z", "SUMMARY:OOO", "RRULE:FREQ=DAILY;COUNT=1")
    once = event("once", ":20260322T090000Z", ":20260322T100000Z", "SUMMARY:OOO")
    assert len(spans(file(*[over] * (REPEATING_MAX - 1), daily, once))) == 2
    assert spans(file(*[over] * REPEATING_MAX, daily, once)) == [("03-22 09:00", "03-22 10:00")]


def test_a_piece_over_the_change_of_the_clocks_is_no_hour_too_long() -> None:
    content = out(";VALUE=DATE:20251001", ";VALUE=DATE:20251115", "SUMMARY:Urlaub")
    found = times_away(content, zone=ZoneInfo("Europe/Berlin"), now=datetime(2025, 9, 30, tzinfo=UTC))
    assert [one.to_at - one.from_at for one in found] == [timedelta(days=30), timedelta(days=15, hours=1)]
    assert found[-1].to_at == datetime(2025, 11, 14, 23, tzinfo=UTC)


@pytest.mark.parametrize("content", [b"", b"BEGIN:VCALENDAR\r\n", b"<html>", b"\xff\xfe\x00", b"x" * (512 * 1024 + 1)])
def test_what_is_no_calendar_is_refused_or_says_nothing(content: bytes) -> None:
    try:
        found = times_away(content, zone=LONDON, now=NOW)
    except BadCalendar:
        return
    assert found == ()


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(noise: bytes) -> None:
    try:
        times_away(out(":20260323T090000Z", ":20260323T170000Z", "SUMMARY:OOO")[:-40] + noise, zone=LONDON, now=NOW)
    except BadCalendar:
        return


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def day(days: int) -> str:
    return (utc_now() + timedelta(days=days)).strftime(":%Y%m%dT090000Z")


def test_absences_follow_the_calendar_and_typed_ones_are_left_alone(app: Flask, company: Company) -> None:
    sam = sign_in(app.test_client(), company.sam)
    now = utc_now()
    absences.set_absence(
        employee_id=company.sam.id, from_at=now + timedelta(days=50), to_at=now + timedelta(days=51),
        actor=company.sam.actor, now=now,
    )  # fmt: skip
    first = file(
        event("a", day(1), day(2), "SUMMARY:Out of office", f"DESCRIPTION:{SECRET}"),
        event("b", day(3), day(4), "SUMMARY:OOO"),
    )
    form = {"calendar_stand_in_id": str(company.max.id), "url": ""}
    sent = sam.post("/absences/calendar", data={**form, "file": (io.BytesIO(first), "me.ics")})
    assert sent.status_code == 303
    assert len(absence_queries.coming(now, company.sam.id)) == 3
    again = file(event("a", day(1), day(2), "SUMMARY:Out of office"), event("b", day(3), day(5), "SUMMARY:OOO"))
    sam.post("/absences/calendar", data={**form, "file": (io.BytesIO(again), "me.ics")})
    rows = absence_queries.coming(now, company.sam.id)
    assert [row.stand_in_id for row in rows] == [company.max.id, company.max.id, None]
    assert db.session.query(Absence).filter(Absence.ended_at.is_not(None)).count() == 1, "only what moved was ended"
    kept = " ".join(str(row) for table in (AuditPayload.payload, AuditEntry.content) for row in db.session.query(table))
    assert "knee" not in kept + str(db.session.query(Notification.params).all()), "no word of the calendar is kept"
    assert "Taken from a file." in sam.get("/absences").text
    assert sam.post("/absences/calendar/removal").status_code == 303
    assert [row.stand_in_id for row in absence_queries.coming(now, company.sam.id)] == [None]


def away(number: int, days: int = 1) -> Away:
    return Away(f"{number}", utc_now() + timedelta(days=number), utc_now() + timedelta(days=number + days))


def test_a_stand_in_who_may_no_longer_decide_is_left_out_once_and_comes_back(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    sam, now = company.sam.actor, utc_now()
    calendars.connect(url=None, stand_in_id=company.max.id, actor=sam, now=now)
    found = [away(1)]

    def read() -> tuple[int, int]:
        return calendars.take_over(employee_id=company.sam.id, found=found, actor=sam, now=now)

    check = absences.check_stand_in

    def lost(*_who: object) -> None:
        raise BadInput({"stand_in_id": ["gone"]})

    assert read() == (1, 0)
    monkeypatch.setattr(absences, "check_stand_in", lost)
    assert [read(), read()] == [(1, 1), (0, 0)], "a reading that changes nothing writes nothing"
    assert [row.stand_in_id for row in absence_queries.coming(now, company.sam.id)] == [None]
    monkeypatch.setattr(absences, "check_stand_in", check)
    assert [read(), read()] == [(1, 1), (0, 0)]
    found.append(away(3, days=31))
    with pytest.raises(BadInput, match="marked"):
        read()
    assert [row.stand_in_id for row in absence_queries.coming(now, company.sam.id)] == [company.max.id]


def test_mistakes_are_told_beside_the_field(app: Flask, company: Company) -> None:
    sam = sign_in(app.test_client(), company.sam)
    form = {"calendar_stand_in_id": str(company.max.id)}
    for bad in (
        "http://example.org/a.ics",
        "https://127.0.0.1/a",
        "https://[::1]/a",
        "file:///a",
        "https://169.254.169.254/",
    ):
        answer = sam.post("/absences/calendar", data={**form, "url": bad})
        assert answer.status_code == 422, bad
        assert "private address" in answer.text
    assert sam.post("/absences/calendar", data=form).status_code == 422
    broken = sam.post("/absences/calendar", data={**form, "file": (io.BytesIO(b"<html>"), "a.ics")})
    assert broken.status_code in (303, 422)
    with pytest.raises(BadInput):
        calendars.connect(url=None, stand_in_id=company.ana.id, actor=company.sam.actor, now=utc_now())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked for, each answered with an entry of tomorrow."""
    found: list[str] = []

    def send(_method: str, url: str, **_how: object) -> outgoing.Answer:
        found.append(url)
        return outgoing.Answer(200, file(event("a", day(1), day(2), "SUMMARY:OOO")))

    monkeypatch.setattr(outgoing, "send", send)
    return found


def connect_two(company: Company, now: datetime) -> list[str]:
    """Sam's and Max's calendars, at addresses that need no name server."""
    urls = ["https://1.1.1.1/sam.ics", "https://1.1.1.1/max.ics"]
    for person, url in zip((company.sam, company.max), urls, strict=True):
        calendars.connect(url=url, stand_in_id=None, actor=person.actor, now=now)
    return urls


def test_times_that_are_refused_keep_nobody_elses_calendar_waiting(
    company: Company, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    connect_two(company, now)
    real = absences.set_absence

    def refuse(*, employee_id: int, **said: Any) -> Absence:
        if employee_id == company.sam.id:
            raise BadInput({"to_at": ["too long"]})
        return real(employee_id=employee_id, **said)

    monkeypatch.setattr(absences, "set_absence", refuse)
    calendar_jobs.read_due(now=now)
    feeds = [db.session.get_one(CalendarFeed, person.id) for person in (company.sam, company.max)]
    assert [(feed.failure, feed.failure_count) for feed in feeds] == [("not_taken", 1), (None, 0)]
    assert len(absence_queries.coming(now, company.sam.id)) == 0
    assert len(absence_queries.coming(now, company.max.id)) == 1


def test_one_run_reads_each_calendar_once_and_a_new_address_at_once(company: Company, asked: list[str]) -> None:
    now = utc_now().replace(second=0, microsecond=0)
    urls = connect_two(company, now)
    assert calendar_jobs.read_due(now=now, limit=1) < 1, "more than that, and the scheduler begins again at once"
    assert sorted(asked) == sorted(urls)
    asked.clear()
    for minute in range(60):
        calendar_jobs.read_due(now=now + timedelta(minutes=minute), limit=1)
    assert sorted(asked) == sorted(urls), "once an hour"
    # A moment that is nobody's minute.
    free = {company.sam.id % 60, company.max.id % 60}
    later = next(
        at for turn in range(3) if int((at := now + timedelta(minutes=turn)).timestamp() // 60) % 60 not in free
    )
    asked.clear()
    calendars.connect(url="https://1.1.1.1/new.ics", stand_in_id=None, actor=company.sam.actor, now=later)
    calendar_jobs.read_due(now=later)
    assert asked == ["https://1.1.1.1/new.ics"]


def test_the_job_turns_the_stand_in_on_and_a_trouble_changes_nothing(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [outgoing.Answer(200, file(event("a", day(-1), day(2), "X-MICROSOFT-CDO-BUSYSTATUS:OOF")))]
    monkeypatch.setattr(outgoing, "send", lambda *_what, **_how: answers[-1])
    now = utc_now()
    calendars.connect(url="https://1.1.1.1/sam.ics", stand_in_id=company.max.id, actor=company.sam.actor, now=now)
    assert calendar_jobs.read_due(now=now) == 1
    stand_in = next(one for one in roster_queries.roster(now).deciders if one.id == company.max.id)
    assert [mandate.principal.id for mandate in stand_in.mandates] == [company.sam.id]
    entries = db.session.query(AuditEntry).count()
    _read(app, now + timedelta(minutes=1), 60)
    assert db.session.query(AuditEntry).count() == entries, "a reading that changes nothing writes nothing"
    for status in (302, 404, 500):
        answers.append(outgoing.Answer(status, b""))
        _read(app, now + timedelta(days=1 + status), 60)
    feed = db.session.get(CalendarFeed, company.sam.id)
    assert feed is not None
    assert (feed.failure, feed.failure_count) == ("refused", 3)
    told = db.session.query(Notification).filter_by(employee_id=company.sam.id, text_key="absence:calendar-failed")
    assert told.count() == 1
    assert db.session.query(Absence).filter(Absence.ended_at.is_not(None)).count() == 0


def test_no_calendar_leads_inside_also_where_the_operator_has_named_hosts_for_other_ends(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that pointed outside when it was typed and points inside when it is asked: nothing is sent there."""
    settings = app.extensions["makegood_settings"]
    monkeypatch.setitem(
        app.extensions, "makegood_settings", replace(settings, outgoing_private_hosts=("127.0.0.1:80", "127.0.0.1:443"))
    )
    sam = sign_in(app.test_client(), company.sam)
    for url in ("http://127.0.0.1/a.ics", "https://127.0.0.1/a.ics"):
        sent = {"url": url, "calendar_stand_in_id": str(company.max.id)}
        assert sam.post("/absences/calendar", data=sent).status_code == 422
    now = utc_now()
    calendars.connect(url="https://1.1.1.1/a.ics", stand_in_id=None, actor=company.sam.actor, now=now)
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_how: inside)
    monkeypatch.setattr(socket, "create_connection", lambda *_where, **_how: pytest.fail("it was asked"))
    calendar_jobs.read_due(now=now)
    assert db.session.get_one(CalendarFeed, company.sam.id).failure == "not_reached"


def _read(app: Flask, start: datetime, minutes: int) -> None:
    """Run the job once a minute until its turn has come."""
    assert sum(calendar_jobs.read_due(now=start + timedelta(minutes=turn)) for turn in range(minutes)) == 1
