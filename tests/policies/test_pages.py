"""Policies as those who live under them read them, and the catalogue as the administrator keeps it."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.policies import actions as policies
from app.policies import queries
from app.policies.models import RemedyKind
from tests.people.builders import Company, make_company, sign_in
from tests.policies.builders import approve
from tests.remedies.builders import publish_policy


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def get(app: Flask, person: PersonRow, url: str) -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).get(url)
    return answer.status_code, answer.get_data(as_text=True)


def post(app: Flask, person: PersonRow, url: str, **data: str) -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).post(url, data=data)
    return answer.status_code, answer.get_data(as_text=True)


def test_versions_stand_newest_first_and_the_one_in_force_is_marked(app: Flask, company: Company) -> None:
    assert "No policy yet" in get(app, company.sam, "/policies")[1]
    old = publish_policy(now=utc_now() - timedelta(days=30))
    new = publish_policy()
    rule = {"unit": "incident", "limit_minor": 1, "currency": "GBP", "clause": "9.9"}
    draft = policies.draft_version(
        title="Next year", source="", rules=[rule], valid_from=utc_now(), actor=command("test"), now=utc_now()
    )
    code, body = get(app, company.sam, "/policies")
    assert code == 200
    assert body.count(">In force<") == 1
    first, second, third = (body.index(f'href="/policies/PO-{number}"') for number in (draft.id, new, old))
    assert first < second < body.index(">In force<") < third < body.index(">Earlier<")
    assert body.index(">Draft<") < second


def test_a_policy_reads_by_clause_and_role_with_sites_and_money(app: Flask, company: Company) -> None:
    version_id = publish_policy()
    code, body = get(app, company.hana, f"/policies/PO-{version_id}")
    assert code == 200
    for words in (
        "Quayside",
        "Harbour House",
        "Frontline",
        "£200.00",
        "US$250.00",
        "per customer in 30 days",
        "nobody beyond",
        'id="clause-4.2"',
        "Hotel pack",
        "In force",
    ):
        assert words in body, words


def test_a_rule_for_one_remedy_or_severity_says_so(app: Flask, company: Company) -> None:
    shape = {"unit": "incident", "currency": "GBP", "clause": "1.1"}
    version_id = publish_policy(
        [{**shape, "limit_minor": 100, "kind": "refund"}, {**shape, "limit_minor": 200, "severity_min": 3}]
    )
    body = get(app, company.sam, f"/policies/PO-{version_id}")[1]
    for words in ("Anyone", "Every site", "Refund", "severity 3 to 4"):
        assert words in body, words


def test_a_reviewed_draft_is_published_for_good_by_those_who_may(app: Flask, company: Company) -> None:
    rule = {"unit": "incident", "limit_minor": 1, "currency": "GBP", "clause": "9.9"}
    now = utc_now() - timedelta(minutes=1)
    draft = policies.draft_version(
        title="First", source="", rules=[rule], valid_from=now, actor=command("test"), now=now
    )  # fmt: skip
    url = f"/policies/PO-{draft.id}/publication"
    for person in (company.sam, company.hana, company.audra):
        assert post(app, person, url)[0] == 403
    said = {"when": "now", "version": "1"}
    code, body = post(app, company.max, url, **said)
    assert (code, "A second person has to approve" in body) == (409, True)
    assert queries.version_in_force(utc_now()) is None
    approve(draft.id)
    assert post(app, company.max, url, when="later", valid_from="2026-01-01T00:00", version="1")[0] == 422
    assert post(app, company.max, url, when="now", version="7")[0] == 409
    assert post(app, company.max, url, **said)[0] == 303
    assert queries.version_in_force(utc_now()) is not None
    assert post(app, company.ada, url, **said)[0] == 409
    assert post(app, company.ada, "/policies/PO-99999/publication", **said)[0] == 404


def test_policies_are_for_those_whose_role_reads_them(app: Flask, company: Company) -> None:
    version_id = publish_policy()
    for url in ("/policies", f"/policies/PO-{version_id}"):
        for person in (company.sam, company.max, company.hana, company.ada, company.audra):
            assert get(app, person, url)[0] == 200, (person.role, url)
        assert get(app, company.ana, url)[0] == 403
        assert app.test_client().get(url).status_code in (302, 303)


@pytest.mark.parametrize("ref", ["PO-99999", "nonsense", "MG-1", "PO-0", "PO-" + "9" * 40, "%00"])
def test_a_policy_that_is_not_there_is_a_plain_404(app: Flask, company: Company, ref: str) -> None:
    assert get(app, company.sam, f"/policies/{ref}")[0] == 404


def kinds() -> dict[str, queries.KindRow]:
    db.session.rollback()
    return {kind.code: kind for kind in queries.kinds()}


def test_a_kind_is_added_renamed_and_retired(app: Flask, company: Company) -> None:
    assert get(app, company.ada, "/remedy-kinds")[0] == 200
    url = "/remedy-kinds"
    assert post(app, company.ada, url, name=" Late  check-out ", code="Late-Check-Out", monetary="y")[0] == 303
    added = kinds()["late-check-out"]
    assert (added.name, added.monetary, added.active) == ("Late check-out", True, True)
    code, body = get(app, company.ada, f"{url}/late-check-out")
    assert (code, 'value="Late check-out"' in body) == (200, True)
    assert post(app, company.ada, f"{url}/late-check-out", name="Later check-out", version=str(added.version))[0] == 303
    changed = kinds()["late-check-out"]
    assert (changed.name, changed.active) == ("Later check-out", False)
    assert "Retired" in get(app, company.ada, url)[1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": "", "code": "typed"}, "This field is required"),
        ({"name": "x" * 81, "code": "typed"}, "80"),
        ({"name": "Typed", "code": "no spaces!"}, "letters, digits and hyphens"),
        ({"name": "Typed", "code": "refund"}, "This code is taken"),
        ({"name": "Typed", "code": ""}, "This field is required"),
        ({}, "This field is required"),
    ],
)
def test_a_mistake_is_marked_keeps_what_was_typed_and_adds_nothing(
    app: Flask, company: Company, data: dict[str, str], words: str
) -> None:
    policies.add_default_kinds(actor=command("test"), now=utc_now())
    before = kinds()
    code, body = post(app, company.ada, "/remedy-kinds", **data)
    assert code == 422
    assert words in body
    for typed in filter(None, data.values()):
        assert f'value="{typed}"' in body
    assert kinds() == before


def test_a_change_made_on_an_old_page_is_a_conflict_and_keeps_what_was_typed(app: Flask, company: Company) -> None:
    policies.add_default_kinds(actor=command("test"), now=utc_now())
    url = "/remedy-kinds/refund"
    assert post(app, company.ada, url, name="Money back", active="y", version="1")[0] == 303
    code, body = post(app, company.ada, url, name="Other", active="y", version="1")
    assert code == 409
    assert "Somebody changed this" in body
    assert 'value="Other"' in body
    for nonsense in ("", "x", "9" * 30):
        code, body = post(app, company.ada, url, name="Other", active="y", version=nonsense)
        assert code in (409, 422)
        assert 'value="Other"' in body
    assert kinds()["refund"].name == "Money back"
    assert post(app, company.ada, url, name="  ", version="2")[0] == 422


def test_only_who_keeps_the_catalogue_may_change_it(app: Flask, company: Company) -> None:
    policies.add_default_kinds(actor=command("test"), now=utc_now())
    for person in (company.ana, company.sam, company.max, company.hana, company.audra):
        for url in ("/remedy-kinds", "/remedy-kinds/refund"):
            assert get(app, person, url)[0] == 403
            assert post(app, person, url, name="Mine", code="mine")[0] == 403
    assert get(app, company.ada, "/remedy-kinds/no-such-kind")[0] == 404
    assert db.session.scalar(select(RemedyKind.name).where(RemedyKind.code == "refund")) == "Refund"


def test_the_number_of_queries_is_bounded_and_does_not_grow(
    app: Flask, company: Company, statements: list[str]
) -> None:
    version_id = publish_policy(now=utc_now() - timedelta(days=9))
    client = sign_in(app.test_client(), company.ada)
    counts = []
    for round_ in range(2):
        found = []
        for url in ("/policies", f"/policies/PO-{version_id}", "/remedy-kinds"):
            client.get(url)
            statements.clear()
            assert client.get(url).status_code == 200
            found.append(len(statements))
        counts.append(found)
        for number in range(4):
            publish_policy(now=utc_now() - timedelta(minutes=9 - number))
            policies.add_kind(
                code=f"kind-{round_}-{number}", name="More", monetary=True, actor=command("test"), now=utc_now()
            )  # fmt: skip
    assert counts[0] == counts[1]
    assert max(counts[1]) <= 13, counts
