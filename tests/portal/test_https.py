"""Over https: a cookie bound to this host, and forms that work from pages that send no referrer."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from app.kernel.database import db
from tests.cases.builders import make_case
from tests.conftest import settings_for
from tests.people.builders import make_company
from tests.portal.builders import path_of

HERE = "https://localhost"


@pytest.fixture
def secure(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(settings_for(database_url, tmp_path, MAKEGOOD_BASE_URL=HERE), TESTING=True)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_without_a_referrer_is_taken_with_its_token_and_refused_without(secure: Flask) -> None:
    company = make_company(second_site=False)
    case = make_case(company.ana)
    path = path_of(secure, case, company.ana).removeprefix(HERE)
    cleo = secure.test_client()
    shown = cleo.get(path, base_url=HERE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token
    assert cleo.post(path, base_url=HERE).status_code == 400
    other = {"Sec-Fetch-Site": "cross-site"}
    assert cleo.post(path, base_url=HERE, data={"csrf_token": token[1]}, headers=other).status_code == 403
    opened = cleo.post(path, base_url=HERE, data={"csrf_token": token[1]}, headers={"Sec-Fetch-Site": "same-origin"})
    assert opened.status_code == 303
    cookie = next(one for one in opened.headers.getlist("Set-Cookie") if "makegood-case" in one)
    assert cookie.startswith(f"__Host-makegood-case-{case.id}=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=1800"))
    assert cleo.get(f"/your-case/{case.ref}", base_url=HERE).status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_speaks_her_language_and_the_sites_time(secure: Flask) -> None:
    company = make_company(second_site=False)
    case = make_case(company.ana)
    path = path_of(secure, case, company.ana).removeprefix(HERE)
    for asked, spoken in (("de-DE,de;q=0.9", 'lang="de"'), ("en-GB", 'lang="en-GB"'), ("fr", 'lang="en-GB"')):
        assert spoken in secure.test_client().get(path, base_url=HERE, headers={"Accept-Language": asked}).text
