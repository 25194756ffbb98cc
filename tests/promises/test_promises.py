"""A promise from its making to its end, its clock, its warnings, and its page."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.calendars import actions as calendars
from app.calendars.rules import WEEKDAYS
from app.cases.models import Case
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.people import actions as people
from app.people.models import Site
from app.people.permissions import Scope
from app.people.queries import PersonRow
from app.promises import actions as promises
from app.promises import queries
from app.promises.models import Promise
from app.sla import jobs
from app.sla.queries import clocks_of_case
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.sla.builders import HOUR, MINUTE, MONDAY

DAY = 24 * HOUR
TEST = command("test")


def company_with_hours() -> Company:
    company = make_company()
    hours = {name: [["09:00", "17:00"]] for name in WEEKDAYS[:5]}
    calendar_id = calendars.add_calendar(
        code="london", name="London", zone="Europe/London", windows=hours, actor=TEST, now=MONDAY - DAY
    )
    with transaction():
        db.session.get_one(Site, company.quayside.id).calendar_id = calendar_id
        promises.audit.record(promises.KEPT, subject="SI-1", actor=TEST, at=MONDAY, late=False)
    return company


def promise(case: Case, person: PersonRow, hours: float = 4, **changes: object) -> Promise:
    given: dict[str, object] = {
        "what": "A new room by tonight", "told_to": "Cleo Marchetti", "due_at": MONDAY + hours * HOUR, "keeper_id": None,
    }  # fmt: skip
    return promises.make(case_id=case.id, actor=person.actor, now=MONDAY, **{**given, **changes})  # type: ignore[arg-type]


def told() -> list[tuple[int, str]]:
    rows = db.session.execute(
        select(Notification.employee_id, Notification.kind)
        .where(Notification.text_key.startswith("clock:promise"))
        .order_by(Notification.id)
    )
    return [(row[0], row[1]) for row in rows]


def test_the_keeper_is_warned_at_three_quarters_and_the_supervisor_at_nine_tenths(app: Flask) -> None:
    company = company_with_hours()
    case = make_case(company.ana, now=MONDAY)
    made = promise(case, company.ana, keeper_id=company.bo.id)
    second = timedelta(seconds=1)
    for hours in (2, 3, 3.6, 4):
        while jobs.sweep(now=MONDAY + hours * HOUR + second):
            pass
    bo, sam = company.bo.id, company.sam.id
    assert told() == [(bo, "clock:soon"), (sam, "clock:near"), (bo, "clock:breach"), (sam, "clock:breach")]
    broken = db.session.get_one(Promise, made.id)
    assert broken.broken_at == MONDAY + 4 * HOUR
    promises.keep(promise_id=made.id, version=broken.version, actor=company.bo.actor, now=MONDAY + 5 * HOUR)
    view = queries.of_case(case.id, MONDAY + 5 * HOUR)[0]
    assert (view.state, view.keeper) == ("late", company.bo.name)
    clock = next(one for one in clocks_of_case(case.id, MONDAY + 5 * HOUR) if one.milestone == "promise")
    assert (clock.state, clock.due_at, clock.label) == ("missed", MONDAY + 4 * HOUR, "A new room by tonight")
    types = select(AuditEntry.type).where(AuditEntry.subject == f"PR-{made.id}").order_by(AuditEntry.id)
    assert list(db.session.scalars(types)) == ["promise:make", "promise:break", "promise:keep"]


def test_a_promise_at_a_closed_hour_or_too_far_ahead_is_refused_with_what_would_do(app: Flask) -> None:
    company = company_with_hours()
    case = make_case(company.ana, now=MONDAY)
    with pytest.raises(BadInput) as refusal:
        promise(case, company.ana, hours=12)
    assert "17:00" in refusal.value.errors["due_at"][0] or "5:00" in refusal.value.errors["due_at"][0]
    with pytest.raises(BadInput) as refusal:
        promise(case, company.ana, hours=15 * 24 + 1)
    assert "10 working days" in refusal.value.errors["due_at"][0]
    assert promise(case, company.sam, hours=15 * 24 + 1).due_at == MONDAY + 15 * DAY + HOUR
    assert company.nia is not None
    for change in ({"what": " "}, {"told_to": ""}, {"keeper_id": company.nia.id}):
        with pytest.raises(BadInput):
            promise(case, company.ana, **change)
    with pytest.raises(NotFound):
        promise(case, company.nia)


def test_the_customer_is_told_before_a_miss_and_a_promise_is_taken_back_only_before_it_is_due(app: Flask) -> None:
    company = company_with_hours()
    case = make_case(company.ana, now=MONDAY)
    first, second, third = (promise(case, company.ana, hours) for hours in (1, 2, 3))
    ana = company.ana.actor
    promises.tell_customer(
        promise_id=first.id, version=1, note="It will be six o'clock", actor=ana, now=MONDAY + MINUTE
    )
    with pytest.raises(Conflict):
        promises.keep(promise_id=first.id, version=1, actor=ana, now=MONDAY + MINUTE)
    promises.withdraw(promise_id=second.id, version=1, reason="She checked out", actor=ana, now=MONDAY + 2 * HOUR)
    with pytest.raises(promises.PromiseEnded):
        promises.keep(promise_id=second.id, version=2, actor=ana, now=MONDAY + 2 * HOUR)
    with pytest.raises(BadInput):
        promises.withdraw(promise_id=third.id, version=1, reason="Too late", actor=ana, now=MONDAY + 3 * HOUR + MINUTE)
    promises.keep(promise_id=third.id, version=1, actor=ana, now=MONDAY + 3 * HOUR)
    kept = queries.kept(
        scope=Scope("company"), site_id=company.quayside.id, keeper_id=None, since=MONDAY, now=MONDAY + DAY
    )
    assert (kept.due_count, kept.kept_count, kept.missed_count, kept.told_count) == (2, 1, 1, 1)
    states = {
        one.milestone + str(n): one.state
        for n, one in enumerate(clocks_of_case(case.id, MONDAY + DAY))
        if one.milestone == "promise"
    }
    assert sorted(states.values()) == ["breached", "cancelled", "met"]


def test_whoever_leaves_hands_their_promises_and_clocks_over(app: Flask) -> None:
    company = company_with_hours()
    case = make_case(company.ana, now=MONDAY)
    made = promise(case, company.ana, keeper_id=company.bo.id)
    people.deactivate(employee_id=company.bo.id, successor_id=None, actor=company.ada.actor, now=MONDAY + MINUTE)
    assert db.session.get_one(Promise, made.id).keeper_id == company.sam.id
    clock = next(one for one in clocks_of_case(case.id, MONDAY) if one.milestone == "promise")
    assert clock.owner_id == company.sam.id


def test_promises_have_a_page_for_the_site_and_one_per_case(app: Flask) -> None:
    company = make_company()
    case = make_case(company.ana)
    ana = sign_in(app.test_client(), company.ana)
    url = f"/cases/{case.ref}/promises"
    by = (utc_now() + DAY).strftime("%Y-%m-%dT%H:%M")
    typed = {"what": "A call back", "due_at": by, "told_to": "Cleo", "keeper": str(company.bo.id)}
    assert ana.post(url, data={**typed, "due_at": "2020-01-01T10:00"}).status_code == 422
    assert ana.post(url, data=typed).status_code == 303
    assert "A call back" in ana.get(url).get_data(as_text=True)
    assert "A call back" in ana.get(f"/cases/{case.ref}").get_data(as_text=True)
    assert "A call back" in ana.get("/promises").get_data(as_text=True)
    assert "A call back" not in ana.get("/promises?mine=1").get_data(as_text=True)
    assert company.nia is not None
    nia = sign_in(app.test_client(), company.nia)
    assert "A call back" not in nia.get("/promises").get_data(as_text=True)
    for path in ("PR-1/kept", "PR-1/word", "PR-1/withdrawal"):
        assert nia.post(f"/promises/{path}", data={"version": "1"}).status_code == 404
    assert nia.get(url).status_code == 404
    bad = ana.post("/promises/PR-1/word", data={"version": "1", "text": "x"})
    assert bad.status_code == 422 and b'value="x"' in bad.data
    assert ana.post("/promises/PR-1/kept", data={"version": "9"}).status_code == 409
    assert ana.post("/promises/PR-1/kept", data={"version": "1"}).status_code == 303
    assert "Kept" in ana.get(url).get_data(as_text=True)
