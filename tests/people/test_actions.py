"""Adding, changing and deactivating people; sites, teams; links and pass phrases."""

from datetime import timedelta

import pytest
from flask import Flask

from app.audit.models import AuditEntry
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import hooks, queries
from app.people.actions import AlreadyInactive, LastAdministrator, NeedsSuccessor
from app.people.models import ApiToken, Employee, SignInSession
from app.people.secret_actions import DeadLink
from tests.people.builders import BUILT_AT, Company, make_company, make_person, make_site, set_role, sign_in

PHRASE = "violet tram under nine oaks"


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def edit(who: queries.PersonRow, actor: Actor, **changes: object) -> None:
    said = {
        "name": who.name,
        "email": who.email,
        "site_id": who.site_id,
        "team_id": who.team_id,
        "manager_id": who.manager_id,
        "job_title": who.job_title,
        "locale": who.locale,
        "version": who.version,
    }
    people.edit_person(employee_id=who.id, actor=actor, now=BUILT_AT, **{**said, **changes})  # type: ignore[arg-type]


def wrong_fields(**changes: object) -> set[str]:
    said = {"name": "Kim Novak", "email": "kim@makegood.example", "role": "frontline", "site_id": 1}
    with pytest.raises(BadInput) as refused:
        make_person(**{**said, **changes})  # type: ignore[arg-type]
    return set(refused.value.errors)


def test_a_person_is_refused_with_a_sentence_beside_every_wrong_field(company: Company) -> None:
    elsewhere = company.concierge
    assert elsewhere is not None
    assert wrong_fields(name="K ") == {"name"}
    assert wrong_fields(email="kim") == {"email"}
    assert wrong_fields(email="ANA@makegood.example") == {"email"}
    assert wrong_fields(role="boss", site_id=99) == {"role", "site_id"}
    assert wrong_fields(site_id=company.quayside.id, team_id=elsewhere.id) == {"team_id"}
    assert wrong_fields(manager_id=999, locale="xx_QQ") == {"manager_id", "locale"}


def test_only_an_administrator_writes_people(company: Company) -> None:
    for who in (company.ana, company.sam, company.max, company.hana, company.audra):
        with pytest.raises(NotPermitted):
            make_person("Kim Novak", "frontline", company.quayside.id, actor=who.actor)
    assert make_person("Kim Novak", "frontline", company.quayside.id, actor=company.ada.actor).name == "Kim Novak"


def test_an_edit_from_an_old_page_is_refused_and_changes_nothing(company: Company) -> None:
    edit(company.ana, company.ada.actor, job_title="Night porter")
    with pytest.raises(Conflict):
        edit(company.ana, company.ada.actor, job_title="Concierge")
    found = queries.person(company.ana.id)
    assert found is not None
    assert (found.job_title, found.version) == ("Night porter", company.ana.version + 1)


def test_a_manager_line_in_a_circle_is_refused(company: Company) -> None:
    with pytest.raises(BadInput) as refused:
        edit(company.max, company.ada.actor, manager_id=company.ana.id)
    assert set(refused.value.errors) == {"manager_id"}


def test_another_role_ends_every_session(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ana)
    edit(company.ana, company.ada.actor, job_title="Concierge")
    assert client.get("/me").status_code == 200
    set_role(company.ana, "supervisor")
    assert client.get("/me").status_code == 303


def test_a_supervisor_who_leads_a_team_keeps_the_role_until_somebody_else_leads(company: Company) -> None:
    with pytest.raises(NeedsSuccessor, match="Front desk"):
        set_role(company.sam, "frontline")


def test_deactivating_ends_access_at_once_and_leaves_old_names(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.ana)
    people.make_token(name="export", actor=company.ana.actor, now=utc_now())
    link, _ = people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=utc_now())
    people.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=utc_now())
    assert client.get("/me").status_code == 303
    assert db.session.query(ApiToken).filter(ApiToken.revoked_at.is_(None)).count() == 0
    with pytest.raises(DeadLink):
        people.use_link(token=link, phrase=PHRASE, now=utc_now())
    assert queries.names([company.ana.id]) == {company.ana.id: "Ana Ruiz"}
    assert company.ana.id not in [row.id for row in queries.colleagues(company.quayside.id)]
    with pytest.raises(AlreadyInactive):
        people.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=utc_now())


def test_a_leader_leaves_only_with_a_successor_who_takes_teams_and_people(company: Company) -> None:
    with pytest.raises(NeedsSuccessor, match="Sam Okafor"):
        people.deactivate(employee_id=company.sam.id, actor=company.ada.actor, now=BUILT_AT)
    with pytest.raises(BadInput):
        people.deactivate(
            employee_id=company.sam.id, successor_id=company.ana.id, actor=company.ada.actor, now=BUILT_AT
        )
    people.deactivate(employee_id=company.sam.id, successor_id=company.max.id, actor=company.ada.actor, now=BUILT_AT)
    assert {row.id for row in queries.reports_of(company.max.id)} >= {company.ana.id, company.bo.id}
    assert [row.id for row in queries.teams_led_by(company.max.id)] == [company.front_desk.id]
    assert queries.supervisors_for(company.quayside.id, company.front_desk.id) == [company.max.id]


def test_a_report_who_succeeds_takes_the_leavers_place_in_the_line(company: Company) -> None:
    people.deactivate(employee_id=company.max.id, successor_id=company.sam.id, actor=company.ada.actor, now=BUILT_AT)
    sam, tom = queries.person(company.sam.id), queries.person(company.tom.id if company.tom else 0)
    assert sam is not None
    assert tom is not None
    assert (sam.manager_id, tom.manager_id) == (None, company.sam.id)


