import re

from flask import Flask

from app.calendars import queries
from tests.people.builders import make_company, sign_in

FORM = {
    "code": "desk",
    "name": "Front desk",
    "zone": "Europe/London",
    "country": "gb",
    "subdivision": "eng",
    "mon": "09:00-12:00, 13:00–17:00",
    "fri": "22:00-06:00",
    "holidays": "2026-12-24 Christmas Eve",
}


def test_the_administrator_adds_and_edits_working_hours(app: Flask) -> None:
    client = sign_in(app.test_client(), make_company(second_site=False).ada)
    assert client.post("/settings/working-hours", data=FORM).status_code == 303
    row = queries.calendars()[0]
    assert row.windows == {"mon": [["09:00", "12:00"], ["13:00", "17:00"]], "fri": [["22:00", "06:00"]]}
    assert row.holidays["2026-12-24"] == "Christmas Eve"
    page = client.get(f"/settings/working-hours/CA-{row.id}")
    assert b"2026-12-24 Christmas Eve" in page.data
    assert b"2026-12-25" not in page.data
    edit = {**FORM, "number": "1", "mon": "10:00-12:00"}
    assert client.post(f"/settings/working-hours/CA-{row.id}", data=edit).status_code == 303
    assert queries.calendars()[0].number == 2
    stale = client.post(f"/settings/working-hours/CA-{row.id}", data={**edit, "mon": "08:00-12:00"})
    assert stale.status_code == 409
    assert "was faster" in stale.text
    assert re.findall("<dd>([^<]*)", stale.text) == ["10:00–12:00"], "what stands there now is told, and nothing else"
    shown = re.search(r'name="number"[^>]*value="(\d+)"', stale.text)
    assert shown is not None
    again = {**edit, "mon": "08:00-12:00", "number": shown.group(1)}
    assert client.post(f"/settings/working-hours/CA-{row.id}", data=again).status_code == 303
    assert queries.calendars()[0].windows["mon"] == [["08:00", "12:00"]]
    assert b"Front desk" in client.get("/settings/working-hours").data


def test_bad_hours_are_shown_again_with_what_was_typed(app: Flask) -> None:
    client = sign_in(app.test_client(), make_company(second_site=False).ada)
    for change, typed in (
        ({"mon": "nine to five"}, b"nine to five"),
        ({"mon": "09:00-12:00, 11:00-13:00"}, b"11:00-13:00"),
        ({"zone": "Europe/Lodnon"}, b"Europe/Lodnon"),
        ({"country": "xx"}, b"xx"),
        ({"holidays": "someday"}, b"someday"),
        ({"holidays": "2026-02-30 no"}, b"2026-02-30 no"),
        ({"code": "Desk One"}, b"Desk One"),
        ({"mon": "", "fri": ""}, b"Front desk"),
    ):
        page = client.post("/settings/working-hours", data={**FORM, **change})
        assert page.status_code == 422, change
        assert typed in page.data
    assert queries.calendars() == []


def test_working_hours_are_the_administrators_alone(app: Flask) -> None:
    company = make_company(second_site=False)
    for person in (company.ana, company.sam, company.max, company.audra):
        client = sign_in(app.test_client(), person)
        assert client.get("/settings/working-hours").status_code == 403
        assert client.post("/settings/working-hours", data=FORM).status_code == 403
    assert queries.calendars() == []


def test_an_unknown_calendar_is_not_found(app: Flask) -> None:
    client = sign_in(app.test_client(), make_company(second_site=False).ada)
    for text in ("CA-9", "CA-x", "MG-1"):
        assert client.get(f"/settings/working-hours/{text}").status_code == 404
