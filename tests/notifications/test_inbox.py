from datetime import timedelta

import pytest
from flask import Flask

from app.audit import actions as audit
from app.audit.models import AuditEntry
from app.kernel.actor import Actor, command
from app.kernel.database import db
from app.kernel.errors import NotFound
from app.kernel.paging import Page
from app.kernel.time import UTC, datetime
from app.kernel.transactions import transaction
from app.notifications import actions as inbox
from app.notifications import queries
from app.notifications.rules import declare, is_local, say
from tests.people.builders import Company, make_company

NOW = datetime(2026, 3, 19, 15, tzinfo=UTC)
TOLD = audit.declare("test:greet", sentence="told")
HELLO = declare("test:hello", "%(case)s says hello to %(who)s")


def tell(company: Company, count: int = 1) -> None:
    with transaction():
        audit.record(TOLD, subject="MG-1", actor=command("test"), at=NOW)
        for number in range(count):
            inbox.notify(
                employee_ids=[company.ana.id, company.sam.id, company.ana.id, None],
                kind="test",
                subject="MG-1",
                url="/cases/MG-1",
                text_key=HELLO,
                params={"case": f"MG-{number}", "who": "you"},
                at=NOW,
            )


def lines(person: Actor, **more: bool) -> list[queries.Line]:
    assert person.id is not None
    return list(queries.inbox(person.id, Page(), **more).rows)


def test_each_person_gets_a_line_once_in_their_own_inbox(app: Flask) -> None:
    company = make_company(second_site=False)
    tell(company)
    assert [line.text for line in lines(company.ana.actor)] == ["MG-0 says hello to you"]
    assert queries.unread_count(company.sam.id) == 1
    assert queries.unread_count(company.bo.id) == 0


def test_a_line_is_marked_as_read_by_its_owner_only_and_once(app: Flask) -> None:
    company = make_company(second_site=False)
    tell(company)
    line = lines(company.ana.actor)[0]
    with pytest.raises(NotFound):
        inbox.mark_read(notification_id=line.id, actor=company.sam.actor, now=NOW)
    before = db.session.query(AuditEntry).count()
    inbox.mark_read(notification_id=line.id, actor=company.ana.actor, now=NOW)
    with pytest.raises(NotFound):
        inbox.mark_read(notification_id=9_999, actor=company.ana.actor, now=NOW)
    assert lines(company.ana.actor, unread_only=True) == []
    assert queries.unread_count(company.sam.id) == 1
    assert db.session.query(AuditEntry).count() == before + 1


def test_marking_all_leaves_what_came_later(app: Flask) -> None:
    company = make_company(second_site=False)
    tell(company, 3)
    seen = lines(company.ana.actor)[0].id
    tell(company)
    assert inbox.mark_all_read(up_to_id=seen, actor=company.ana.actor, now=NOW + timedelta(minutes=1)) == 3
    assert queries.unread_count(company.ana.id) == 1


def test_the_inbox_is_paged_by_key_newest_first(app: Flask) -> None:
    company = make_company(second_site=False)
    tell(company, 5)
    first = queries.inbox(company.ana.id, Page(size=3))
    rest = queries.inbox(company.ana.id, Page.of(first.next_cursor, 3))
    assert [line.text[:4] for line in (*first.rows, *rest.rows)] == ["MG-4", "MG-3", "MG-2", "MG-1", "MG-0"]
    assert rest.next_cursor is None


def test_the_unread_figure_is_capped(app: Flask) -> None:
    company = make_company(second_site=False)
    tell(company, queries.COUNT_MAX + 5)
    assert queries.unread_count(company.ana.id) == queries.COUNT_MAX


def test_a_missing_value_shows_as_a_dash_and_an_unknown_sentence_as_its_key() -> None:
    assert say("test:hello", {"case": "MG-1"}) == "MG-1 says hello to –"
    assert say("gone", {}) == "gone"


@pytest.mark.parametrize(
    ("url", "fine"), [("/cases/MG-1", True), ("//evil.example", False), ("https://x", False), ("/\\x", False)]
)
def test_a_line_leads_only_into_the_product(url: str, fine: bool) -> None:
    assert is_local(url) is fine
