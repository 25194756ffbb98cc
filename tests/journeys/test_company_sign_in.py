"""Sign-in with the company's account in a real browser, by way of a provider that others wrote, and its settings page."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from oidc_provider_mock import run_server_in_thread
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from app import create_app
from app.kernel.database import db
from tests.conftest import settings_for
from tests.journeys.conftest import House, give_pass_phrases
from tests.people.builders import make_company
from tests.people.provider import settings_of

pytestmark = pytest.mark.browser


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Like the other journeys' house, whose people sign in at a provider."""
    with run_server_in_thread(require_nonce=True) as provider:
        issuer = f"http://localhost:{provider.server_port}"
        requests.put(f"{issuer}/users/s-ada", json={"email": "ada@makegood.example", "email_verified": True}, timeout=5)
        server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        url = f"http://localhost:{server.server_port}"
        settings = settings_for(database_url, tmp_path, MAKEGOOD_BASE_URL=url, **settings_of(issuer))
        app = create_app(settings, TESTING=True)
        with app.app_context():
            company = make_company(currency="USD", locale="en_US")
            give_pass_phrases(company)
            db.session.remove()
        server.app = app
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield House(url, app, company)
        finally:
            server.shutdown()
            thread.join(10)
            with app.app_context():
                db.engine.dispose()


def test_ada_comes_in_by_the_company_and_makes_a_token_for_its_program(house: House, chromium: Browser) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{house.url}/provisioning")
    page.get_by_role("link", name="Sign in with Quayside Hotels").click()
    page.locator("input[name=sub]").first.fill("s-ada")
    page.locator("button[type=submit]").first.click()
    expect(page.get_by_role("heading", name="Provisioning and single sign-on", level=1)).to_be_visible()
    page.get_by_label("Which program is it for?").fill("Entra ID")
    page.get_by_role("button", name="Make it").click()
    secret = page.get_by_label("Copy it now: it is shown only here.")
    expect(secret).to_be_visible()
    answer = requests.get(
        f"{house.url}/scim/v2/Users", headers={"Authorization": f"Bearer {secret.input_value()}"}, timeout=30
    )
    assert answer.json()["totalResults"] == 9
    page.goto(f"{house.url}/me")
    expect(page.get_by_text("with the company's account")).to_be_visible()
    assert complaints == []
    context.close()
