"""Consents, wishes and values: written down once, kept for ever, shown to whom they concern."""

import io
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from app.audit.models import AuditEntry
from app.customers import care_actions, care_queries
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted
from app.kernel.money import Money
from app.kernel.time import utc_now
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give, publish_policy


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def consent(company: Company, customer_id: int, purpose: str, given: bool, **changes: object) -> None:
    now = utc_now()
    values = {"source": "phone", "said_at": now, "actor": company.ana.actor, "now": now, **changes}
    care_actions.record_consent(customer_id=customer_id, purpose=purpose, given=given, **values)  # type: ignore[arg-type]


def test_an_answer_is_added_audited_and_never_changed(app: Flask, company: Company) -> None:
    customer_id = make_case(company.ana).customer_id or 0
    consent(company, customer_id, "marketing", True, said_at=utc_now() - timedelta(days=2))
    consent(company, customer_id, "marketing", False)
    assert not care_queries.consent(customer_id, "marketing").holds
    assert len(care_queries.said_by((customer_id,))) == 2
    entry = db.session.query(AuditEntry).filter_by(type="customer:consent").order_by(AuditEntry.id.desc()).first()
    assert entry is not None
    assert entry.subject == f"CU-{customer_id}"
    for statement in ("UPDATE customer_consent SET given = NOT given", "DELETE FROM customer_consent"):
        with pytest.raises(DBAPIError):
            db.session.execute(text(statement))
        db.session.rollback()
    for changes, wrong in (({"said_at": utc_now() + timedelta(days=1)}, BadInput), ({"source": "rumour"}, BadInput)):
        with pytest.raises(wrong):
            consent(company, customer_id, "marketing", True, **changes)
    for person, refusal in ((company.nia, NotFound), (company.audra, NotPermitted)):
        assert person
        with pytest.raises(refusal):
            consent(company, customer_id, "marketing", True, actor=person.actor)


def test_wishes_hold_one_version_and_refuse_what_contradicts_itself(app: Flask, company: Company) -> None:
    customer_id = make_case(company.ana).customer_id or 0

    def wish(version: int, **changes: object) -> None:
        values = {"channel": "email", "do_not_call": True, "wishes": "after six", **changes}
        care_actions.set_wishes(
            customer_id=customer_id, version=version, actor=company.ana.actor, now=utc_now(),
            **values,  # type: ignore[arg-type]
        )  # fmt: skip

    wish(0)
    found = care_queries.standing_of((customer_id,), customer_id)[0]
    assert (found.channel, found.do_not_call, found.wishes, found.version) == ("email", True, "after six", 1)
    with pytest.raises(Conflict):
        wish(0)
    with pytest.raises(BadInput):
        wish(1, channel="phone")
    wish(1, channel=None, do_not_call=False)
    assert care_queries.standing_of((customer_id,), customer_id)[0].version == 2


def test_a_file_of_figures_is_taken_whole_or_not_at_all(app: Flask, company: Company) -> None:
    customer_id = make_case(company.ana).customer_id or 0
    ada, url = sign_in(app.test_client(), company.ada), "/segments/file"

    def send(said: str, **more: str) -> tuple[int, str]:
        answer = ada.post(url, data={"file": (io.BytesIO(said.encode()), "f.csv"), **more})
        return answer.status_code, answer.get_data(as_text=True)

    head = "customer,segment,value,currency\n"
    status, body = send(f"{head}cleo@example.org,vip,980.50,GBP\nCU-99999,vip,,\n")
    assert status == 422
    assert "Line 3" in body
    assert send(f"{head}CU-{customer_id},vip,980.50,GBP\n", only_check="y")[0] == 303
    assert care_queries.standing_of((customer_id,), customer_id)[1].segment is None
    assert send(f"{head}CU-{customer_id},vip,980.50,GBP\nCLEO@example.org,vip,,\n")[0] == 422
    assert send(f"{head}CLEO@example.org,vip,980.50,GBP\n")[0] == 303
    worth = care_queries.standing_of((customer_id,), customer_id)[1]
    assert (worth.segment, worth.value) == ("vip", Money(98_050, "GBP"))
    made = app.test_cli_runner().invoke(
        args=["customers", "import", "-", "--dry-run", "--json"], input=f"{head}CU-1,a,,\n"
    )
    assert made.exit_code == 0
    assert '"sound": 1' in made.output


def test_the_page_shows_everything_in_fifteen_queries_however_much_there_is(app: Flask, company: Company) -> None:
    publish_policy()
    case = make_case(company.ana)
    customer_id = case.customer_id or 0
    ana, url = sign_in(app.test_client(), company.ana), f"/customers/CU-{customer_id}"
    assert ana.get(url).status_code == 200  # the day's first look, which is written down
    counts: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: counts.append(args[2]))
    body = ana.get(url).get_data(as_text=True)
    assert "Badly let down" in body
    assert "In our hands" in body
    assert "No second failure" in body
    before = len([one for one in counts if not one.startswith("BEGIN")])
    consent(company, customer_id, "suggestions", False)
    for _round in range(3):
        give(company.ana, make_case(company.ana).id, 1_000)
    counts.clear()
    body = ana.get(url).get_data(as_text=True)
    after = len([one for one in counts if not one.startswith("BEGIN")])
    assert after == before <= 15
    assert "Not the first time" in body
    assert "The same cause again" in body
    assert "Said no" in body


def test_consents_and_wishes_are_written_on_their_pages(app: Flask, company: Company) -> None:
    customer_id = make_case(company.ana).customer_id or 0
    ana, url = sign_in(app.test_client(), company.ana), f"/customers/CU-{customer_id}"
    values = {"purpose": "updates", "given": "yes", "source": "phone", "said_at": ""}
    assert ana.post(f"{url}/consents", data={**values, "given": ""}).status_code == 422
    assert ana.post(f"{url}/consents", data={**values, "said_at": "2999-01-01T10:00"}).status_code == 422
    assert ana.post(f"{url}/consents", data=values).status_code == 303
    assert "News of what we put right" in ana.get(f"{url}/consents").get_data(as_text=True)
    assert care_queries.consent(customer_id, "updates").holds
    wishes = {"channel": "phone", "do_not_call": "y", "wishes": "after six", "version": "0"}
    refused = ana.post(f"{url}/wishes", data=wishes)
    assert refused.status_code == 422
    assert "after six" in refused.get_data(as_text=True)
    assert ana.post(f"{url}/wishes", data={**wishes, "channel": ""}).status_code == 303
    assert ana.post(f"{url}/wishes", data={**wishes, "channel": ""}).status_code == 409
    assert "Do not call" in ana.get(url).get_data(as_text=True)
    for person, status in ((company.nia, 404), (company.hana, 403)):
        assert person
        assert sign_in(app.test_client(), person).get(f"{url}/consents").status_code == status
