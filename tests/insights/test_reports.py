"""Reports by mail: due once in each period, measured with the rights that the reader has when they go out."""

from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.calendars.rules import Calendar
from app.insights import report_actions as reports
from app.insights import report_jobs, report_queries, report_rules
from app.insights.report_actions import Wish
from app.insights.report_models import ReportSending, ReportWish
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.notifications.outbox_jobs import deliver_due
from app.people.queries import PersonRow
from app.people.stop_actions import stop_access
from tests.insights.recoveries import live_some_weeks
from tests.notifications.conftest import Box, box, posting
from tests.people.builders import OPERATOR, Company, make_company, sign_in

__all__ = ["box", "posting"]

LONDON = ZoneInfo("Europe/London")
DESK = Calendar.parse(
    {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}, "Europe/London", ["2026-12-28"]
)
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def wish(**changes: Any) -> Wish:
    plain: dict[str, Any] = {
        "report": "overview", "measure": None, "site_id": None, "team_id": None, "period": "90d", "every": "weekly",
        "day": 1, "hour": 7, "form": "none",
    }  # fmt: skip
    return Wish(**{**plain, **changes})


def keys(every: str, day: int, *, since: datetime, now: datetime, done: tuple[str, ...] = ()) -> list[str]:
    return [one.key for one in report_rules.periods_due(every, day, 7, LONDON, DESK, since=since, now=now, done=done)]


def test_a_report_is_due_at_its_hour_or_when_the_desk_opens_next() -> None:
    def at(every: str, on: date, day: int, hour: int) -> datetime:
        return report_rules.due_at(every, on, day, hour, LONDON, DESK)

    assert at("weekly", date(2026, 11, 26), 1, 7) == MONDAY  # before the desk opens: at nine
    assert at("weekly", date(2026, 11, 26), 1, 11) == datetime(2026, 11, 23, 11, tzinfo=UTC)
    assert at("weekly", date(2026, 7, 8), 1, 11) == datetime(2026, 7, 6, 10, tzinfo=UTC)  # in summer
    assert at("weekly", date(2026, 12, 28), 1, 11) == datetime(2026, 12, 29, 9, tzinfo=UTC)  # a holiday
    assert at("monthly", date(2026, 11, 26), 1, 11) == datetime(2026, 11, 2, 9, tzinfo=UTC)  # the first is a Sunday
    assert report_rules.next_due("weekly", 1, 7, LONDON, DESK, MONDAY) == MONDAY + timedelta(days=7)


def test_each_period_is_due_once_and_a_standstill_loses_only_the_oldest() -> None:
    since = MONDAY - timedelta(days=1)
    assert keys("weekly", 1, since=since, now=MONDAY - timedelta(seconds=1)) == []
    assert keys("weekly", 1, since=since, now=MONDAY) == ["2026-W48"]
    assert keys("weekly", 1, since=since, now=MONDAY, done=("2026-W48",)) == []
    assert keys("weekly", 1, since=MONDAY, now=MONDAY + timedelta(days=6)) == [], (
        "asked for at nine: next week is the first"
    )
    assert keys("weekly", 1, since=since, now=MONDAY + timedelta(days=16)) == ["2026-W48", "2026-W49", "2026-W50"]
    assert keys("weekly", 1, since=since, now=MONDAY + timedelta(days=100)) == [
        "2027-W06",
        "2027-W07",
        "2027-W08",
        "2027-W09",
    ]
    months = keys("monthly", 28, since=datetime(2026, 1, 1, tzinfo=UTC), now=datetime(2026, 6, 29, 12, tzinfo=UTC))
    assert months == ["2026-03", "2026-04", "2026-05", "2026-06"]


@pytest.fixture
def lived(posting: tuple[Flask, Box]) -> tuple[Company, datetime, Flask, Box]:
    company = make_company()
    now = live_some_weeks(company)
    return company, now, *posting


def ask(person: PersonRow, now: datetime, **changes: Any) -> ReportWish:
    return reports.want(wish=wish(**{"day": now.isoweekday(), **changes}), actor=person.actor, now=now)


def sent(app: Flask, found: Box, now: datetime) -> list[EmailMessage]:
    """Let both jobs run, twice each, as two schedulers or a restart would."""
    before = len(found.mails)
    for _run in range(2):
        report_jobs.send_due(now=now)
        deliver_due(now=now, limit=500)
    return [mail for mail in found.mails[before:] if mail["Message-ID"].startswith("<report.")]


def test_a_report_comes_once_with_n_and_interval_and_nothing_under_the_minimum(
    lived: tuple[Company, datetime, Flask, Box],
) -> None:
    company, now, app, found = lived
    ask(company.sam, now, form="csv")
    ask(company.sam, now, report="measure", measure="promise-kept", form="pdf")
    assert sent(app, found, now) == [], "nothing is due yet"
    later = now + timedelta(days=8)
    overview, promise = sent(app, found, later)
    text = overview.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = overview.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert overview["To"] == company.sam.email and "Overview, Quayside" in overview["Subject"]
    for said in ("67% (8 of 12; 95 % between 39% and 86%)", "/insights?", "/me/reports"):
        assert said in text, text
    assert "8 of 12; 95 % between 39% and 86%" in html and "/me/reports" in html
    (sheet,) = overview.iter_attachments()
    assert sheet.get_content_type() == "text/csv" and "recovery" in str(sheet.get_content())
    kept = promise.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "3 counted: too few to say" in kept and "2 of 3" not in kept and "67%" not in kept
    (paper,) = promise.iter_attachments()
    assert paper.get_content()[:5] == b"%PDF-"
    assert sent(app, found, later + timedelta(hours=1)) == []
    assert len(sent(app, found, later + timedelta(days=15))) == 4, "two missed weeks of both"
    assert db.session.scalar(select(func.count()).select_from(ReportSending)) == 6
    types = list(db.session.scalars(select(AuditEntry.type).where(AuditEntry.type.like("report:%"))))
    assert sorted(types) == ["report:send"] * 6 + ["report:want"] * 2


