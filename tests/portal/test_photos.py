"""Photos come with a message or a report; they are hers to fetch, and nobody else's."""

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from PIL import Image

from app.attachments import actions as attachments
from app.attachments import rules as file_rules
from app.attachments import store
from app.attachments.models import Attachment
from app.attachments.queries import files_of
from app.kernel.database import db
from app.messages.models import Message
from app.portal import page_views, rules
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.portal.builders import visit
from tests.portal.test_reports import Desk


def photo() -> io.BytesIO:
    found = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(found, "JPEG")
    found.seek(0)
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_photo_comes_with_a_message_once_and_is_for_her_and_the_desk(app: Flask) -> None:
    company = make_company()
    case, other = make_case(company.ana), make_case(company.ana, customer="Dora Klein")
    cleo, dora = visit(app, case, company.ana), visit(app, other, company.ana)
    url = f"/your-case/{case.ref}"
    for _double_click in range(2):
        data = {"text": "Look.", "intent": "photo-key-01", "files": (photo(), "room.jpg")}
        assert cleo.post(f"{url}/messages", data=data).status_code == 303
    assert (db.session.query(Attachment).count(), db.session.query(Message).count()) == (1, 1)
    link = re.search(rf'href="({url}/files/[^"]+)"', cleo.get(url).text)
    assert link
    fetched = cleo.get(link[1])
    assert fetched.status_code == 200 and fetched.mimetype == "image/jpeg"
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    assert dora.get(link[1]).status_code == 404
    assert dora.get(link[1].replace(case.ref, other.ref)).status_code == 404
    assert "room.jpg" in sign_in(app.test_client(), company.ana).get(f"/cases/{case.ref}").text
    bad = {"text": "And this.", "intent": "photo-key-02", "files": (io.BytesIO(b"<svg onload=x>"), "x.jpg")}
    refused = cleo.post(f"{url}/messages", data=bad)
    assert refused.status_code == 422 and "And this." in refused.text
    assert len(files_of("case", case.id)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_staff_attached_is_not_on_her_page_and_times_are_in_her_zone(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    ana = sign_in(app.test_client(), company.ana)
    ana.post(f"/cases/{case.ref}/attachments", data={"files": (photo(), "internal.jpg")})
    cleo = visit(app, case, company.ana)
    url = f"/your-case/{case.ref}"
    inside = files_of("case", case.id)[0].ref
    assert "internal.jpg" not in cleo.get(url).text and cleo.get(f"{url}/files/{inside}").status_code == 404
    assert "Asia/Tokyo" in cleo.get(f"{url}/time-zone").text
    assert cleo.post(f"{url}/time-zone", data={"zone": "Asia/Tokyo"}).status_code == 303
    assert "Times are those of Asia/Tokyo" in cleo.get(url).text
    cleo.post(f"{url}/time-zone", data={"zone": "Mars/Olympus"})
    assert "Times are those of Europe/London" in cleo.get(url).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_photos_of_one_poster_s_reports_do_not_share_one_guest_s_day(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_rules, "CUSTOMER_FILES_MAX", 1)
    desk = Desk(app)
    for number in range(2):
        words = {"intent": f"poster-key-{number}", "email": f"guest{number}@example.org", "name": f"Guest {number}"}
        data = {**desk.typed(**words), "files": (photo(), "lift.jpg")}
        sent = desk.stranger.post(desk.url, data=data)
        assert sent.status_code == 303, sent.text
    assert [row.added_by for row in db.session.query(Attachment).order_by(Attachment.id)] == [
        "customer:MG-1", "customer:MG-2",
    ]  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_has_sent_too_much_has_no_photo_looked_at(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(attachments, "prepare", lambda _stream, name: looked.append(name))
    nothing = rules.Limit(1, timedelta(hours=1))
    monkeypatch.setattr(rules, "REPORTS_HERE", nothing)
    monkeypatch.setattr(page_views, "WRITTEN", nothing)
    desk = Desk(app)
    case = make_case(desk.company.ana)
    hers = visit(app, case, desk.company.ana)
    for number, status in enumerate((303, 429)):
        files = {"files": (photo(), "lift.jpg")} if number else {}
        report = {**desk.typed(intent=f"spent-key-{number}", email=f"guest{number}@example.org"), **files}
        assert desk.stranger.post(desk.url, data=report).status_code == status
        files = {"files": (photo(), "lift.jpg")} if number else {}
        message = {"text": "Look.", "intent": f"spent-key-{number}", **files}
        assert hers.post(f"/your-case/{case.ref}/messages", data=message).status_code == status
    assert looked == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_photos_that_come_twice_leave_no_file_behind(app: Flask) -> None:
    desk = Desk(app)
    case = make_case(desk.company.ana)
    hers = visit(app, case, desk.company.ana)
    for _twice in range(2):
        report = {**desk.typed(), "files": (photo(), "lift.jpg")}
        assert desk.stranger.post(desk.url, data=report).status_code == 303
        message = {"text": "Look.", "intent": "twice-key-01", "files": (photo(), "lift.jpg")}
        assert hers.post(f"/your-case/{case.ref}/messages", data=message).status_code == 303
    assert len([path for path in store.FILES.folder().rglob("*") if path.is_file()]) == 2
