"""Four eyes for changes of role: one administrator proposes, another confirms."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from app.people import actions as people
from app.people import queries, role_queries
from app.people.models import RoleChange
from app.people.permissions import only_takes_away
from app.people.queries import PersonRow
from app.people.role_actions import AboutOneself, AlreadyDecided, AlreadyWaiting, NoLongerOpen, NotYours, OwnProposal
from app.people.role_guards import RenewedByProposer
from app.people.role_rules import LASTS, standing
from tests.people.builders import OPERATOR, Company, make_company, make_person, set_role, sign_in

WHY = "Leads the desk from May."


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company(second_site=False)


@pytest.fixture
def noor(company: Company) -> PersonRow:
    return make_person("Noor Haddad", "admin", company.quayside.id)


def propose(who: PersonRow, role: str, by: PersonRow, **more: object) -> int:
    said = {"reason": WHY, "now": utc_now(), **more}
    return people.propose_role(employee_id=who.id, role=role, actor=by.actor, **said).id  # type: ignore[arg-type]


def role_of(who: PersonRow) -> str:
    found = queries.person(who.id)
    assert found is not None
    return found.role


def entries(who: PersonRow) -> list[str]:
    rows = db.session.query(AuditEntry.type).filter(AuditEntry.subject == who.ref, AuditEntry.type.endswith("-role"))
    return [row.type for row in rows.order_by(AuditEntry.id)]


def told(who: PersonRow) -> list[str]:
    wanted = db.session.query(Notification.text_key).filter_by(employee_id=who.id).order_by(Notification.id)
    return [row.text_key for row in wanted]


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ("admin", "frontline", True),
        ("manager", "supervisor", True),
        ("frontline", "supervisor", False),
        ("supervisor", "manager", False),
        ("auditor", "hr", False),
        ("manager", "admin", False),
    ],
)
def test_a_role_only_takes_away_when_it_gives_nothing_new_nor_further(before: str, after: str, answer: bool) -> None:
    assert only_takes_away(before, after) is answer


def test_a_proposal_stands_until_its_very_end_and_says_why_it_does_not() -> None:
    now = utc_now()
    said = {"role_before": "frontline", "role_now": "frontline", "is_active": True, "is_proposer_entitled": True}
    assert standing(**said, ends_at=now + timedelta(seconds=1), now=now) == "open"  # type: ignore[arg-type]
    assert standing(**said, ends_at=now, now=now) == "expired"  # type: ignore[arg-type]
    for change, answer in (({"role_now": "hr"}, "changed"), ({"is_active": False}, "left"),
                           ({"is_proposer_entitled": False}, "fallen")):  # fmt: skip
        assert standing(**{**said, **change}, ends_at=now + LASTS, now=now) == answer  # type: ignore[arg-type]


def test_a_second_administrator_confirms_a_change_of_role(app: Flask, company: Company, noor: PersonRow) -> None:
    client = sign_in(app.test_client(), company.ana)
    change_id = propose(company.ana, "supervisor", company.ada)
    assert role_of(company.ana) == "frontline", "nothing changes before it is confirmed"
    assert client.get("/me").status_code == 200
    assert told(noor) == ["security:role-proposed"]
    people.confirm_role(change_id=change_id, actor=noor.actor, now=utc_now())
    assert role_of(company.ana) == "supervisor"
    assert client.get("/me").status_code == 303, "with another role one signs in anew"
    assert told(company.ana) == ["security:role-changed"]
    assert entries(company.ana) == ["person:propose-role", "person:confirm-role"]


def test_neither_who_proposed_it_nor_whom_it_is_about_confirms(company: Company, noor: PersonRow) -> None:
    about_noor = propose(noor, "manager", company.ada)
    with pytest.raises(OwnProposal):
        people.confirm_role(change_id=about_noor, actor=company.ada.actor, now=utc_now())
    with pytest.raises(AboutOneself):
        people.confirm_role(change_id=about_noor, actor=noor.actor, now=utc_now())
    with pytest.raises(AboutOneself):
        people.refuse_role(change_id=about_noor, word="I would rather not.", actor=noor.actor, now=utc_now())
    assert role_of(noor) == "admin"


def test_whose_sign_in_the_proposer_renewed_does_not_confirm_for_a_week(company: Company, noor: PersonRow) -> None:
    """Otherwise one administrator makes a link for another, signs in as them, and confirms."""
    people.make_link(employee_id=noor.id, actor=company.ada.actor, now=utc_now() - timedelta(days=1))
    change_id = propose(company.ana, "supervisor", company.ada)
    with pytest.raises(RenewedByProposer):
        people.confirm_role(change_id=change_id, actor=noor.actor, now=utc_now())
    assert role_of(company.ana) == "frontline"
    third = make_person("Zed Quill", "admin", company.quayside.id)
    people.make_link(employee_id=third.id, actor=noor.actor, now=utc_now())
    people.confirm_role(change_id=change_id, actor=third.actor, now=utc_now())
    assert role_of(company.ana) == "supervisor", "somebody else's link is another pair of eyes"
    later = utc_now() + timedelta(days=6, seconds=1)
    other = propose(company.bo, "supervisor", company.ada, now=later)
    people.confirm_role(change_id=other, actor=noor.actor, now=later)


def test_a_manager_who_broke_the_glass_confirms_as_an_administrator_and_is_named(app: Flask, company: Company) -> None:
    change_id = propose(company.ana, "supervisor", company.ada)
    client = sign_in(app.test_client(), company.max)
    reference = ref("role_change", change_id)
    assert client.post(f"/role-changes/{reference}/confirmation").status_code == 403
    why = {"role": "admin", "minutes": "15", "reason": "The only other administrator is away until May."}
    assert client.post("/break-glass", data=why).status_code == 303
    assert client.post(f"/role-changes/{reference}/confirmation").status_code == 303
    assert role_of(company.ana) == "supervisor"
    [entry] = db.session.query(AuditEntry).filter_by(subject=company.ana.ref, type="person:confirm-role")
    assert entry.actor_id == company.max.id
    assert "glass:taken" in told(company.ada), "whoever administers is told that he took the role"


def test_the_database_itself_holds_the_four_eyes_and_one_proposal_a_person(company: Company, noor: PersonRow) -> None:
    change_id, now = propose(company.ana, "supervisor", company.ada), utc_now()
    for decider in (company.ada, company.ana):
        row = db.session.get_one(RoleChange, change_id)
        row.outcome, row.decided_at, row.decided_by_id = "confirmed", now, decider.id
        with pytest.raises(IntegrityError, match="four_eyes"):
            db.session.flush()
        db.session.rollback()
    twin = RoleChange(
        employee_id=company.ana.id, role_before="frontline", role="manager", reason=WHY, proposed_by_id=noor.id,
        proposed_at=now, ends_at=now + LASTS, word="",
    )  # fmt: skip
    with pytest.raises(IntegrityError), transaction():
        db.session.add(twin)
    with pytest.raises(AlreadyWaiting):
        propose(company.ana, "manager", noor)


def test_only_an_administrator_proposes_confirms_and_refuses(company: Company) -> None:
    change_id = propose(company.ana, "supervisor", company.ada)
    for who in (company.ana, company.sam, company.max, company.hana, company.audra):
        deeds: tuple[Callable[[], object], ...] = (
            lambda who=who: propose(company.bo, "manager", who),  # type: ignore[misc]
            lambda who=who: people.confirm_role(change_id=change_id, actor=who.actor, now=utc_now()),  # type: ignore[misc]
            lambda who=who: people.refuse_role(change_id=change_id, word=WHY, actor=who.actor, now=utc_now()),  # type: ignore[misc]
            lambda who=who: people.withdraw_role(change_id=change_id, actor=who.actor, now=utc_now()),  # type: ignore[misc]
        )
        for deed in deeds:
            with pytest.raises(NotPermitted):
                deed()
    assert role_of(company.ana) == "frontline"


def test_a_refusal_says_why_and_who_proposed_it_is_told(company: Company, noor: PersonRow) -> None:
    change_id = propose(company.ana, "supervisor", company.ada)
    with pytest.raises(BadInput):
        people.refuse_role(change_id=change_id, word="no", actor=noor.actor, now=utc_now())
    with pytest.raises(OwnProposal):
        people.refuse_role(change_id=change_id, word=WHY, actor=company.ada.actor, now=utc_now())
    people.refuse_role(change_id=change_id, word="Tom leads it until June.", actor=noor.actor, now=utc_now())
    assert told(company.ada) == ["security:role-refused"]
    assert (role_of(company.ana), entries(company.ana)[-1]) == ("frontline", "person:refuse-role")
    assert role_queries.decided(utc_now())[0].word == "Tom leads it until June."


def test_who_proposed_it_takes_it_back_and_nobody_else(company: Company, noor: PersonRow) -> None:
    change_id = propose(company.ana, "supervisor", company.ada)
    with pytest.raises(NotYours):
        people.withdraw_role(change_id=change_id, actor=noor.actor, now=utc_now())
    people.withdraw_role(change_id=change_id, actor=company.ada.actor, now=utc_now())
    for _time in range(2):
        with pytest.raises(AlreadyDecided):
            people.confirm_role(change_id=change_id, actor=noor.actor, now=utc_now())
    assert (role_of(company.ana), entries(company.ana)[-1]) == ("frontline", "person:withdraw-role")
    propose(company.ana, "supervisor", noor)


def test_after_seven_days_it_is_refused_and_may_be_proposed_anew(company: Company, noor: PersonRow) -> None:
    now = utc_now()
    old = propose(company.ana, "supervisor", company.ada, now=now - LASTS)
    with pytest.raises(NoLongerOpen, match="7 days"):
        people.confirm_role(change_id=old, actor=noor.actor, now=now)
    assert role_of(company.ana) == "frontline"
    propose(company.ana, "supervisor", company.ada, now=now)
    assert entries(company.ana) == ["person:propose-role", "person:lapse-role", "person:propose-role"]


def test_it_falls_when_the_role_changed_or_who_proposed_it_is_no_administrator_any_more(
    company: Company, noor: PersonRow
) -> None:
    first = propose(company.bo, "supervisor", noor)
    people.deactivate(employee_id=noor.id, actor=company.ada.actor, now=utc_now())
    third = make_person("Zed Quill", "admin", company.quayside.id)
    with pytest.raises(NoLongerOpen, match="may not do so any more"):
        people.confirm_role(change_id=first, actor=third.actor, now=utc_now())
    second = propose(company.ana, "supervisor", company.ada)
    set_role(company.ana, "manager")
    with pytest.raises(AlreadyDecided):
        people.confirm_role(change_id=second, actor=third.actor, now=utc_now())
    assert (role_of(company.bo), role_of(company.ana)) == ("frontline", "manager")
    assert entries(company.ana) == ["person:propose-role", "person:lapse-role", "person:set-role"]


def test_a_demotion_takes_two_and_a_leaver_is_out_at_once(company: Company, noor: PersonRow) -> None:
    change_id = propose(company.max, "supervisor", company.ada)
    assert role_of(company.max) == "manager"
    people.deactivate(employee_id=company.max.id, successor_id=company.sam.id, actor=company.ada.actor, now=utc_now())
    with pytest.raises(AlreadyDecided):
        people.confirm_role(change_id=change_id, actor=noor.actor, now=utc_now())


def test_the_last_administrator_and_who_leads_a_team_keep_their_role(company: Company, noor: PersonRow) -> None:
    with pytest.raises(people.NeedsSuccessor):
        propose(company.sam, "frontline", company.ada)
    change_id = propose(company.ada, "manager", company.ada)
    third = make_person("Zed Quill", "admin", company.quayside.id)
    for one in (noor, third):
        people.deactivate(employee_id=one.id, actor=OPERATOR, now=utc_now())
    with pytest.raises(people.LastAdministrator):
        people.confirm_role(change_id=change_id, actor=third.actor, now=utc_now())
    assert role_of(company.ada) == "admin"


def test_a_stale_page_proposes_nothing(company: Company) -> None:
    with pytest.raises(Conflict):
        propose(company.ana, "supervisor", company.ada, version=company.ana.version - 1)
    with pytest.raises(BadInput) as refused:
        propose(company.ana, "frontline", company.ada, reason="short")
    assert set(refused.value.errors) == {"role", "reason"}


def test_two_administrators_who_decide_at_once_decide_once(app: Flask, company: Company, noor: PersonRow) -> None:
    third = make_person("Zed Quill", "admin", company.quayside.id)
    change_id = propose(company.ana, "supervisor", company.ada)
    answers, start = [], threading.Barrier(2)

    def confirm(who: PersonRow) -> None:
        with app.app_context():
            start.wait(5)
            try:
                people.confirm_role(change_id=change_id, actor=who.actor, now=utc_now())
                answers.append("done")
            except Refusal as refusal:
                answers.append(refusal.code)

    threads = [threading.Thread(target=confirm, args=[who]) for who in (noor, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answers) == ["already-decided", "done"]
    db.session.rollback()
    assert entries(company.ana).count("person:confirm-role") == 1


def test_somebody_added_above_frontline_begins_as_frontline_until_it_is_confirmed(
    app: Flask, company: Company, noor: PersonRow
) -> None:
    ada = sign_in(app.test_client(), company.ada)
    said = {"name": "Kim Novak", "email": "kim@makegood.example", "role": "manager", "site_id": company.quayside.id}
    page = ada.post("/people", data=said)
    assert page.status_code == 201 and "The role Manager holds once another administrator" in page.text
    kim = queries.person_by_email("kim@makegood.example")
    assert kim is not None and kim.role == "frontline"
    waiting = role_queries.open_change_of(kim.id, utc_now())
    assert waiting is not None and (waiting.role, waiting.proposed_by_id) == ("manager", company.ada.id)


def test_the_pages_lead_from_the_proposal_to_its_confirmation(app: Flask, company: Company, noor: PersonRow) -> None:
    ada, other = sign_in(app.test_client(), company.ada), sign_in(app.test_client(), noor)
    url, version = f"/people/{company.ana.ref}", str(company.ana.version)
    edited = {"name": "Ana Ruiz", "email": "ana@makegood.example", "site_id": company.ana.site_id, "version": version}
    ada.post(f"{url}/edit", data={**edited, "role": "admin"})
    assert role_of(company.ana) == "frontline", "the form of the person takes no role, whatever is sent"
    assert 'name="role"' not in ada.get(f"{url}/edit").text
    said = {"role": "supervisor", "reason": WHY, "version": str(company.ana.version + 1)}
    wrong = ada.post(f"{url}/role", data={**said, "reason": "no"})
    assert wrong.status_code == 422 and 'value="no"' in wrong.text
    assert ada.post(f"{url}/role", data={**said, "version": version}).status_code == 409
    assert ada.post(f"{url}/role", data=said).status_code == 303
    assert ada.post(f"{url}/role", data=said).status_code == 409, "sent twice, it is proposed once"
    change = role_queries.open_change_of(company.ana.id, utc_now())
    assert change is not None
    confirmation = f"/role-changes/{change.ref}/confirmation"
    assert confirmation not in ada.get(url).text and confirmation in other.get(url).text
    assert WHY in other.get("/role-changes").text
    assert re.search(r'href="/people"[^>]*>.*?\b1\b', other.get("/").text, re.DOTALL)
    own = ada.post(confirmation)
    assert own.status_code == 409 and "Another administrator" in own.text
    for who in (company.hana, company.audra):
        assert WHY not in sign_in(app.test_client(), who).get(url).text
    assert other.post(confirmation).status_code == 303
    late = other.post(confirmation)
    assert late.status_code == 409 and "has decided this already" in late.text
    assert role_of(company.ana) == "supervisor"
    assert "confirmed" in ada.get("/role-changes").text
    assert other.post("/role-changes/RO-999/confirmation").status_code == 404


def test_an_operator_changes_a_role_at_once_where_nobody_could_confirm(app: Flask, company: Company) -> None:
    args = ["people", "role", "--email", company.ana.email, "--role", "admin", "--json"]
    done = app.test_cli_runner().invoke(args=[*args, "--reason", "There is one administrator."])
    assert done.exit_code == 0 and '"role":"admin"' in done.output, done.output
    assert role_of(company.ana) == "admin"
    entry = db.session.query(AuditEntry).filter_by(type="person:set-role").one()
    assert '"command:people-role"' in entry.content
    again = app.test_cli_runner().invoke(args=[*args, "--reason", "There is one administrator."])
    assert again.exit_code == 1 and "another role" in again.output
    with pytest.raises(NotPermitted):
        people.set_role(
            employee_id=company.bo.id, role="hr", reason=WHY, actor=company.ada.actor, now=utc_now()
        )  # never by a person alone
