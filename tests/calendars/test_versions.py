from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from app.audit.models import AuditEntry
from app.calendars import actions as calendars
from app.calendars import queries
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.transactions import transaction

NOW = datetime(2026, 3, 19, 15, tzinfo=UTC)
HOURS = {"mon": [["09:00", "17:00"]]}
ADA = command("test")


def add(**changes: object) -> int:
    given: dict[str, object] = {"code": "desk", "name": "Desk", "zone": "Europe/London", "windows": HOURS}
    return calendars.add_calendar(**{**given, **changes}, actor=ADA, now=NOW)  # type: ignore[arg-type]


def test_a_calendar_keeps_the_public_holidays_of_its_region_and_the_companys_own(app: Flask) -> None:
    row = queries.calendar(add(country="GB", subdivision="ENG", own_holidays={"2026-05-20": "Founders' day"}))
    assert row is not None
    assert row.holidays["2026-04-06"] == "Easter Monday"
    assert row.holidays["2026-05-20"] == "Founders' day"
    assert "2028-12-25" in row.holidays


def test_an_edit_is_a_new_version_and_the_old_one_stays(app: Flask) -> None:
    calendar_id = add()
    old = queries.newest_version_id(calendar_id)
    new = calendars.change_hours(
        calendar_id=calendar_id,
        number=1,
        zone="Europe/London",
        windows={"tue": [["10:00", "12:00"]]},
        actor=ADA,
        now=NOW,
    )
    assert queries.newest_version_id(calendar_id) == new != old
    assert queries.calendar_of(old).json() == HOURS
    assert queries.calendar_of(new).json() == {"tue": [["10:00", "12:00"]]}
    assert [row.type for row in db.session.query(AuditEntry)] == ["calendar:add", "calendar:change"]


def test_two_edits_of_one_version_conflict(app: Flask) -> None:
    calendar_id = add()
    change = {"calendar_id": calendar_id, "number": 1, "zone": "Europe/London", "windows": HOURS}
    calendars.change_hours(**change, actor=ADA, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        calendars.change_hours(**change, actor=ADA, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        calendars.change_hours(**{**change, "calendar_id": 99}, actor=ADA, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"windows": {}}, "windows"),
        ({"windows": {"mon": [["9am", "5pm"]]}}, "windows"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"country": "XX"}, "country"),
        ({"own_holidays": {"soon": "?"}}, "holidays"),
    ],
)
def test_hours_that_cannot_work_are_refused_beside_their_field(
    app: Flask, changes: dict[str, object], field: str
) -> None:
    with app.test_request_context(), pytest.raises(BadInput) as refusal:
        add(**changes)
    assert list(refusal.value.errors) == [field]
    assert queries.calendars() == []


@pytest.mark.parametrize(
    "statement", ["UPDATE calendar_version SET number = 7", "DELETE FROM calendar_version", "TRUNCATE calendar_version"]
)
def test_a_version_cannot_be_changed_or_removed(app: Flask, statement: str) -> None:
    if "TRUNCATE" in statement and db.engine.dialect.name == "sqlite":
        statement = "REPLACE INTO calendar_version SELECT * FROM calendar_version"
    calendar_id = add()
    with pytest.raises(DatabaseError), transaction():
        db.session.execute(text(statement))
    row = queries.calendar(calendar_id)
    assert row is not None and row.number == 1


def test_a_version_that_was_rolled_back_is_not_remembered(app: Flask) -> None:
    with pytest.raises(RuntimeError), transaction():
        queries.calendar_of(queries.newest_version_id(add()))
        raise RuntimeError("no")
    calendar_id = add(windows={"fri": [["10:00", "12:00"]]})
    assert queries.calendar_of(queries.newest_version_id(calendar_id)).json() == {"fri": [["10:00", "12:00"]]}
