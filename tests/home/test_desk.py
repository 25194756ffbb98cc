"""The desk as each role sees it, and the search as the owner, a colleague and a stranger use it."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from app.approvals.matrix_rules import MatrixRow, StepRule
from app.cases import actions as cases
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.approvals.builders import make_request, publish_matrix
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy

QUERIES_MAX = 15


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def get(app: Flask, person: PersonRow, url: str = "/") -> str:
    answer = sign_in(app.test_client(), person).get(url)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_frontline_sees_their_work_first_and_then_nobodys(app: Flask, company: Company) -> None:
    mine = make_case(company.ana, summary="The shower stayed cold")
    free = make_case(company.bo, owner_id=None, summary="Lost blue scarf", customer=None)
    theirs = make_case(company.bo, summary="Bo takes care of this")
    body = get(app, company.ana)
    assert body.index(f"/cases/{mine.ref}") < body.index(f"/cases/{free.ref}")
    assert theirs.ref not in body
    assert "Take it on" in body
    assert company.nia
    assert "Nothing needs you now" in get(app, company.nia)
    assert "Lost blue scarf" not in get(app, company.nia)


def test_the_rail_counts_what_waits_for_those_who_may_decide_and_for_nobody_else(app: Flask, company: Company) -> None:
    publish_policy()
    badge = '<span class="rail__count">'
    assert badge not in get(app, company.sam)
    make_request(company.ana)
    assert f"{badge}1</span>" in get(app, company.sam)
    assert badge not in get(app, company.ana)
    make_request(company.sam)
    assert f"{badge}1</span>" in get(app, company.sam)  # one's own request is for somebody else
    assert f"{badge}2</span>" in get(app, company.max)


def test_an_untouched_purse_shows_its_full_limit_and_a_gift_takes_from_it(app: Flask, company: Company) -> None:
    assert "My purse" not in get(app, company.ana)
    publish_policy()
    body = get(app, company.ana)
    assert "left of £1,200.00 this month" in body
    assert "£6,000.00 limit" in body
    assert "£200.00" in body
    give(company.ana, make_case(company.ana).id, 4_000)
    body = get(app, company.ana)
    assert "£1,160.00" in body
    assert "£40.00 reserved" in body
    assert "£1,160.00" not in get(app, company.bo)


def test_what_i_asked_for_and_resolved_is_on_my_desk_and_on_nobody_elses(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    case = make_case(company.ana, summary="Charged twice for parking")
    cases.resolve(
        case_id=case.id, version=case.version, outcome="made_good", root_cause="process", note="Paid back.",
        actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    body = get(app, company.ana)
    assert "Waits for a decision" in body
    assert f"/exceptions/{request.ref}" in body
    assert "Charged twice for parking" in body.split("Resolved by me")[1]
    other = get(app, company.bo)
    assert request.ref not in other
    assert "Charged twice for parking" not in other


def test_a_supervisor_decides_first(app: Flask, company: Company) -> None:
    publish_policy()
    request = make_request(company.ana)
    own = make_request(company.sam, case=make_case(company.bo))
    body = get(app, company.sam)
    assert body.index("Waits for your decision") < body.index("Due next")
    assert f"/exceptions/{request.ref}" in body
    assert own.ref not in body.split("Waits for your decision")[1].split("Due next")[0]
    assert "My purse" in body
    assert company.tom
    assert "Nothing waits for you" in get(app, company.tom)
    assert f"/exceptions/{request.ref}" in get(app, company.max)


def test_the_desk_asks_to_decide_exactly_what_the_inbox_does_also_under_a_matrix(app: Flask, company: Company) -> None:
    bosses = MatrixRow("Above 100", (StepRule(("role:manager",), 1),), "GBP", above_minor=10_000)
    publish_matrix(company, bosses)
    small = make_request(company.ana, amount=Money(9_000, "GBP"))
    large = make_request(company.ana)
    own = make_request(company.max, case=make_case(company.bo), amount=Money(9_000, "GBP"))
    for person, expected in ((company.sam, {small.ref, own.ref}), (company.max, {small.ref, large.ref})):
        client = sign_in(app.test_client(), person)
        desk = client.get("/").text.split("Waits for your decision")[1].split("Due next")[0]
        rows = client.get("/exceptions").text.split("<li data-row>")[1:]
        ours = {re.findall("EX-[0-9]+", row)[0] for row in rows if "Yours to decide" in row}
        assert set(re.findall("EX-[0-9]+", desk)) == ours == expected, person.name
    page = sign_in(app.test_client(), company.sam).get(f"/exceptions/{large.ref}").text
    shown = re.search(r"<button[^>]*disabled[^>]*>\s*(?:<span>)?Approve £180.00", page)
    assert shown, "shown disabled, with the reason"
    assert 'id="why-not"' in page


def test_others_find_only_doors_that_open_for_them(app: Flask, company: Company) -> None:
    for person in (company.hana, company.audra, company.ada):
        client = sign_in(app.test_client(), person)
        body = client.get("/").get_data(as_text=True)
        doors = [part.split('"')[0] for part in body.split('<h2><a href="')[1:]]
        assert len(doors) >= 2
        for door in doors:
            assert client.get(door).status_code == 200, (person.role, door)


def test_nobody_signed_in_is_sent_to_the_door(app: Flask, company: Company) -> None:
    assert app.test_client().get("/").status_code in (302, 303)
    assert app.test_client().get("/search?q=x").status_code in (302, 303)


def test_search_finds_cases_and_customers_inside_the_scope(app: Flask, company: Company) -> None:
    case = make_case(company.ana, summary="Air conditioning failed", customer="Cleo Marchetti")
    for person in (company.ana, company.bo, company.max):
        body = get(app, person, "/search?q=cleo")
        assert f"/cases/{case.ref}" in body
        assert f"/customers/CU-{case.customer_id}" in body
        assert "1 case · 1 customer" in body
    answer = sign_in(app.test_client(), company.bo).get(f"/search?q={case.ref.lower()}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/cases/{case.ref}")
    assert company.nia
    stranger = get(app, company.nia, f"/search?q={case.ref}")
    assert "No case found" in stranger
    assert "Air conditioning" not in stranger
    assert "Cleo Marchetti" not in get(app, company.hana, "/search?q=cleo")


@pytest.mark.parametrize(
    "term",
    ["", " ", "%00", "'", '"', "%25", "*", "a OR b", "NEAR(", "MG-", "MG-0", "MG-999999999999999999999", "CU-1", "(((",
     "%F0%9F%92%A9", "%ff%fe", "-", "a" * 5_000, "x%22%20AND%20%22", "<script>alert(1)</script>", ":*", "&|!", "\\"],
)  # fmt: skip
def test_any_typed_text_is_safe_to_search_for(app: Flask, company: Company, term: str) -> None:
    make_case(company.ana)
    body = get(app, company.ana, f"/search?q={term}")
    assert 'role="status"' in body
    assert "<script>alert" not in body


def test_without_a_term_the_search_says_what_to_type(app: Flask, company: Company) -> None:
    assert "Type a case, a customer" in get(app, company.ana, "/search")


def test_the_number_of_queries_is_bounded_and_does_not_grow(
    app: Flask, company: Company, statements: list[str]
) -> None:
    publish_policy()
    clients = {person.name: sign_in(app.test_client(), person) for person in (company.ana, company.sam, company.max)}
    urls = ("/", "/search?q=cleo")
    counts = []
    for round_ in range(2):
        for _number in range(1 + 4 * round_):
            case = make_case(company.ana)
            make_case(company.bo, owner_id=None)
            make_request(company.ana, case=case, now=utc_now() - timedelta(minutes=5))
        for client in clients.values():
            for url in urls:
                assert client.get(url).status_code == 200
        found = []
        for client in clients.values():
            for url in urls:
                statements.clear()
                client.get(url)
                found.append(len(statements))
        counts.append(found)
    assert max(counts[1]) <= QUERIES_MAX, counts
    assert counts[0] == counts[1]
