"""Several requests with one press: the same rule, the cap, each by itself, pressed twice, and too fast."""

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.approvals import actions as approvals
from app.approvals import bound_actions
from app.approvals.models import DecisionBatch, ExceptionDecision, ExceptionRequest
from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.approvals.builders import OVER, make_request
from tests.people.builders import Company, make_company, sign_in
from tests.people.factoring import give_factor, sign_in_proved


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    set_bounds(made)
    return made


def set_bounds(
    company: Company, batch_minor: int | None = 18_000, proof_minor: int | None = None, version: int = 0
) -> None:
    bound_actions.set_bounds(
        currency="GBP",
        batch_max=Money(batch_minor, "GBP") if batch_minor else None,
        proof_above=Money(proof_minor, "GBP") if proof_minor else None,
        version=version, actor=company.max.actor, now=utc_now(),
    )  # fmt: skip


def fields(page: str, ref: str) -> dict[str, object]:
    """The hidden fields of the form in which a request stands."""
    form = next(part for part in page.split("<form ") if f'value="{ref}"' in part)
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


def press(client: FlaskClient, refs: list[str], after: timedelta = timedelta(seconds=10), **more: str):  # type: ignore[no-untyped-def]
    """Open the page, look at it for a while and press."""
    data = fields(client.get("/exceptions/batch").text, refs[0]) | {"pick": refs, "outcome": "approved", **more}
    with time_machine.travel(utc_now() + after, tick=False):
        return client.post("/exceptions/batch", data=data), data


def states(*requests: ExceptionRequest) -> list[str]:
    db.session.rollback()
    db.session.expire_all()
    return [db.session.get(ExceptionRequest, request.id).state for request in requests]  # type: ignore[union-attr]


def sam_at(app: Flask, person: PersonRow) -> FlaskClient:
    return sign_in(app.test_client(), person)


def test_each_is_decided_by_itself_and_one_that_fails_stops_no_other(app: Flask, company: Company) -> None:
    first, gone, last = (make_request(company.ana) for _ in range(3))
    client = sam_at(app, company.sam)
    data = fields(client.get("/exceptions/batch").text, first.ref)
    approvals.withdraw(exception_id=gone.id, actor=company.ana.actor, now=utc_now())
    data |= {"pick": [first.ref, gone.ref, last.ref], "outcome": "approved"}
    with time_machine.travel(utc_now() + timedelta(seconds=4), tick=False):
        answer = client.post("/exceptions/batch", data=data)
        assert answer.status_code == 303
        page = client.get(answer.headers["Location"]).text
    assert states(first, gone, last) == ["approved", "withdrawn", "approved"]
    assert "Ana Ruiz has taken this request back." in page
    assert page.count(">Approved<") == 2
    kinds = [row.type for row in db.session.query(AuditEntry).filter(AuditEntry.subject.in_([first.ref, last.ref]))]
    assert kinds.count("exception:approve") == 2
    assert client.get(answer.headers["Location"]).status_code == 200
    assert sam_at(app, company.max).get(answer.headers["Location"]).status_code == 404


def test_pressed_twice_it_is_decided_once_and_shows_the_same_page(app: Flask, company: Company) -> None:
    requests = [make_request(company.ana) for _ in range(2)]
    client = sam_at(app, company.sam)
    first, data = press(client, [request.ref for request in requests])
    with time_machine.travel(utc_now() + timedelta(seconds=10), tick=False):
        again = client.post("/exceptions/batch", data=data)
    assert first.headers["Location"] == again.headers["Location"]
    assert db.session.query(ExceptionDecision).count() == 2
    assert db.session.query(DecisionBatch).count() == 1


def test_another_rule_and_a_cent_above_the_cap_are_not_offered_and_not_taken(app: Flask, company: Company) -> None:
    same = [make_request(company.ana) for _ in range(2)]
    other = make_request(company.ana, over=[{**OVER[0], "clause": "4.2"}])
    above = make_request(company.ana, amount=Money(18_001, "GBP"))
    client = sam_at(app, company.sam)
    page = client.get("/exceptions/batch").text
    assert all(f'value="{request.ref}"' in page for request in same)
    assert f'value="{other.ref}"' not in page and f'value="{above.ref}"' not in page
    for extra in (other, above):
        refs = [same[0].ref, extra.ref]
        answer, _data = press(client, refs, **{f"terms-{extra.ref}": extra.terms_hash})
        assert answer.status_code == 422
        assert "same rule" in answer.text
    assert states(*same, other, above) == ["waiting"] * 4


def test_nobody_decides_their_own_or_a_strangers_in_a_batch(app: Flask, company: Company) -> None:
    asked = [make_request(company.ana), make_request(company.sam), make_request(company.sam)]
    client = sam_at(app, company.sam)
    assert "Nothing to decide together" in client.get("/exceptions/batch").text
    page = sam_at(app, company.max).get("/exceptions/batch").text
    data = fields(page, asked[0].ref)
    data["shown"] = re.sub("x", "x", str(data["shown"]))
    assert (
        client.post("/exceptions/batch", data=data | {"pick": [asked[1].ref], "outcome": "approved"}).status_code == 404
    )
    from app.approvals.batch_actions import decide_batch

    found = decide_batch(
        terms={asked[1].id: "", asked[2].id: ""}, outcome="approved", shown_at=utc_now() - timedelta(minutes=1), intent="own",
        deed=lambda row, terms: approvals.decide(
            exception_id=row.id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=utc_now()
        ),
        actor=company.sam.actor, now=utc_now(),
    )  # fmt: skip
    results = db.session.get(DecisionBatch, found).results  # type: ignore[union-attr]
    assert [result["done"] for result in results or ()] == ["refused", "refused"]
    assert "asked" in str(results)
    assert company.tom is not None
    assert sam_at(app, company.tom).post("/exceptions/batch", data={}).status_code == 422
    assert states(*asked) == ["waiting"] * 3