def test_the_last_administrator_can_neither_leave_nor_lose_the_role(company: Company) -> None:
    with pytest.raises(LastAdministrator):
        people.deactivate(employee_id=company.ada.id, actor=company.ada.actor, now=BUILT_AT)
    with pytest.raises(LastAdministrator):
        set_role(company.ada, "manager")
    second = make_person("Noor Haddad", "admin", company.quayside.id)
    people.deactivate(employee_id=company.ada.id, actor=second.actor, now=BUILT_AT)


def test_a_higher_rooms_hook_may_refuse_and_then_nothing_has_changed(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StillOwns(Refusal):
        pass

    def refuse(employee_id: int, actor: Actor, now: object) -> None:
        raise StillOwns

    monkeypatch.setattr(hooks, "on_deactivate", [refuse])
    with pytest.raises(StillOwns):
        people.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=BUILT_AT)
    db.session.expire_all()
    assert db.session.get(Employee, company.ana.id).deactivated_at is None  # type: ignore[union-attr]


def test_a_link_works_once_and_ends_the_one_before(company: Company) -> None:
    now = utc_now()
    first, ends = people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)
    assert ends == now + timedelta(days=7)
    second, _ = people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)
    with pytest.raises(DeadLink):
        people.use_link(token=first, phrase=PHRASE, now=now)
    assert people.use_link(token=second, phrase=PHRASE, now=now).id == company.ana.id
    with pytest.raises(DeadLink):
        people.use_link(token=second, phrase=PHRASE, now=now)


def test_a_reset_link_lasts_60_minutes(company: Company) -> None:
    now = utc_now()
    people.use_link(
        token=people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)[0], phrase=PHRASE, now=now
    )
    link, ends = people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)
    assert ends == now + timedelta(minutes=60)
    with pytest.raises(DeadLink):
        people.use_link(token=link, phrase=PHRASE, now=ends)
    assert people.use_link(token=link, phrase=PHRASE, now=ends - timedelta(seconds=1)).id == company.ana.id


def test_a_weak_phrase_is_refused_and_leaves_the_link_alive(company: Company) -> None:
    now = utc_now()
    link, _ = people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=now)
    with pytest.raises(BadInput):
        people.use_link(token=link, phrase="ana ruiz quayside", now=now)
    assert people.use_link(token=link, phrase=PHRASE, now=now).id == company.ana.id


def test_changing_the_phrase_needs_the_current_one_and_ends_other_sessions(app: Flask, company: Company) -> None:
    people.set_pass_phrase(
        employee_id=company.ana.id, phrase=PHRASE, actor=Actor("command", "command:t"), now=utc_now()
    )
    here, there = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.ana)
    sent = {"current": "not this one at all", "phrase": "seven lanterns cross a field"}
    assert here.post("/me/pass-phrase", data=sent).status_code == 422
    assert here.post("/me/pass-phrase", data={**sent, "current": PHRASE}).status_code == 303
    assert here.get("/me").status_code == 200
    assert there.get("/me").status_code == 303


def test_nobody_chooses_a_phrase_for_somebody_else(company: Company) -> None:
    with pytest.raises(AssertionError):
        people.set_pass_phrase(employee_id=company.ana.id, phrase=PHRASE, actor=company.ada.actor, now=BUILT_AT)


def test_somebody_elses_token_and_session_are_not_found(app: Flask, company: Company) -> None:
    _, token = people.make_token(name="export", actor=company.ana.actor, now=BUILT_AT)
    token_id = token.id
    with pytest.raises(NotFound):
        people.revoke_token(token_id=token_id, actor=company.bo.actor, now=BUILT_AT)
    people.revoke_token(token_id=token_id, actor=company.ada.actor, now=BUILT_AT)
    sign_in(app.test_client(), company.ana)
    theirs = db.session.query(SignInSession.id).filter_by(employee_id=company.ana.id).scalar()
    people.end_own_session(session_id=theirs, person=company.bo, actor=company.bo.actor, now=BUILT_AT)
    assert db.session.query(SignInSession).filter(SignInSession.ended_at.is_not(None)).count() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"time_zone": "Europe/Londn"}, "time_zone"),
        ({"currency": "XXQ"}, "currency"),
        ({"currency": "eur"}, "currency"),
        ({"locale": "en_XXX_Q"}, "locale"),
        ({"locale": ""}, "locale"),
        ({"country": "ZZ"}, "country"),
        ({"subdivision": "NOPE"}, "subdivision"),
        ({"code": "ä"}, "code"),
        ({"code": "QUAY"}, "code"),
        ({"name": "Quayside"}, "name"),
    ],
)
def test_a_site_says_which_field_cannot_be_right(company: Company, changes: dict[str, str], field: str) -> None:
    values = {"code": "NEW", "name": "New place"}
    with pytest.raises(BadInput) as refused:
        make_site(**{**values, **changes})
    assert set(refused.value.errors) == {field}


def test_every_write_leaves_its_entry(company: Company) -> None:
    before = db.session.query(AuditEntry).count()
    people.prefer(locale="de", theme="dark", keys_off=True, actor=company.ana.actor, now=BUILT_AT)
    people.make_link(employee_id=company.ana.id, actor=company.ada.actor, now=BUILT_AT)
    types = [row.type for row in db.session.query(AuditEntry).order_by(AuditEntry.id).offset(before)]
    assert types == ["person:prefer", "person:link"]
