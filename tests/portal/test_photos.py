"""Photos come with a message or a report; they are hers to fetch, and nobody else's."""

import io
import re

import pytest
from flask import Flask
from PIL import Image

from app.attachments.models import Attachment
from app.attachments.queries import files_of
from app.kernel.database import db
from app.messages.models import Message
from tests.cases.builders import make_case
from tests.people.builders import make_company, sign_in
from tests.portal.builders import visit


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