def test_a_batch_takes_a_second_for_each_request(app: Flask, company: Company) -> None:
    requests = [make_request(company.ana) for _ in range(3)]
    client = sam_at(app, company.sam)
    refs = [request.ref for request in requests]
    with time_machine.travel(utc_now(), tick=False) as clock:
        data = fields(client.get("/exceptions/batch").text, refs[0]) | {"pick": refs, "outcome": "approved"}
        clock.shift(timedelta(seconds=2, milliseconds=999))
        fast = client.post("/exceptions/batch", data=data)
        assert fast.status_code == 422 and "Read them first" in fast.text
        assert all(f'value="{ref}" checked' in fast.text for ref in refs)
        clock.shift(timedelta(milliseconds=1))
        assert client.post("/exceptions/batch", data=data).status_code == 303
    assert states(*requests) == ["approved"] * 3


def test_what_changed_since_it_was_read_is_not_decided(app: Flask, company: Company) -> None:
    first, second = make_request(company.ana), make_request(company.ana)
    client = sam_at(app, company.sam)
    answer, _data = press(client, [first.ref, second.ref], **{f"terms-{second.ref}": "cd" * 32})
    assert answer.status_code == 303
    assert states(first, second) == ["approved", "waiting"]


def test_a_batch_above_the_bound_of_a_bare_sign_in_asks_for_a_code(app: Flask, company: Company) -> None:
    set_bounds(company, proof_minor=35_999, version=1)
    refs = [make_request(company.ana).ref for _ in range(2)]
    now = utc_now()
    give_factor(company.sam, now)
    client = sign_in_proved(app.test_client(), company.sam, now=now - timedelta(minutes=6))
    asked, _data = press(client, refs)
    assert asked.status_code == 403
    assert all(f'name="pick" value="{ref}"' in asked.text for ref in refs)
    declined, _data = press(client, refs, outcome="declined", reason="Not this month.")
    assert declined.status_code == 303


def test_bounds_are_set_by_who_publishes_and_read_by_who_reads_policies(app: Flask, company: Company) -> None:
    url = "/authority-matrix/bounds"
    assert "£180.00" in sam_at(app, company.sam).get(url).text
    assert sam_at(app, company.sam).post(f"{url}/GBP", data={}).status_code == 403
    client = sam_at(app, company.max)
    typed = {"batch_max": "50", "proof_above": "0", "version": "1"}
    assert client.post(f"{url}/GBP", data={**typed, "batch_max": "x"}).status_code == 422
    assert client.post(f"{url}/GBP", data=typed).status_code == 303
    # Where a code is asked for above an amount, that is not changed without one.
    led = client.post(f"{url}/GBP", data=typed)
    assert (led.status_code, led.headers["Location"][:23]) == (307, "/me/second-factor/offer")
    give_factor(company.max, utc_now())
    old = sign_in_proved(app.test_client(), company.max, now=utc_now() - timedelta(minutes=6))
    assert old.post(f"{url}/GBP", data=typed).status_code == 403
    client = sign_in_proved(app.test_client(), company.max, now=utc_now())
    stale = client.post(f"{url}/GBP", data={**typed, "batch_max": "70"})
    assert stale.status_code == 409 and "<dd>50.00</dd>" in stale.text and 'value="70"' in stale.text
    again = re.findall(r'name="version" value="(\d+)"', stale.text)
    assert "2" in again, "what is typed can be sent once more, on top of what holds now"
    assert client.post(f"{url}/XXX", data=typed).status_code == 404
    assert "£50.00" in sam_at(app, company.sam).get(url).text


def test_who_decides_and_who_counts_as_one_person_is_changed_with_a_fresh_code_by_who_has_one(
    app: Flask, company: Company
) -> None:
    now = utc_now()
    give_factor(company.ada, now)
    give_factor(company.max, now)
    old = {person.id: sign_in_proved(app.test_client(), person, now=now - timedelta(minutes=6))
           for person in (company.ada, company.max)}  # fmt: skip
    two = {"employee_id": str(company.sam.id), "same_as_id": str(company.max.id)}
    for person, url, data in (
        (company.ada, "/deciders/accounts", two),
        (company.ada, f"/deciders/accounts/{company.sam.id}/removal", {}),
        (company.ada, "/deciders/fallbacks", {"site_id": "1", "employee_id": str(company.max.id)}),
        (company.max, "/authority-matrix/publication", {"version": "1"}),
    ):
        asked = old[person.id].post(url, data=data)
        assert (asked.status_code, "proof_code" in asked.text) == (403, True), url
    assert (
        sign_in_proved(app.test_client(), company.ada, now=now).post("/deciders/accounts", data=two).status_code == 303
    )
