from datetime import UTC, datetime

from flask import Flask

from app.audit import actions as audit
from app.kernel.actor import command
from app.kernel.transactions import transaction
from app.notifications import actions as inbox
from app.notifications import queries
from app.notifications.rules import declare
from app.people.queries import PersonRow
from tests.people.builders import make_company, sign_in

NOW = datetime(2026, 3, 19, 15, tzinfo=UTC)
SHOUTED = audit.declare("test:shout", sentence="shouted")
LOUD = declare("test:loud", "%(case)s is loud <b>")


def shout(person: PersonRow, times: int = 1) -> None:
    with transaction():
        audit.record(SHOUTED, subject="MG-1", actor=command("test"), at=NOW)
        for number in range(times):
            inbox.notify(
                employee_ids=[person.id],
                kind="test",
                subject="MG-1",
                url="/cases/MG-1",
                text_key=LOUD,
                params={"case": f"MG-{number}"},
                at=NOW,
            )


def test_the_inbox_shows_my_lines_and_nobody_elses(app: Flask) -> None:
    company = make_company(second_site=False)
    shout(company.ana)
    mine = sign_in(app.test_client(), company.ana).get("/inbox")
    assert mine.status_code == 200
    assert b"MG-0 is loud &lt;b&gt;" in mine.data
    assert b"is loud" not in sign_in(app.test_client(), company.bo).get("/inbox").data


def test_a_stranger_is_sent_to_sign_in(app: Flask) -> None:
    make_company(second_site=False)
    assert app.test_client().get("/inbox").status_code in (302, 303, 401)


def test_marking_one_and_all_returns_to_the_inbox(app: Flask) -> None:
    company = make_company(second_site=False)
    shout(company.ana, 3)
    client = sign_in(app.test_client(), company.ana)
    newest = queries.inbox(company.ana.id, queries.Page()).rows[0].id
    assert client.post(f"/inbox/{newest}/read").status_code == 303
    assert queries.unread_count(company.ana.id) == 2
    assert client.post("/inbox/read", data={"up_to": newest}).status_code == 303
    assert queries.unread_count(company.ana.id) == 0
    assert b"Mark as read" not in client.get("/inbox").data
    assert b"Nothing here" in client.get("/inbox?unread=1").data


def test_a_line_of_somebody_else_is_not_found(app: Flask) -> None:
    company = make_company(second_site=False)
    shout(company.ana)
    line = queries.inbox(company.ana.id, queries.Page()).rows[0].id
    assert sign_in(app.test_client(), company.bo).post(f"/inbox/{line}/read").status_code == 404
    assert queries.unread_count(company.ana.id) == 1


def test_odd_input_changes_nothing(app: Flask) -> None:
    company = make_company(second_site=False)
    shout(company.ana)
    client = sign_in(app.test_client(), company.ana)
    assert client.post("/inbox/read", data={"up_to": "all"}).status_code == 303
    assert client.get("/inbox?after=%00nonsense&unread=maybe").status_code == 200
    assert queries.unread_count(company.ana.id) == 1
