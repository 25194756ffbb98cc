"""Break-glass and the quarterly review of access: taken with a reason, seen by those who watch, over by itself."""

from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.ops import access_actions as actions
from app.ops import access_queries as queries
from app.ops.access_rules import is_quarter, quarter_before, quarter_of
from app.ops.models import AccessReview
from app.people import queries as people
from app.people import raise_actions
from app.people.models import Employee, RoleRaise, SignInSession
from app.people.queries import PersonRow
from app.people.raise_rules import targets
from tests.people.builders import Company, make_company, set_role, sign_in

WHY = "The only manager is on a plane and a guest is stranded."


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def told() -> list[tuple[int, str]]:
    db.session.rollback()
    lines = select(Notification.employee_id, Notification.text_key).where(Notification.text_key.like("glass:%"))
    return sorted((row[0], row[1]) for row in db.session.execute(lines))


def picks(*people: PersonRow) -> list[str]:
    return [f"{one.ref} {one.role}" for one in people]


def types() -> list[str]:
    db.session.rollback()
    wanted = AuditEntry.type.like("role:%") | AuditEntry.type.like("access:%")
    return list(db.session.scalars(select(AuditEntry.type).where(wanted).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("day", "quarter", "before"),
    [
        (date(2026, 1, 1), "2026-Q1", "2025-Q4"),
        (date(2026, 3, 31), "2026-Q1", "2025-Q4"),
        (date(2026, 11, 22), "2026-Q4", "2026-Q3"),
    ],
)
def test_a_day_lies_in_its_quarter(day: date, quarter: str, before: str) -> None:
    assert (quarter_of(day), quarter_before(quarter)) == (quarter, before)
    assert is_quarter(quarter) and not is_quarter("2026-Q5") and not is_quarter("x")


def test_nobody_below_takes_a_role_and_an_auditor_keeps_theirs() -> None:
    assert [targets(role) for role in ("frontline", "hr", "auditor")] == [(), (), ()]


def test_a_higher_role_holds_in_one_browser_is_told_twice_and_ends(app: Flask, company: Company) -> None:
    sam, elsewhere = sign_in(app.test_client(), company.sam), sign_in(app.test_client(), company.sam)
    assert (sam.get("/break-glass").status_code, sam.get("/access-review").status_code) == (200, 403)
    for wrong in ({"reason": "quick"}, {"role": "admin"}, {"minutes": "600"}):
        said = {"role": "manager", "minutes": "15", "reason": WHY, **wrong}
        assert sam.post("/break-glass", data=said).status_code == 422
    assert told() == []
    assert sam.post("/break-glass", data={"role": "manager", "minutes": "15", "reason": WHY}).status_code == 303
    page = sam.get("/access-review")
    assert page.status_code == 200 and "You act as Manager" in page.text
    assert elsewhere.get("/access-review").status_code == 403, "another browser of the same person"
    watching = {company.ada.id, company.audra.id} | ({company.sam.manager_id} - {None})
    assert told() == sorted((one, "glass:taken") for one in watching)  # type: ignore[type-var]
    assert WHY in sign_in(app.test_client(), company.audra).get("/break-glass").text
    until = db.session.scalars(select(RoleRaise.ends_at)).one()
    for watcher in (company.ada, company.audra):
        notice = sign_in(app.test_client(), watcher).get("/inbox").text
        assert WHY in notice and f"until {until:%Y-%m-%d %H:%M} UTC" in notice, "why, and for how long"
    assert sam.post("/break-glass", data={"role": "manager", "minutes": "15", "reason": WHY}).status_code in (409, 422)
    raised = db.session.scalars(select(RoleRaise)).one().id
    assert sign_in(app.test_client(), company.tom).post(f"/break-glass/{raised}/end").status_code == 404
    assert sign_in(app.test_client(), company.ada).post(f"/break-glass/{raised}/end").status_code == 303
    assert sam.get("/access-review").status_code == 403, "ended by somebody else, at once"
    assert {line for _who, line in told()} == {"glass:taken", "glass:closed"}
    assert len(told()) == 2 * len(watching)
    assert types() == ["role:raise", "role:lower"]


def test_the_clock_ends_it_and_a_job_says_so(app: Flask, company: Company) -> None:
    sam = sign_in(app.test_client(), company.sam)
    db.session.rollback()
    session_id = db.session.scalars(select(SignInSession.id)).one()
    begun = utc_now() - timedelta(minutes=14)

    def take(at: datetime) -> None:
        actions.open_glass(
            session_id=session_id, role="manager", minutes=15, reason=WHY, actor=company.sam.actor, now=at
        )

    take(begun)
    assert sam.get("/access-review").status_code == 200
    with pytest.raises(raise_actions.AlreadyRaised):
        take(begun)
    assert actions.close_due(now=begun + timedelta(minutes=14, seconds=59)) == 0
    assert actions.close_due(now=begun + timedelta(minutes=15)) == 1
    assert actions.close_due(now=begun + timedelta(minutes=16)) == 0
    assert sam.get("/access-review").status_code == 403
    row = db.session.scalars(select(RoleRaise)).one()
    assert (row.ended_at, row.ended_by_id) == (row.ends_at, None)
    take(utc_now() - timedelta(minutes=20))  # over before any job looked
    assert sam.get("/access-review").status_code == 403


def test_everybody_is_gone_through_by_somebody_else(app: Flask, company: Company) -> None:
    ada = sign_in(app.test_client(), company.ada)
    quarter = quarter_of(utc_now().date())
    body = ada.get("/access-review").text
    assert f'value="{picks(company.ana)[0]}"' in body and f'value="{picks(company.ada)[0]}"' not in body
    assert ada.post("/access-review", data={"pick": picks(company.ana, company.sam)}).status_code == 303
    assert ada.post("/access-review", data={"pick": picks(company.ada)}).status_code == 409
    assert queries.progress(quarter)[0] == 2
    for person, status in ((company.sam, 403), (company.audra, 403), (company.max, 303)):
        answer = sign_in(app.test_client(), person).post("/access-review", data={"pick": picks(company.bo)})
        assert answer.status_code == status
    assert sign_in(app.test_client(), company.audra).get("/access-review").status_code == 200
    db.session.execute(select(1))
    db.session.rollback()
    with db.engine.connect().execution_options(makegood_migration=True) as owner:
        owner.execute(Employee.__table__.update().where(Employee.id == company.ana.id).values(role="hr"))  # type: ignore[attr-defined]
        owner.commit()
    assert f'value="{company.ana.ref} hr"' in ada.get("/access-review").text, "another role is looked at again"
    assert types() == ["access:confirm"] * 3


def test_what_is_revoked_is_closed_at_once_with_its_reason(app: Flask, company: Company) -> None:
    bo, max_ = sign_in(app.test_client(), company.bo), sign_in(app.test_client(), company.max)
    where = f"/access-review/{company.bo.ref}/revocation"
    assert max_.get(where).status_code == 200
    assert max_.post(where, data={"note": "no"}).status_code == 422
    assert bo.get("/inbox").status_code == 200
    assert max_.post(where, data={"note": "Left for the sister hotel in May."}).status_code == 303
    assert bo.get("/inbox").status_code == 303, "signed out"
    assert max_.post(where, data={"note": "Left for the sister hotel in May."}).status_code == 422
    assert max_.get(f"/access-review/{company.max.ref}/revocation").status_code == 200
    answer = max_.post(f"/access-review/{company.max.ref}/revocation", data={"note": "I leave, good bye all."})
    assert answer.status_code == 422 and "Nobody decides about their own access" in answer.text
    db.session.rollback()
    row = db.session.scalars(select(AccessReview)).one()
    assert (row.outcome, row.decided_by_id, row.role) == ("revoked", company.max.id, "frontline")
    assert types() == ["access:revoke"]
    assert "Left for the sister hotel" in max_.get("/access-review").text


def test_a_role_that_changed_since_the_page_was_opened_is_not_confirmed_unseen(app: Flask, company: Company) -> None:
    ada = sign_in(app.test_client(), company.ada)
    page = ada.get("/access-review").text
    assert all(f'value="{pick}"' in page for pick in picks(company.bo, company.ana))
    bo = people.person(company.bo.id)
    assert bo is not None
    set_role(bo, "manager")
    for stale in ([*picks(company.ana, company.bo)], [company.bo.ref]):
        assert ada.post("/access-review", data={"pick": stale}).status_code == 409
    assert db.session.scalars(select(AccessReview)).all() == []
    assert ada.post("/access-review", data={"pick": [f"{bo.ref} manager"]}).status_code == 303


def test_two_who_do_at_once_what_counts_once_are_told_so(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second in a race that only the database decides: 409 and not a failure of ours."""
    sam, now = sign_in(app.test_client(), company.sam, is_proved=True), utc_now()

    def second(**_said: object) -> None:
        with transaction():
            for _time in range(2):
                db.session.add(
                    RoleRaise(
                        employee_id=company.sam.id, session_id=1, own_role="supervisor", role="manager", reason=WHY,
                        begun_at=now, ends_at=now + timedelta(minutes=15),
                    )
                )  # fmt: skip
            db.session.flush()

    monkeypatch.setattr(actions, "open_glass", second)
    answer = sam.post("/break-glass", data={"role": "manager", "minutes": "15", "reason": WHY})
    assert (answer.status_code, "after you opened it" in answer.text) == (409, True)
    assert db.session.scalars(select(RoleRaise)).all() == []
