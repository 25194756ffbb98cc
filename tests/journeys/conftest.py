"""A served application on a database of its own, and a real Chromium in front of it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from app import create_app
from app.approvals import live
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import secret_actions
from tests.conftest import settings_for
from tests.people.builders import OPERATOR, Company, make_company

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


PASS_PHRASE = "copper lantern seven otters"


def give_pass_phrases(company: Company) -> None:
    """Let everybody of the company sign in with PASS_PHRASE."""
    for who in ("ana", "bo", "sam", "max", "hana", "ada", "audra", "nia", "tom"):
        person = getattr(company, who)
        if person is not None:
            secret_actions.set_pass_phrase(employee_id=person.id, phrase=PASS_PHRASE, actor=OPERATOR, now=utc_now())


@dataclass(frozen=True)
class House:
    """A served application: its address, its people, and the application for looking behind the scenes."""

    url: str
    app: Flask
    company: Company


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    app = create_app(settings_for(database_url, tmp_path), TESTING=True)
    with app.app_context():
        company = make_company(currency="USD", locale="en_US")
        give_pass_phrases(company)
        db.session.remove()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield House(f"http://localhost:{server.server_port}", app, company)
    finally:
        live.of(app).is_leaving = True
        server.shutdown()
        thread.join(10)
        with app.app_context():
            db.engine.dispose()


@dataclass
class Desk:
    """One person's browser window, signed in; notes every script error and policy violation."""

    page: Page
    house: House
    complaints: list[str]

    def go(self, path: str) -> None:
        self.page.goto(self.house.url + path)


@pytest.fixture
def desk_of(chromium: Browser, house: House) -> Iterator[Any]:
    """`desk_of("ana", width=390, scheme="dark", scripts=False)` opens a window in which that person is signed in."""
    contexts = []

    def open_desk(
        who: str, *, width: int = 1280, height: int = 844, scheme: str = "light", scripts: bool = True
    ) -> Desk:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            java_script_enabled=scripts,
            locale="en-GB",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        desk = Desk(page, house, [])
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                desk.complaints.append(message.text)
                if message.type == "error" and "Content Security Policy" in message.text
                else None
            ),
        )
        desk.go("/sign-in")
        page.get_by_label("E-mail").fill(getattr(house.company, who).email)
        page.get_by_label("Pass phrase").fill(PASS_PHRASE)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return desk

    yield open_desk
    for context in contexts:
        context.close()


def axe_findings(page: Page) -> list[str]:
    """Run axe-core on the page; returns one line per finding."""
    source = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", AXE_TAGS)
    return [
        f"{page.url} {violation['id']}: {violation['help']} {node['target']} {node.get('failureSummary', '')[:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
