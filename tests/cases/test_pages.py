"""The pages of cases as the owner, a colleague and a stranger see them."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cases import actions as cases
from app.cases import queries
from app.cases.category_actions import add_category
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.messages.models import Message
from app.people.permissions import COMPANY
from app.people.queries import PersonRow
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

QUERIES_MAX = 15
CASE_PAGE_MAX = 12


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def browser(app: Flask, person: PersonRow | None) -> FlaskClient:
    assert person
    return sign_in(app.test_client(), person)


def kinds_of(case: Case) -> list[str]:
    return [row.kind for row in queries.events(case.id, Page()).rows]


def typed(company: Company, **changes: str) -> dict[str, str]:
    category = add_category(name="Comfort", actor=command("test"), now=utc_now())
    return {
        "customer": "Cleo Marchetti",
        "summary": "Air conditioning failed",
        "category_id": str(category.id),
        "severity": "3",
        "channel": "phone",
        "attribution": "company",
        "is_mine": "y",
        **changes,
    }


def test_a_case_is_logged_from_the_form_and_its_page_opens(app: Flask, company: Company) -> None:
    ana = browser(app, company.ana)
    form = ana.get("/cases/new").get_data(as_text=True)
    assert 'role="combobox"' in form
    assert "autofocus" in form
    values = typed(company, customer="Cleo Marchetti <cleo@example.org>", description="29 degrees.\nAt four.")
    answer = ana.post("/cases", data=values)
    assert answer.status_code == 303
    case = db.session.query(Case).one()
    assert answer.location == f"/cases/{case.ref}"
    assert (case.owner_id, case.team_id, case.site_id) == (company.ana.id, company.front_desk.id, company.quayside.id)
    assert db.session.query(Customer).one().email == "cleo@example.org"
    page = ana.get(answer.location).get_data(as_text=True)
    assert "29 degrees.\nAt four." in page
    assert "Cleo Marchetti" in page
    assert "First word due" in page
    ana.post("/cases", data=typed(company, customer="anything", email="CLEO@example.org"))
    ana.post("/cases", data=typed(company, customer="Cleo", customer_id=f"CU-{case.customer_id}"))
    ana.post("/cases", data=typed(company, customer=""))
    db.session.rollback()
    assert [row.customer_id for row in db.session.query(Case).order_by(Case.id)] == [case.customer_id] * 3 + [None]


def test_the_same_form_sent_twice_is_one_case_and_one_reply(app: Flask, company: Company) -> None:
    ana = browser(app, company.ana)
    values = typed(company, intent="a-key-of-this-form")
    first, second = ana.post("/cases", data=values), ana.post("/cases", data=values)
    assert first.status_code == second.status_code == 303 and first.location == second.location
    other = ana.post("/cases", data={**values, "summary": "And the door is stuck"})
    assert other.location != first.location, "what was changed before it was sent again is another case"
    assert ana.post("/cases", data={**values, "summary": ""}).status_code == 422
    said = {"text": "We send somebody up.", "channel": "desk", "intent": "a-key-of-that-form"}
    for text in (said["text"], said["text"], "He is on his way."):
        assert ana.post(f"{first.location}/replies", data={**said, "text": text}).status_code == 303
    assert db.session.query(Message.text).count() == db.session.query(Case).count() == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"summary": " "}, "Say in a few words what happened"),
        ({"severity": ""}, "How bad is it"),
        ({"severity": "7"}, "Not a valid choice"),
        ({"category_id": "999"}, "Not a valid choice"),
        ({"category_id": "x"}, "Category"),
        ({"channel": "fax"}, "Not a valid choice"),
        ({"email": "no address"}, "not an e-mail address"),
        ({"occurred_at": "2999-01-01T10:00"}, "in the future"),
        ({"occurred_at": "yesterday"}, "Give a date and a time"),
        ({"customer_id": "CU-999"}, "Choose the customer again"),
        ({"summary": "x" * 121}, "120"),
    ],
)
def test_a_mistake_is_told_beside_the_field_and_keeps_what_was_typed(
    app: Flask, company: Company, changes: dict[str, str], sentence: str
) -> None:
    values = typed(company, description="a story that must not be lost", **changes)
    answer = browser(app, company.ana).post("/cases", data=values)
    body = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in body
    assert "a story that must not be lost" in body
    assert 'value="Cleo Marchetti"' in body
    db.session.rollback()
    assert db.session.query(Case).count() == 0
    assert db.session.query(Customer).count() == 0


def test_the_owner_and_a_colleague_read_a_case_and_a_stranger_finds_nothing(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    for person in (company.ana, company.bo, company.sam, company.max, company.audra):
        assert browser(app, person).get(f"/cases/{case.ref}").status_code == 200
    assert "Record the reply" not in browser(app, company.audra).get(f"/cases/{case.ref}").get_data(as_text=True)
    stranger = browser(app, company.nia)
    pages = ("", "/edit", "/assignment", "/resolution", "/pauses", "/reopening")
    for page in pages:
        hidden, absent = stranger.get(f"/cases/{case.ref}{page}"), stranger.get(f"/cases/MG-9999{page}")
        assert hidden.status_code == absent.status_code == 404
    deeds = (
        "notes",
        "replies",
        "ownership",
        "acknowledgement",
        "pauses",
        "resumption",
        "resolution",
        "closing",
        "edit",
    )
    filled = {"text": "x", "outcome": "made_good", "root_cause": "process", "waiting_for": "customer"}
    for deed in deeds:
        assert stranger.post(f"/cases/{case.ref}/{deed}", data=filled).status_code == 404, deed
        assert browser(app, company.audra).post(f"/cases/{case.ref}/{deed}", data=filled).status_code == 403, deed
    assert stranger.get(f"/customers/CU-{case.customer_id}/latest-cases").status_code == 404
    for person in (company.hana, company.ada):
        assert browser(app, person).get("/cases").status_code == 403
        assert browser(app, person).get(f"/cases/{case.ref}").status_code == 403
    db.session.rollback()
    assert kinds_of(case) == ["logged"]


@pytest.mark.parametrize("reference", ["MG-0", "mg-1 ", "MG-1x", "MG-99999999999999999999", "CU-1", "%00", "1"])
def test_an_odd_reference_is_simply_not_there(app: Flask, company: Company, reference: str) -> None:
    assert browser(app, company.ana).get(f"/cases/{reference}").status_code == 404


def test_notes_and_replies_go_their_own_ways(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    ana = browser(app, company.ana)
    assert ana.post(f"/cases/{case.ref}/notes", data={"text": "compressor <b>fault</b>"}).status_code == 303
    assert ana.post(f"/cases/{case.ref}/replies", data={"text": "This is on us."}).status_code == 303
    page = ana.get(f"/cases/{case.ref}").get_data(as_text=True)
    assert "compressor &lt;b&gt;fault&lt;/b&gt;" in page
    assert "told Cleo" in page
    assert "event--note" in page
    for path in ("notes", "replies"):
        answer = ana.post(f"/cases/{case.ref}/{path}", data={"text": "  "})
        assert answer.status_code == 422
        assert "Write something first." in answer.get_data(as_text=True)
    too_long = ana.post(f"/cases/{case.ref}/notes", data={"text": "y" * 20_001})
    assert too_long.status_code == 422
    assert "y" * 20_001 in too_long.get_data(as_text=True)
    db.session.rollback()
    assert kinds_of(case) == ["logged", "note", "replied"]


def test_a_case_goes_its_whole_way_by_forms_alone(app: Flask, company: Company) -> None:
    case = make_case(company.ana, owner_id=None)
    bo, url = browser(app, company.bo), f"/cases/{case.ref}"
    assert "Nobody takes care of it yet" in bo.get(url).get_data(as_text=True)
    steps = [
        ("ownership", {"next": "/cases?view=unowned"}),
        ("acknowledgement", {}),
        ("pauses", {"waiting_for": "customer", "reason": "photos"}),
        ("resumption", {}),
        ("resolution", {"outcome": "made_good", "root_cause": "equipment", "note": "New room", "version": "5"}),
        ("reopening", {"reason": "It failed again"}),
        ("resolution", {"outcome": "explained", "root_cause": "process", "version": "7"}),
        ("closing", {}),
    ]
    for step, values in steps:
        answer = bo.post(f"{url}/{step}", data=values)
        assert answer.status_code == 303, (step, answer.get_data(as_text=True)[-2000:])
        assert answer.location == values.get("next", answer.location)
        assert bo.get(url).status_code == 200
    page = bo.get(url).get_data(as_text=True)
    for words in (
        "takes care of it now",
        "waits for the customer",
        "goes on",
        "Made good",
        "opened the case again",
        "Closed",
    ):
        assert words in page, words
    assert bo.post(f"{url}/pauses", data={"waiting_for": "customer"}).status_code == 409
    assert bo.post(f"{url}/closing").status_code == 409
    assert bo.post(f"{url}/resolution", data={"outcome": "x"}).status_code == 422


def test_two_people_who_edit_one_case_are_told_and_nothing_typed_is_lost(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    ana, bo, url = browser(app, company.ana), browser(app, company.bo), f"/cases/{case.ref}/edit"
    values = {
        "summary": case.summary, "description": case.description, "category_id": str(case.category_id), "severity": "3",
        "attribution": "company", "journey_stage": "", "version": str(case.version),
    }  # fmt: skip
    assert f'name="version" type="hidden" value="{case.version}"' in ana.get(url).get_data(as_text=True)
    assert bo.post(url, data={**values, "severity": "4"}).status_code == 303
    answer = ana.post(url, data={**values, "summary": "Cooling failed all night"})
    body = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Cooling failed all night" in body
    assert "Bo Lindgren was faster" in body
    assert "4 · Harm or danger" in body
    db.session.rollback()
    assert db.session.get(Case, case.id).summary == case.summary  # type: ignore[union-attr]
    newer = body.split('name="version" type="hidden" value="')[1].split('"')[0]
    assert ana.post(url, data={**values, "summary": "Cooling failed all night", "version": newer}).status_code == 303
    assert ana.post(url, data={**values, "severity": "9", "version": newer}).status_code == 422


def test_a_resolution_of_an_older_state_is_not_written_over_a_newer_one(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    version = str(case.version)
    cases.add_note(case_id=case.id, text="wait, it is not over", actor=company.bo.actor, now=utc_now())
    values = {"outcome": "made_good", "root_cause": "process", "note": "my long note", "version": version}
    answer = browser(app, company.ana).post(f"/cases/{case.ref}/resolution", data=values)
    assert answer.status_code == 409
    assert "my long note" in answer.get_data(as_text=True)
    assert "Bo Lindgren was faster" in answer.get_data(as_text=True)


def test_only_people_of_the_site_can_be_made_owners(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    sam, url = browser(app, company.sam), f"/cases/{case.ref}/assignment"
    form = sam.get(url).get_data(as_text=True)
    assert "Bo Lindgren" in form
    assert "Nia Grant" not in form
    assert company.nia
    wrong = sam.post(url, data={"owner_id": str(company.nia.id), "team_id": "", "version": str(case.version)})
    assert wrong.status_code == 422
    values = {"owner_id": str(company.bo.id), "team_id": str(company.front_desk.id), "version": str(case.version)}
    assert sam.post(url, data=values).status_code == 303
    assert sam.post(url, data=values).status_code == 409
    assert "gave the case to Bo Lindgren" in sam.get(f"/cases/{case.ref}").get_data(as_text=True)


def test_the_queue_shows_rows_and_answers_an_unchanged_one_with_304(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    make_case(company.bo, owner_id=None, summary="Lost blue scarf")
    ana = browser(app, company.ana)
    body = ana.get("/cases?view=all").get_data(as_text=True)
    assert case.summary in body
    assert "Assign to me" in body
    assert "2 here" in body
    assert case.summary not in browser(app, company.nia).get("/cases?view=all").get_data(as_text=True)
    odd = "/cases?view=x&category=x&severity=9&state=x&site=-1&after=%00&q=%F0%9F%92%A9"
    assert ana.get(odd).status_code == 200
    first = ana.get("/cases/rows?view=all")
    tag = first.headers["ETag"]
    second = ana.get("/cases/rows?view=all", headers={"If-None-Match": tag})
    if second.status_code == 200:  # the minute turned in between
        second = ana.get("/cases/rows?view=all", headers={"If-None-Match": second.headers["ETag"]})
    assert second.status_code == 304
    assert second.data == b""
    cases.add_note(case_id=case.id, text="x", actor=company.bo.actor, now=utc_now())
    assert ana.get("/cases/rows?view=all", headers={"If-None-Match": tag}).status_code == 200


def test_the_timeline_pages_and_filters_without_losing_an_event(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    for number in range(60):
        cases.add_note(case_id=case.id, text=f"note number {number:02d}.", actor=company.ana.actor, now=utc_now())
    ana = browser(app, company.ana)
    newest = ana.get(f"/cases/{case.ref}").get_data(as_text=True)
    assert "note number 59." in newest
    assert "note number 05." not in newest
    older_url = (
        newest.split('timeline__more"><a class="button button--small" href="')[1].split('"')[0].replace("&amp;", "&")
    )
    older = ana.get(older_url).get_data(as_text=True)
    assert "note number 05." in older
    assert "note number 59." not in older
    assert "logged the case" in older
    assert "note number" not in ana.get(f"/cases/{case.ref}?show=customer").get_data(as_text=True)
    assert ana.get(f"/cases/{case.ref}?show=x&before=%00").status_code == 200


def test_the_number_of_queries_is_bounded_and_does_not_grow(
    app: Flask, company: Company, statements: list[str]
) -> None:
    publish_policy()
    ana = browser(app, company.ana)
    case = make_case(company.ana)
    give(company.ana, case.id, 1_000)
    urls = [f"/cases/{case.ref}", "/cases?view=all", "/cases/rows?view=all", "/cases/new", f"/cases/{case.ref}/edit",
            f"/cases/{case.ref}/assignment", f"/cases/{case.ref}/resolution", f"/customers/CU-{case.customer_id}/latest-cases"]  # fmt: skip
    counts: list[dict[str, int]] = []
    for _round in range(2):
        for url in urls:
            assert ana.get(url).status_code == 200
        found = {}
        for url in urls:
            statements.clear()
            ana.get(url)
            found[url] = len(statements)
        counts.append(found)
        for number in range(8):
            make_case(company.bo if number % 2 else company.ana, customer=f"Guest{number} Someone")
            cases.add_note(case_id=case.id, text="again", actor=company.bo.actor, now=utc_now())
            cases.assign(
                case_id=case.id, owner_id=(company.bo if number % 2 else company.sam).id, team_id=None,
                actor=company.sam.actor, now=utc_now(),
            )  # fmt: skip
            give(company.ana, case.id, 100)
    assert counts[0] == counts[1]
    assert counts[1][urls[0]] <= CASE_PAGE_MAX, counts
    assert max(counts[1].values()) <= QUERIES_MAX
    sam = browser(app, company.sam)
    sam.get(urls[0])
    statements.clear()
    assert "Can I?" in sam.get(urls[0]).text
    assert len(statements) <= CASE_PAGE_MAX, statements


def test_an_administrator_keeps_the_categories(app: Flask, company: Company) -> None:
    ada = browser(app, company.ada)
    assert ada.post("/categories", data={"name": "Lost  property"}).status_code == 303
    assert ada.post("/categories", data={"name": "lost property"}).status_code == 422
    assert ada.post("/categories", data={"name": " "}).status_code == 422
    row = queries.categories()[0]
    assert (row.name, row.active) == ("Lost property", True)
    url = f"/categories/CT-{row.id}"
    assert ada.post(url, data={"name": "Belongings", "version": "1"}).status_code == 303
    stale = ada.post(url, data={"name": "Things", "active": "y", "version": "1"})
    assert stale.status_code == 409
    assert 'value="Things"' in stale.get_data(as_text=True)
    assert ada.post(url, data={"name": "", "version": "2"}).status_code == 422
    db.session.rollback()
    assert [(row.name, row.active) for row in queries.categories()] == [("Belongings", False)]
    assert "Belongings" not in browser(app, company.ana).get("/cases/new").get_data(as_text=True)
    assert ada.get("/categories/CT-999").status_code == 404
    for person in (company.ana, company.sam, company.hana):
        assert browser(app, person).get("/categories").status_code == 403
        assert browser(app, person).post("/categories", data={"name": "x"}).status_code == 403


def test_a_case_needs_a_customer_whom_its_writer_may_see(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    nia = browser(app, company.nia)
    answer = nia.post("/cases", data=typed(company, customer="Cleo", customer_id=f"CU-{case.customer_id}"))
    assert answer.status_code == 422
    db.session.rollback()
    found = queries.queue(COMPANY, queries.Filters(), Page(), me_id=None, team_id=None, now=utc_now()).rows
    assert [row.id for row in found] == [case.id]
