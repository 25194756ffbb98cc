"""What the macros render, and what no template may hold."""

import hashlib
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.ui import assets
from tests.ui.gallery import make_app

TEMPLATES = Path(assets.__file__).parent / "templates"


@pytest.fixture
def client() -> FlaskClient:
    return make_app().test_client()


@pytest.fixture
def page(client) -> str:
    return client.get("/").get_data(as_text=True)


def token_of(page: str) -> str:
    return re.search(r'name="csrf-token" content="([^"]+)"', page).group(1)


def test_a_mistake_is_tied_to_its_field_and_what_was_typed_stays(client, page):
    answer = client.post("/", data={"csrf_token": token_of(page), "amount": "12.345<b>", "severity": "2"})
    shown = answer.get_data(as_text=True)
    assert answer.status_code == 422
    field = re.search(r'<input[^>]*name="amount"[^>]*>', shown).group(0)
    assert 'aria-invalid="true"' in field and 'aria-describedby="amount-error"' in field
    assert 'value="12.345&lt;b&gt;"' in field
    assert 'id="amount-error"' in shown and 'href="#summary"' in shown
    assert re.search(r'value="2"[^>]*checked|checked[^>]*value="2"', shown)


def test_a_hint_is_tied_to_its_field(page):
    assert 'id="email-hint"' in page
    assert 'aria-describedby="email-hint"' in re.search(r'<input[^>]*name="email"[^>]*>', page).group(0)


def test_a_form_without_its_token_is_refused(client):
    assert client.post("/", data={"summary": "x"}).status_code == 400


def test_a_state_is_said_in_words_too(page):
    assert '<span class="hidden" data-clock-word>Late: </span>' in page
    assert '<span class="hidden">Running: </span>' in page


def test_a_state_that_says_its_own_name_is_not_said_twice(page):
    chip = re.search(
        r'<span class="chip chip--paused">.*?</span></span>|<span class="chip chip--paused">.*?</time>', page, re.S
    )
    assert chip.group(0).count("Paused") == 1


def test_every_figure_has_its_table(page):
    assert page.count('<figure class="figure"') == 5
    assert page.count("The figures as a table") + page.count('<table class="heat">') == 5


def test_every_icon_asked_for_is_in_the_sprite(page):
    sprite = (assets.STATIC / "icons.svg").read_text()
    asked = set(re.findall(r"icons\.svg[^\"#]*#(i-[a-z-]+)", page))
    assert asked and all(f'id="{name}"' in sprite for name in asked)


def test_every_id_is_used_once(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_a_template_has_no_inline_script_or_style_and_stays_short(path):
    text = path.read_text()
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|hx-on|\|\s*safe", text)
    assert len(text.splitlines()) <= 200


def test_every_stylesheet_and_script_is_in_its_bundle():
    css = set((assets.STATIC / "css").rglob("*.css"))
    assert set(assets.style_files()) == css
    assert "--accent:" in assets.styles().text and "htmx:config:request" in assets.scripts().text


def test_components_use_tokens_for_colour():
    for path in (assets.STATIC / "css/components").glob("*.css"):
        for colour in re.findall(r"#[0-9a-f]{3,8}\b", path.read_text()):
            assert len(colour) in (5, 9), f"{path.name}: {colour} is no token (only shadows may be see-through)"


def test_bundles_are_kept_for_a_year_when_their_address_names_their_content(client, page):
    href = re.search(r'href="(/static/css/all\.css\?v=[0-9a-f]+)"', page).group(1)
    kept = client.get(href)
    assert kept.cache_control.max_age == 365 * 24 * 3600 and kept.mimetype == "text/css"
    assert client.get("/static/css/all.css").cache_control.max_age == 300


def test_nobody_signed_in_sees_no_pages_and_no_menu(client):
    page = client.get("/?signed-out").get_data(as_text=True)
    assert "rail__link" not in page and "Sign out" not in page


def test_an_error_page_says_what_to_do_and_its_reference(client):
    page = client.get("/error")
    assert page.status_code == 404 and "4be107d2" in page.get_data(as_text=True)


def test_a_choice_of_theme_is_kept_in_a_cookie_and_leads_back(client, page):
    data = {"csrf_token": token_of(page), "theme": "dark", "language": "xx", "next": "/?a=1"}
    answer = client.post("/preferences", data=data)
    assert (answer.status_code, answer.location) == (303, "/?a=1")
    assert client.get_cookie("theme").value == "dark" and client.get_cookie("language") is None
    assert 'data-theme="dark"' in client.get("/").get_data(as_text=True)


def test_keys_can_be_switched_off(client, page):
    client.post("/preferences", data={"csrf_token": token_of(page), "keys": "off"})
    assert 'data-keys="off"' in client.get("/").get_data(as_text=True)


def test_htmx_is_the_one_we_checked():
    folder = assets.STATIC / "vendor/htmx"
    digest = hashlib.sha256((folder / "htmx.min.js").read_bytes()).hexdigest()
    assert digest in (folder / "VERSION").read_text() and (folder / "LICENSE").exists()
