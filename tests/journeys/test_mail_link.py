"""Ana asks for more; the mail that Sam gets leads him, on a phone and signed out, to the decision."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from app import create_app
from app.approvals import live
from app.approvals.models import ExceptionRequest, UsedLink
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.notifications import outbox_jobs
from tests.approvals.builders import make_request
from tests.conftest import settings_for
from tests.journeys.conftest import PASS_PHRASE, House, give_pass_phrases
from tests.notifications.conftest import Box, box
from tests.people.builders import make_company

pytestmark = pytest.mark.browser
__all__ = ["box"]


@pytest.fixture
def house(box: tuple[Box, int], database_url: str, tmp_path: Path) -> Iterator[House]:
    """A served application that sends its mails to the box."""
    with make_server("127.0.0.1", 0, lambda *_: [], threaded=True) as probe:
        port = probe.server_port
    settings = settings_for(
        database_url, tmp_path, MAKEGOOD_SMTP_HOST="127.0.0.1", MAKEGOOD_SMTP_PORT=str(box[1]),
        MAKEGOOD_SMTP_STARTTLS="no", MAKEGOOD_BASE_URL=f"http://localhost:{port}",
    )  # fmt: skip
    app = create_app(settings, TESTING=True)
    with app.app_context():
        company = make_company(currency="USD", locale="en_US")
        give_pass_phrases(company)
        db.session.remove()
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield House(f"http://localhost:{port}", app, company)
    live.of(app).is_leaving = True
    server.shutdown()
    thread.join(10)
    with app.app_context():
        db.engine.dispose()


def test_the_mails_link_leads_through_sign_in_to_the_decision(
    house: House, chromium: Browser, box: tuple[Box, int]
) -> None:
    with house.app.app_context():
        request = make_request(house.company.ana, amount=Money(18_000, "USD"))
        reference, request_id = request.ref, request.id
        outbox_jobs.deliver_due(now=utc_now())
        db.session.remove()
    mail = next(mail for mail in box[0].mails if mail["To"] == house.company.sam.email)
    link = re.search(r"http://\S+/decide/\S+", mail.get_content())
    assert link
    # A browser that has never been here: an answer to an earlier page, still under way, would set its own cookie.
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(link[0])
    page.get_by_label("E-mail").fill(house.company.sam.email)
    page.get_by_label("Pass phrase").fill(PASS_PHRASE)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/decide/*")
    page.keyboard.press("d")
    page.get_by_label("Why not?").fill("The taxi was offered at once.")
    page.get_by_role("button", name="Decline $180.00").click()
    expect(page.get_by_text("Declined $180.00 for")).to_be_visible()
    with house.app.app_context():
        assert db.session.get(ExceptionRequest, request_id).state == "declined"  # type: ignore[union-attr]
        assert db.session.query(UsedLink).count() == 1
        db.session.remove()
    page.goto(link[0])
    page.wait_for_url(f"**/exceptions/{reference}")
    expect(page.get_by_text("The taxi was offered at once.")).to_be_visible()
    assert complaints == []
    context.close()
