"""Cleo by e-mail alone and Ana at the desk: report, offer, refusal, a better offer, acceptance, receipt; over real mail servers."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from app import create_app
from app.approvals import live
from app.cases.category_actions import add_category
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.messages import jobs
from app.messages.mailbox_actions import set_mailbox
from app.notifications import outbox_jobs
from app.remedies.models import Remedy
from tests.conftest import settings_for
from tests.journeys.conftest import Desk, House, give_pass_phrases
from tests.messages.imap_stand_in import Post, imap_server
from tests.messages.mails import mail
from tests.notifications.conftest import Box, box
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

pytestmark = pytest.mark.browser
__all__ = ["box"]


@pytest.fixture
def post() -> Iterator[tuple[Post, str]]:
    with imap_server() as found:
        yield found


@pytest.fixture
def house(box: tuple[Box, int], post: tuple[Post, str], database_url: str, tmp_path: Path) -> Iterator[House]:
    """A served application that sends by SMTP and fetches by IMAP, with one mailbox whose mail opens cases."""
    with make_server("127.0.0.1", 0, lambda *_: [], threaded=True) as probe:
        port = probe.server_port
    settings = settings_for(
        database_url, tmp_path, MAKEGOOD_SMTP_HOST="127.0.0.1", MAKEGOOD_SMTP_PORT=str(box[1]),
        MAKEGOOD_SMTP_STARTTLS="no", MAKEGOOD_MAIL_FROM="makegood@quay.example",
        MAKEGOOD_BASE_URL=f"http://localhost:{port}",
    )  # fmt: skip
    app = create_app(replace(settings, imap_url=post[1]), TESTING=True)
    with app.app_context():
        company = make_company(currency="USD", locale="en_US")
        give_pass_phrases(company)
        publish_policy()
        category = add_category(name="Noise", actor=command("test"), now=utc_now())
        set_mailbox(
            site_id=company.quayside.id, address="care@quay.example", name="Quayside", category_id=category.id,
            severity=2, version=0, actor=company.ada.actor, now=utc_now(),
        )  # fmt: skip
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


class Cleo:
    """The customer's mail program: it writes into the IMAP folder and reads what the SMTP server took."""

    def __init__(self, house: House, box: Box, post: Post) -> None:
        self.house, self.box, self.post = house, box, post

    def writes(self, text: str, *, to: Any = None) -> None:
        """Send a mail, an answer to another one where that is given, and let the product fetch it."""
        heads = {"To": str(to["Reply-To"]), "In_Reply_To": str(to["Message-ID"])} if to else {}
        self.post.put(mail(text, **heads))
        with self.house.app.app_context():
            assert jobs.poll(now=utc_now()) == 1

    def reads(self) -> Any:
        """The newest mail to Cleo."""
        with self.house.app.app_context():
            outbox_jobs.deliver_due(now=utc_now())
        return [one for one in self.box.mails if "cleo@example.org" in one["To"]][-1]


def body_of(found: Any) -> str:
    return str(found.get_body(("plain",)).get_content())


def offer(ana: Desk, amount: str, reason: str, button: str, said: str) -> None:
    ana.go("/cases/MG-1")
    ana.page.locator("#can-amount").fill(amount)
    check = ana.page.get_by_role("button", name="Check", exact=True)
    if check.is_visible():  # without scripts the answer comes by this button
        check.click()
    ana.page.locator("#can-reason").fill(reason)
    ana.page.get_by_role("button", name=re.compile(f"^{button}")).click()
    expect(ana.page.get_by_text(said).first).to_be_visible()


def send_mail(ana: Desk, text: str) -> None:
    """Write to Cleo, with the link to their page."""
    ana.go("/cases/MG-1")
    link = ana.page.locator("#customer-link").input_value()
    ana.page.locator("#mail-text").fill(f"{text}\n\n{link}")
    ana.page.get_by_role("button", name="Send to cleo@example.org", exact=True).click()
    expect(ana.page.get_by_text("is on its way.")).to_be_visible()