def test_the_job_joins_a_deed_that_is_under_way_and_undoes_none_of_it(
    lived: tuple[Company, datetime, Flask, Box],
) -> None:
    company, now, _app, _found = lived
    later = now + timedelta(days=8)
    with transaction():
        wanted = ask(company.sam, now)
        assert report_jobs.send_due(now=later) == 1
    assert report_queries.wishes_of(company.sam.id)[0].id == wanted.id
    assert db.session.scalar(select(func.count()).select_from(ReportSending)) == 1
    assert report_jobs.send_due(now=later) == 0


def test_whoever_lost_the_right_gets_no_figure_and_is_told(lived: tuple[Company, datetime, Flask, Box]) -> None:
    company, now, app, found = lived
    wanted = ask(company.sam, now)
    # Between being owed and going out: the right is asked for at the last moment.
    report_jobs.send_due(now=now + timedelta(days=8))
    with db.engine.connect().execution_options(makegood_migration=True) as raw:
        raw.exec_driver_sql(f"UPDATE employee SET role = 'frontline' WHERE id = {company.sam.id}")
        raw.commit()
    assert sent(app, found, now + timedelta(days=8)) == []
    row = report_queries.wishes_of(company.sam.id)[0]
    assert (row.id, row.why_paused) == (wanted.id, "no_right")
    told = db.session.scalars(select(Notification).where(Notification.kind == "report")).all()
    assert [one.employee_id for one in told] == [company.sam.id] and told[0].url == "/me/reports"
    assert sent(app, found, now + timedelta(days=30)) == []
    with pytest.raises(NotPermitted):
        reports.resume(wish_id=row.id, version=row.version, actor=_as_now(company.sam.id), now=now)


def test_whose_access_was_stopped_gets_no_report(lived: tuple[Company, datetime, Flask, Box]) -> None:
    company, now, app, found = lived
    ask(company.sam, now)
    stop_access(employee_id=company.sam.id, reason="Nobody can take over.", actor=OPERATOR, now=now)
    assert sent(app, found, now + timedelta(days=8)) == []


def _as_now(employee_id: int) -> Any:
    from app.people import queries as people

    found = people.person(employee_id)
    assert found is not None
    return found.actor


def test_only_what_one_may_see_can_be_asked_for_and_only_ones_own_is_changed(app: Flask) -> None:
    company = make_company()
    now = MONDAY
    assert company.tom is not None
    with pytest.raises(NotPermitted):
        ask(company.ana, now)
    with pytest.raises(NotFound):
        ask(company.sam, now, site_id=company.tom.site_id)
    for wrong in (
        {"day": 8},
        {"hour": 24},
        {"every": "daily"},
        {"measure": "ranking"},
        {"period": "1d"},
        {"form": "doc"},
    ):
        with pytest.raises(BadInput):
            ask(company.sam, now, **wrong)
    row = ask(company.sam, now, every="monthly", day=28)
    with pytest.raises(NotFound):
        reports.end(wish_id=row.id, version=1, actor=company.max.actor, now=now)
    reports.pause(wish_id=row.id, version=1, actor=company.sam.actor, now=now)
    assert report_queries.due(now + timedelta(days=90), 10) == []
    reports.resume(wish_id=row.id, version=2, actor=company.sam.actor, now=now + timedelta(days=90))
    assert report_queries.due(now + timedelta(days=91), 10) == [], "what fell due while it rested is let go"
    reports.end(wish_id=row.id, version=3, actor=company.sam.actor, now=now)
    assert report_queries.wishes_of(company.sam.id) == []


def test_the_page_takes_a_wish_lists_it_and_stops_it(app: Flask) -> None:
    company = make_company()
    client = sign_in(app.test_client(), company.sam)
    page = client.get("/me/reports?report=measure&measure=recovery&period=90d").get_data(as_text=True)
    assert "Satisfied after the recovery" in page
    given = {"what": "recovery", "place": "", "period": "90d", "when": "weekly-1", "hour": "7", "form": "pdf"}
    bad = client.post("/me/reports", data={**given, "when": "monthly-30"})
    assert bad.status_code == 422 and 'value="pdf"' in bad.get_data(as_text=True)
    assert client.post("/me/reports", data=given).status_code == 303
    (row,) = report_queries.wishes_of(company.sam.id)
    assert (row.report, row.measure, row.form) == ("measure", "recovery", "pdf")
    listed = client.get("/me/reports").get_data(as_text=True)
    assert "every Monday" in listed and "No mail server is set" in listed
    assert client.post(f"/me/reports/{row.id}/pause", data={"version": row.version}).status_code == 303
    assert (
        sign_in(app.test_client(), company.max).post(f"/me/reports/{row.id}/end", data={"version": 2}).status_code
        == 404
    )
    assert client.post(f"/me/reports/{row.id}/end", data={"version": 2}).status_code == 303
    assert report_queries.wishes_of(company.sam.id) == []
    assert sign_in(app.test_client(), company.ana).post("/me/reports", data=given).status_code in (403, 422)
