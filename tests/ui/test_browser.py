"""The gallery in a real browser: no finding of axe, no sideways scrolling, and what the scripts do."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import axe_playwright_python
import pytest
from flask import Response
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from tests.ui.gallery import make_app

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = make_app()

    @app.after_request
    def _policy(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page that fails the test when the console says anything bad, a broken policy included."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert [line for line in said if "status of 4" not in line] == []


def findings(page: Page) -> list[Any]:
    page.evaluate(AXE)
    result = page.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    assert len(result["passes"]) > 10
    return [(found["id"], found["nodes"][0]["target"]) for found in result["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/error", "/?signed-out", "/empty-settings", "/task"])
def test_axe_finds_nothing(page, address, path, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(address + path)
    assert findings(page) == []


def test_nothing_scrolls_sideways_from_a_phone_to_a_wide_screen(page, address):
    page.goto(address)
    for width in (360, 390, 720, 900, 1100, 1280, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_targets_are_large_enough_for_a_finger(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, select, summary, .chip--filter, .button, nav a")]
             .filter(e => e.checkVisibility())
             .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
             .filter(([, box]) => box.width && (box.width < 24 || box.height < 24)).map(([name]) => name)"""
    )
    assert small == []


def test_both_fonts_come_from_us_once(page, address):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "woff2" in request.url else None)
    page.goto(address)
    page.evaluate("document.fonts.ready")
    assert len(asked) == len(set(asked)) == 2


def test_keys_press_the_real_controls_and_rest_while_somebody_types(page, address):
    page.goto(address + "/?quiet")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("r")
    assert not page.locator("#resolve").is_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("r")
    assert page.locator("#resolve").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent").startswith("Air conditioning")
    page.keyboard.press("?")
    assert "Make an offer" in page.locator("#keys-dialog").inner_text()
    assert findings(page) == []


def test_keys_switched_off_do_nothing(page, address):
    page.goto(address + "/?quiet")
    page.keyboard.press("?")
    page.get_by_role("button", name="Switch the keys off").click()
    page.keyboard.press("r")
    assert not page.locator("#resolve").is_visible()


def test_a_customer_is_found_by_keyboard_alone_and_let_go_by_typing(page, address):
    page.goto(address + "/?quiet")
    page.locator("#customer").press_sequentially("cle", delay=20)
    page.locator("[role=option]").first.wait_for()
    assert page.get_attribute("#customer", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#customer", "aria-activedescendant") == "customer-option-0"
    assert findings(page) == []
    page.keyboard.press("Enter")
    chosen = page.locator("[name=customer_id]")
    assert (page.input_value("#customer"), chosen.input_value()) == ("Cleo Marchetti", "CU-1")
    page.locator("#customer").press("x")
    assert chosen.input_value() == ""


def test_a_draft_survives_a_reload_and_goes_when_it_was_sent(page, address):
    page.goto(address + "/?quiet")
    page.fill("#story", "A long story")
    page.get_by_text("Draft kept on this device").wait_for()
    page.goto(address + "/?quiet")
    assert page.input_value("#story") == "A long story"
    with page.expect_navigation():
        page.get_by_role("button", name="Log the case").click()
    assert page.evaluate("localStorage.length") == 0
    assert page.input_value("#story") == "A long story"


def test_a_draft_stays_when_what_came_up_is_an_error_or_a_sign_in(page, address):
    page.goto(address + "/?quiet")
    plain, shown = page.request.get(address + "/?quiet").text(), {}
    page.route("**/said", lambda route: route.fulfill(content_type="text/html", body=shown["page"]))
    for said, left in (("stay", [1, 0]), ("later", [1, 1]), ("", [0, 0])):
        page.evaluate("localStorage.setItem('draft:a', '{}'); sessionStorage.setItem('draft-sent', 'a')")
        shown["page"] = plain.replace("<main", f'<main data-drafts="{said}"')
        page.goto(address + "/said")
        assert page.evaluate("[localStorage.length, sessionStorage.length]") == left, said


def test_a_mistake_is_announced_and_focused(page, address):
    page.goto(address + "/?quiet")
    with page.expect_navigation():
        page.get_by_role("button", name="Log the case").click()
    page.wait_for_function("document.activeElement.className === 'errors'")
    assert findings(page) == []


def test_a_form_is_sent_once_however_often_it_is_pressed(page, address):
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.goto(address + "/?quiet")
    page.evaluate(
        "b => { b.click(); b.click(); b.click(); }", page.get_by_role("button", name="Pause").element_handle()
    )
    page.wait_for_load_state("networkidle")
    assert len(posts) == 1


def test_the_theme_changes_at_once_and_stays(page, address):
    page.goto(address + "/?quiet")
    with page.expect_response("**/preferences"):
        page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_a_fragment_is_swapped_also_when_it_refuses_and_carries_the_token(page, address):
    page.goto(address + "/?quiet")
    page.locator("#sum").press_sequentially("x")
    page.get_by_text("Type an amount").wait_for()
    page.fill("#sum", "120")
    page.get_by_text("120 is fine").wait_for()


def test_a_whole_page_as_an_answer_takes_the_window(page, address):
    page.goto(address + "/?quiet")
    page.fill("#sum", "go")
    page.wait_for_url("**/error")


def test_a_decision_fits_a_phone_with_its_buttons_at_the_thumb(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + "/task")
    for name in ("Approve £180.00", "Approve less…", "Decline…"):
        box = page.get_by_text(name, exact=True).bounding_box()
        assert box and box["y"] + box["height"] <= 844


def test_a_clock_that_runs_out_turns_late_while_it_is_watched(page, address):
    page.goto(address + "/?quiet")
    page.evaluate(
        """() => { const chip = document.querySelector("[data-clock=soon]");
                   chip.querySelector("time").dateTime = new Date(Date.now() - 120000).toISOString();
                   chip.id = "watched"; document.dispatchEvent(new CustomEvent("htmx:after:swap", {detail: {}})); }"""
    )
    assert page.locator("#watched").inner_text().endswith("Reply late by 2 m")
    assert "chip--breached" in page.get_attribute("#watched", "class")


def test_everything_is_there_without_scripts(chromium, address):
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="More").click()
    assert page.get_by_role("button", name="Sign out").is_visible()
    assert page.get_by_text("Reply due in").first.is_visible()
    context.close()


def test_print_leaves_out_navigation(page, address):
    page.goto(address)
    page.emulate_media(media="print")
    assert not page.locator(".rail").is_visible() and not page.locator(".topbar").is_visible()
    assert page.locator(".timeline").is_visible()