def send_letter(ana: Desk) -> None:
    """Write the final response: a part that is missing is refused, the preview shows the paper, and then it goes."""
    ana.go("/cases/MG-1/letters")
    ana.page.get_by_role("link", name="Final response").click()
    ana.page.get_by_label("Our decision").fill("We agree with you.")
    ana.page.get_by_label("Why").fill("The kitchen starts at five.")
    ana.page.get_by_label("What you receive").fill("You receive $900.00.")
    ana.page.get_by_label("What happens next").fill("We pay it within five days.")
    ana.page.get_by_label("If you don't agree").fill(" ")
    ana.page.get_by_role("button", name="Send", exact=True).click()
    expect(ana.page.locator("[aria-invalid=true]")).to_have_count(1)
    expect(ana.page.get_by_label("Our decision")).to_have_value("We agree with you.")
    ana.page.get_by_label("If you don't agree").fill("Turn to the ombudsman within six months.")
    ana.page.get_by_role("button", name="Show the preview").click()
    expect(ana.page.get_by_role("heading", name="What the customer reads")).to_be_visible()
    ana.page.get_by_role("button", name="Send", exact=True).click()
    expect(ana.page.get_by_role("link", name="Final response").first).to_be_visible()
    expect(ana.page.get_by_text("No letter was sent yet")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_the_first_mail_to_the_receipt_by_mail(
    house: House, desk_of: Any, chromium: Browser, box: tuple[Box, int], post: tuple[Post, str], scripts: bool
) -> None:
    cleo = Cleo(house, box[0], post[0])
    cleo.writes("Our room was above the kitchen.\nPots from five in the morning, three nights.")
    acknowledged = cleo.reads()
    assert "MG-1" in acknowledged["Subject"] and "We answer you by" in body_of(acknowledged)

    # Ana offers what she may, and says so by mail; the customer's answer by mail stands on the case.
    ana: Desk = desk_of("ana", scripts=scripts)
    offer(ana, "40", "Three nights of noise", "Offer", "is offered and held")
    send_mail(ana, "We are sorry. We offer you $40.00; answer this mail, or here:")
    cleo.writes("No thank you. Three nights, not one.", to=cleo.reads())
    ana.go("/cases/MG-1")
    said = ana.page.get_by_role("region", name="Timeline").get_by_text("No thank you. Three nights, not one.")
    expect(said).to_be_visible()
    ana.page.locator("#RM-1").get_by_role("button", name="Declined").click()
    expect(ana.page.locator("#RM-1").get_by_role("button", name="Declined")).to_have_count(0)

    # More than Ana may give: Sam approves, and Cleo hears of it by mail.
    offer(ana, "900", "Three nights, not one", "Ask", "You are told when it is decided.")
    sam: Desk = desk_of("sam", width=390, scripts=scripts)
    sam.go("/exceptions/EX-1")
    sam.page.get_by_role("button", name=re.compile(r"Approve \$900\.00")).click()
    expect(sam.page.get_by_text("Approved $900.00 for MG-1.")).to_be_visible()
    send_mail(ana, "You are right. We offer you $900.00. Take it here:")
    better = cleo.reads()

    # The link in the mail: looked at twenty times it changes nothing; the button takes the offer.
    found = re.search(rf"{house.url}(/c/\S+)", body_of(better))
    assert found
    scanner = house.app.test_client()
    assert {scanner.get(found[1]).status_code for _visit in range(20)} == {200}
    context = chromium.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", java_script_enabled=scripts)
    hers: Page = context.new_page()
    hers.set_default_timeout(15_000)
    hers.goto(house.url + found[1])
    hers.get_by_role("button", name="Open my case").click()
    hers.get_by_role("button", name="Accept $900.00").click()
    expect(hers.get_by_text("You accepted $900.00 · Refund.")).to_be_visible()
    with house.app.app_context():
        assert [row.state for row in db.session.query(Remedy).order_by(Remedy.id)] == ["declined", "settled"]

    # The final response comes by mail with its PDF, and stands on the page too.
    send_letter(ana)
    (paper,) = list(cleo.reads().iter_attachments())
    assert paper.get_content_type() == "application/pdf" and paper.get_content().startswith(b"%PDF")
    hers.reload()
    expect(hers.get_by_role("link", name="Receipt RM-2")).to_be_visible()
    with hers.expect_download() as kept:
        hers.get_by_role("link", name=re.compile("Final response")).click()
    assert Path(kept.value.path()).read_bytes() == paper.get_content()

    # And the receipt by mail: what was settled stands in it already.
    ana.go("/cases/MG-1/letters")
    ana.page.get_by_role("link", name="Receipt").click()
    expect(ana.page.get_by_label("What you receive")).to_have_value(re.compile(r"\$900\.00.*RM-2"))
    ana.page.get_by_role("button", name="Send", exact=True).click()
    expect(ana.page.get_by_role("link", name="Receipt").first).to_be_visible()
    expect(ana.page.get_by_role("button", name="Send", exact=True)).to_have_count(0)
    receipt = cleo.reads()
    assert "receipt" in receipt["Subject"].lower() and "$900.00" in body_of(receipt)
    assert ana.complaints == []
    context.close()
