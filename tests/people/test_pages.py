"""The room's pages as the administrator, a colleague and a stranger see them."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import queries
from app.people.models import Employee, Site, Team
from tests.people.builders import Company, make_company, make_person, sign_in

PHRASE = "violet tram under nine oaks"


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


@pytest.fixture
def ada(app: Flask, company: Company) -> FlaskClient:
    return sign_in(app.test_client(), company.ada)


def said(**changes: object) -> dict[str, object]:
    values = {"name": "Kim Novak", "email": "kim@makegood.example", "role": "frontline", "site_id": "1", "team_id": ""}
    return {**values, "manager_id": "", "locale": "", "job_title": "Porter", **changes}


def test_the_directory_is_for_those_who_keep_or_read_people(app: Flask, company: Company, ada: FlaskClient) -> None:
    assert ada.get("/people").status_code == 200
    audra = sign_in(app.test_client(), company.audra).get("/people")
    assert (audra.status_code, "Add somebody" in audra.text) == (200, False)
    assert sign_in(app.test_client(), company.ana).get("/people").status_code == 403
    assert app.test_client().get("/people").status_code == 303


@pytest.mark.parametrize("path", ["/me", "/me/second-factor", "/me/tokens", "/me/notices", "/me/reports"])
def test_ones_own_pages_mark_ones_own_place_and_no_room_of_the_rail(ada: FlaskClient, path: str) -> None:
    page = ada.get(path)
    assert page.status_code == 200
    assert _marked(page.text) == {"/me"}
    assert _marked(ada.get("/people").text) == {"/people"}


def _marked(text: str) -> set[str]:
    links = re.findall(r'<a [^>]*aria-current="page"[^>]*>', text)
    return {found.group(1) for one in links if (found := re.search(r'href="([^"]+)"', one))}


def test_the_directory_finds_by_part_of_a_name_and_keeps_the_filter(company: Company, ada: FlaskClient) -> None:
    page = ada.get("/people?term=RUI&role=frontline&state=all")
    assert "Ana Ruiz" in page.text
    assert "Bo Lindgren" not in page.text
    assert 'value="RUI"' in page.text
    assert "Nobody found" in ada.get("/people?term=%25").text
    assert "Nobody found" in ada.get("/people?term=_").text


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=WyJhIiwxXQ",
        "after=WyJhIiwiYiJd",
        "site_id=x&role=boss&state=%00",
        "term=%00%ff",
        "after=" + "A" * 600,
    ],
)
def test_an_unreadable_address_narrows_nothing_and_breaks_nothing(ada: FlaskClient, query: str) -> None:
    assert ada.get(f"/people?{query}").status_code == 200


def test_pages_of_the_directory_follow_each_other_without_gap_or_repeat(company: Company, ada: FlaskClient) -> None:
    for index in range(60):
        make_person("Same Name", "frontline", company.quayside.id, email=f"p{index}@makegood.example")
    seen: list[str] = []
    url = "/people"
    while url:
        page = ada.get(url).text
        seen += re.findall(r'href="/people/(EM-\d+)"', page)
        following = re.search(r'href="(/people\?[^"]*after=[^"]+)"', page)
        url = following.group(1).replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == db.session.query(Employee).count()


def test_adding_somebody_shows_the_link_once_and_the_link_lets_them_in(
    app: Flask, company: Company, ada: FlaskClient
) -> None:
    answer = ada.post("/people", data=said())
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    link = re.search(r"http://localhost(/welcome/[\w-]+)", answer.text)
    assert link is not None
    added = queries.person_by_email("kim@makegood.example")
    assert added is not None
    assert link.group(1) not in ada.get(f"/people/{added.ref}").text
    kim = app.test_client()
    welcome = kim.get(link.group(1))
    assert (welcome.status_code, welcome.headers["Referrer-Policy"]) == (200, "no-referrer")
    weak = kim.post(link.group(1), data={"phrase": "short"})
    assert weak.status_code == 422
    assert "at least 15 characters" in weak.text
    assert kim.post(link.group(1), data={"phrase": PHRASE}).status_code == 303
    assert kim.get("/me").status_code == 200
    assert app.test_client().get(link.group(1)).status_code == 410


def test_a_mistake_is_named_beside_its_field_and_what_was_typed_stays(company: Company, ada: FlaskClient) -> None:
    before = db.session.query(Employee).count()
    answer = ada.post("/people", data=said(email="ana@makegood.example", job_title="Night porter"))
    assert answer.status_code == 422
    assert "Somebody already has this e-mail address." in answer.text
    assert 'value="Night porter"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert db.session.query(Employee).count() == before


@pytest.mark.parametrize(
    "changes",
    [{"site_id": "x"}, {"site_id": ""}, {"role": "king"}, {"team_id": "9" * 30}, {"name": "\0"}, {"manager_id": "-1"}],
)
def test_hostile_values_are_refused_beside_the_field(
    company: Company, ada: FlaskClient, changes: dict[str, str]
) -> None:
    assert ada.post("/people", data=said(**changes)).status_code == 422


def test_two_administrators_never_lose_a_change_silently(app: Flask, company: Company, ada: FlaskClient) -> None:
    url = f"/people/{company.ana.ref}/edit"
    form = said(name="Ana Ruiz", email="ana@makegood.example", version=str(company.ana.version))
    assert ada.post(url, data={**form, "job_title": "Concierge"}).status_code == 303
    late = ada.post(url, data={**form, "job_title": "Night porter"})
    assert late.status_code == 409
    assert "Somebody changed this" in late.text
    assert 'value="Night porter"' in late.text
    version = re.search(r'name="version"[^>]*value="(\d+)"', late.text)
    assert version is not None
    assert ada.post(url, data={**form, "job_title": "Night porter", "version": version.group(1)}).status_code == 303


def test_deactivating_asks_who_takes_over_and_says_so_beside_the_form(company: Company, ada: FlaskClient) -> None:
    url = f"/people/{company.sam.ref}/deactivation"
    assert "Front desk, Ana Ruiz, Bo Lindgren" in ada.get(url).text
    version = str(company.sam.version)
    refused = ada.post(url, data={"version": version, "successor_id": ""})
    assert refused.status_code == 409
    assert "Choose who takes over" in refused.text
    assert ada.post(url, data={"version": version, "successor_id": str(company.max.id)}).status_code == 303
    assert "Deactivated" in ada.get(f"/people/{company.sam.ref}").text


def test_the_last_administrator_reads_why_she_must_stay(company: Company, ada: FlaskClient) -> None:
    answer = ada.post(
        f"/people/{company.ada.ref}/deactivation", data={"version": str(company.ada.version), "successor_id": ""}
    )
    assert answer.status_code == 409
    assert "last administrator" in answer.text


def test_someone_deactivated_comes_back_by_a_new_link_only(app: Flask, company: Company, ada: FlaskClient) -> None:
    people.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=utc_now())
    assert ada.post(f"/people/{company.ana.ref}/links").status_code == 404
    assert (
        ada.post(f"/people/{company.ana.ref}/activation", data={"version": str(company.ana.version + 1)}).status_code
        == 303
    )
    assert ada.post(f"/people/{company.ana.ref}/links").status_code == 201
    twice = {"version": str(company.ana.version + 2)}  # they are here already, and nothing is to be told
    assert ada.post(f"/people/{company.ana.ref}/activation", data=twice).status_code == 303


def test_a_site_opens_with_its_own_time_and_money_and_keeps_its_currency(company: Company, ada: FlaskClient) -> None:
    form = {
        "name": "Alster",
        "code": "als",
        "currency": "eur",
        "time_zone": "Europe/Berlin",
        "locale": "de_DE",
        "country": "DE",
    }
    form |= {"subdivision": "HH", "calendar_id": ""}
    bad = ada.post("/sites", data={**form, "time_zone": "Mars/Olympus"})
    assert bad.status_code == 422
    assert "Mars/Olympus" in bad.text
    assert ada.post("/sites", data=form).status_code == 303
    site = next(row for row in queries.sites() if row.code == "ALS")
    changed = {**form, "name": "Alster House", "currency": "USD", "version": str(site.version)}
    assert ada.post(f"/sites/SI-{site.id}", data=changed).status_code == 303
    assert ada.post(f"/sites/SI-{site.id}", data=changed).status_code == 409
    assert (queries.site(site.id).name, queries.site(site.id).currency) == ("Alster House", "EUR")


def test_a_team_is_formed_and_led_by_a_supervisor_of_its_site(company: Company, ada: FlaskClient) -> None:
    form = {"name": "Kitchen", "site_id": str(company.quayside.id), "supervisor_id": str(company.sam.id)}
    assert (
        ada.post("/teams", data={**form, "supervisor_id": str(company.tom.id if company.tom else 0)}).status_code == 422
    )
    assert ada.post("/teams", data=form).status_code == 303
    assert ada.post("/teams", data=form).status_code == 422
    team = db.session.query(Team).filter_by(name="Kitchen").one()
    assert ada.post(f"/teams/TE-{team.id}", data={**form, "name": "Breakfast", "version": "1"}).status_code == 303
    assert "Breakfast" in ada.get("/teams").text


def test_the_profile_keeps_language_and_colours_on_this_device_too(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ana)
    assert client.post("/me", data={"locale": "de", "theme": "dark", "keys_off": "y"}).status_code == 303
    page = client.get("/me").text
    assert 'data-theme="dark"' in page
    assert '<html lang="de' in page
    found = queries.person(company.ana.id)
    assert found is not None
    assert (found.locale, found.theme, found.keys_off) == ("de", "dark", True)
    assert client.post("/me", data={"locale": "de", "theme": "pink"}).status_code == 422


def test_a_browser_can_be_signed_out_from_another_one(app: Flask, company: Company) -> None:
    here, there = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.ana)
    other = re.findall(r"/me/sessions/(\d+)/end", here.get("/me").text)
    assert len(other) == 1
    assert sign_in(app.test_client(), company.bo).post(f"/me/sessions/{other[0]}/end").status_code == 303
    assert there.get("/me").status_code == 200
    assert here.post(f"/me/sessions/{other[0]}/end").status_code == 303
    assert there.get("/me").status_code == 303
    assert here.get("/me").status_code == 200


def test_a_token_is_shown_once_and_revoked(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ana)
    made = client.post("/me/tokens", data={"name": "Night export"})
    assert made.status_code == 201
    secret = re.search(r'value="(mg_[\w-]+)"', made.text)
    assert secret is not None
    later = client.get("/me/tokens").text
    assert "Night export" in later
    assert secret.group(1) not in later
    reference = re.search(r"/me/tokens/(TK-\d+)/revocation", later)
    assert reference is not None
    stranger = sign_in(app.test_client(), company.bo).post(f"/me/tokens/{reference.group(1)}/revocation")
    assert stranger.status_code == 404
    assert client.post(f"/me/tokens/{reference.group(1)}/revocation").status_code == 303
    assert "No token yet" in client.get("/me/tokens").text
    assert client.post("/me/tokens", data={"name": ""}).status_code == 422


def test_links_to_files_carry_their_content_hash_and_may_be_kept_for_a_year(app: Flask) -> None:
    client = app.test_client()
    url = re.search(r"/static/favicon\.svg\?v=[0-9a-f]{10}", client.get("/sign-in").text)
    assert url is not None
    assert client.get(url.group(0)).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_no_site_answers_the_same_as_an_unreadable_reference(company: Company, ada: FlaskClient) -> None:
    for url in (
        "/sites/SI-999",
        "/sites/xx",
        "/teams/TE-999",
        "/people/MG-1",
        "/people/EM-0",
        "/people/EM-" + "9" * 40,
    ):
        assert ada.get(url).status_code == 404, url
    assert db.session.query(Site).count() == 2
