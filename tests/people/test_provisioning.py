"""Provisioning changes our people through our actions: joiners, movers and leavers; and what it may not do."""

import pytest
from flask import Flask

from app import create_app
from app.audit.models import AuditEntry
from app.cases.models import Case
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.time import utc_now
from app.notifications.models import Notification
from app.people import actions as people
from app.people import hooks, queries, scim_views
from app.people.models import AccessStop, ApiToken, Employee
from app.people.session_actions import NoLongerLetIn
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, sign_in
from tests.people.scim_client import ENTERPRISE, GROUP, Program, person, program, replaced

PHRASE = "violet tram under nine oaks"


@pytest.fixture
def company(app: Flask) -> Company:
    app.config["SCIM_BURST"] = 100_000
    return make_company()


@pytest.fixture
def idp(app: Flask, company: Company) -> Program:
    return program(app, company.ada)


def entries(kind: str) -> list[AuditEntry]:
    db.session.rollback()
    return db.session.query(AuditEntry).filter_by(type=kind).order_by(AuditEntry.id).all()


def test_a_joiner_is_added_by_our_own_action_and_a_mover_is_changed_by_it(company: Company, idp: Program) -> None:
    said = person(
        "Zoe.Adams@makegood.example", externalId="x-1", name={"givenName": "Zoe", "familyName": "Adams"},
        title="Receptionist", phoneNumbers=[{"value": "+44 1", "type": "work"}], password="never kept",
        **{ENTERPRISE: {"manager": company.sam.ref, "department": "Desk"}},
    )  # fmt: skip
    made = idp.post("/Users", said)
    assert made.status_code == 201, made.text
    joined = queries.person_by_email("zoe.adams@makegood.example")
    assert joined is not None
    assert (joined.name, joined.role, joined.job_title) == ("Zoe Adams", "frontline", "Receptionist")
    assert joined.manager_id == company.sam.id and joined.site_id == company.quayside.id
    assert made.json["id"] == joined.ref and "phoneNumbers" not in made.json and "password" not in made.text
    assert made.headers["Location"].endswith(f"/scim/v2/Users/{joined.ref}")
    found = idp.get('/Users?filter=userName eq "ZOE.adams@makegood.example"').json
    assert (found["totalResults"], found["Resources"][0]["externalId"]) == (1, "x-1")
    moved = idp.patch(
        f"/Users/{joined.ref}", {"op": "Replace", "path": "title", "value": "Night manager"},
        {"op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": "+44 2"},
        {"op": "Replace", "path": "active", "value": "True"},
    )  # fmt: skip
    assert moved.status_code == 204, moved.text
    now = idp.get(f"/Users/{joined.ref}")
    assert (now.json["title"], now.json["active"]) == ("Night manager", True)
    [added], [edited] = entries("person:add")[-1:], entries("person:edit")
    assert '"actor":"rule:provisioning@1"' in added.content and '"actor":"rule:provisioning@1"' in edited.content
    assert [one.subject for one in entries("person:provision")] == [joined.ref] * 2
    twice = idp.post("/Users", said)
    assert (twice.status_code, twice.json["scimType"]) == (409, "uniqueness")
    stale = idp.ask("PUT", f"/Users/{joined.ref}", said, **{"If-Match": made.headers["ETag"]})
    assert stale.status_code == 412
    assert idp.get(f"/Users/{joined.ref}", **{"If-None-Match": now.headers["ETag"]}).status_code == 304


def test_a_leaver_is_out_at_once_and_leaves_nothing_to_nobody(app: Flask, company: Company, idp: Program) -> None:
    people.set_pass_phrase(employee_id=company.sam.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    browser = sign_in(app.test_client(), company.sam)
    token, _row = people.make_token(name="night export", actor=company.sam.actor, now=utc_now())
    bearer = {"Authorization": f"Bearer {token}"}
    assert browser.get("/me").status_code == 200
    assert app.test_client().get("/api/v1/cases", headers=bearer).status_code == 200
    gone = idp.patch(f"/Users/{company.sam.ref}", replaced("active", False))
    assert gone.status_code == 204, gone.text
    assert idp.get(f"/Users/{company.sam.ref}").json["active"] is False
    assert browser.get("/me").status_code == 303
    assert app.test_client().get("/api/v1/cases", headers=bearer).status_code == 401
    typed = app.test_client().post("/sign-in", data={"email": company.sam.email, "phrase": PHRASE})
    assert typed.status_code == 422
    with pytest.raises(NoLongerLetIn):  # whatever proved who they are: a passkey and the company's account end here
        people.start_session(person=company.sam, address=None, browser="", now=utc_now(), way="passkey")
    db.session.rollback()
    ana, desk = queries.person(company.ana.id), queries.team(company.front_desk.id)
    assert ana is not None and ana.manager_id == company.max.id
    assert desk is not None and desk.supervisor_id == company.max.id
    back = idp.patch(f"/Users/{company.sam.ref}", replaced("active", True))
    assert back.status_code == 403, "a supervisor is not among the roles that it gives"


def test_what_a_deleted_one_held_goes_to_others_in_the_same_request(company: Company, idp: Program) -> None:
    case_id = make_case(company.ana).id
    assert idp.ask("DELETE", f"/Users/{company.ana.ref}").status_code == 204
    db.session.rollback()
    assert db.session.get_one(Case, case_id).owner_id == company.sam.id
    assert [found for part in invariants.parts() for found in invariants.violations(part)] == []


def test_a_deleted_one_is_gone_for_the_program_stays_for_us_and_comes_back_by_name(
    company: Company, idp: Program
) -> None:
    assert idp.ask("DELETE", f"/Users/{company.ana.ref}").status_code == 204
    assert idp.get(f"/Users/{company.ana.ref}").status_code == 404
    assert idp.ask("DELETE", f"/Users/{company.ana.ref}").status_code == 404
    assert idp.get('/Users?filter=userName eq "ana@makegood.example"').json["totalResults"] == 0
    left = queries.person(company.ana.id)
    assert left is not None and left.name == "Ana Ruiz" and not left.is_active
    again = idp.post("/Users", person("ana@makegood.example", displayName="Ana Ruiz"))
    assert (again.status_code, again.json["id"]) == (201, company.ana.ref), again.text
    assert queries.person(company.ana.id).is_active  # type: ignore[union-attr]


def test_whose_holdings_nobody_can_take_is_out_all_the_same_and_administrators_are_told(
    app: Flask, company: Company, idp: Program
) -> None:
    def refuse(employee_id: int, *_: object) -> None:
        if employee_id == company.ana.id:
            raise people.NeedsSuccessor("Somebody has to take her reviews.")

    browser = sign_in(app.test_client(), company.ana)
    hooks.on_deactivate.append(refuse)
    try:
        gone = idp.patch(f"/Users/{company.ana.ref}", replaced("active", False))
    finally:
        hooks.on_deactivate.remove(refuse)
    assert gone.status_code == 204, gone.text
    assert idp.get(f"/Users/{company.ana.ref}").json["active"] is False
    assert browser.get("/me").status_code == 303
    with pytest.raises(NoLongerLetIn):
        sign_in(app.test_client(), company.ana)
    [stop] = entries("person:stop")
    assert stop.subject == company.ana.ref and queries.person(company.ana.id).is_active  # type: ignore[union-attr]
    told = db.session.query(Notification).filter_by(employee_id=company.ada.id).one()
    assert told.text_key == "security:access-stopped"
    ada = sign_in(app.test_client(), company.ada)
    assert "take her reviews" in ada.get("/provisioning").text
    assert "take her reviews" in ada.get(f"/people/{company.ana.ref}").text
    people.deactivate(employee_id=company.ana.id, actor=company.ada.actor, now=utc_now())
    assert db.session.query(AccessStop).count() == 0


def test_roles_are_given_only_as_the_setting_says_and_the_last_administrator_stays(
    company: Company, idp: Program
) -> None:
    crown = [{"value": "admin"}]
    made = idp.post("/Users", person("eve@makegood.example", roles=crown))
    assert made.status_code == 400 and "admin" in made.json["detail"]
    for path, value in (
        ("roles", [{"value": "frontline"}]),
        ("displayName", "Eve"),
        ("emails", [{"value": "eve@evil.example", "primary": True}]),
    ):
        raised = idp.patch(f"/Users/{company.ada.ref}", replaced(path, value))
        assert raised.status_code == 403, path
    assert idp.patch(f"/Users/{company.ana.ref}", replaced("roles", crown)).status_code == 400
    last = idp.patch(f"/Users/{company.ada.ref}", replaced("active", False))
    assert last.status_code == 409 and "last administrator" in last.json["detail"]
    assert idp.ask("DELETE", f"/Users/{company.ada.ref}").status_code == 409
    ada = queries.person(company.ada.id)
    assert ada is not None and ada.is_active and ada.email == "ada@makegood.example"
    assert idp.patch(f"/Users/{company.hana.ref}", replaced("active", False)).status_code == 204
    assert not queries.person(company.hana.id).is_active  # type: ignore[union-attr]


def test_groups_are_teams_and_joining_one_moves_to_its_site(company: Company, idp: Program) -> None:
    named = {one["displayName"] for one in idp.get("/Groups").json["Resources"]}
    assert named == {"Front desk", "HARB: Concierge"}
    member = {"value": company.bo.ref}
    made = idp.post("/Groups", {"schemas": [GROUP], "displayName": "HARB: Night desk", "members": [member]})
    assert made.status_code == 201, made.text
    bo = queries.person(company.bo.id)
    assert bo is not None and company.harbour is not None and bo.site_id == company.harbour.id
    path = f"/Groups/{made.json['id']}"
    less = idp.patch(path, {"op": "remove", "path": f'members[value eq "{company.bo.ref}"]'})
    assert less.status_code in (200, 204) and queries.person(company.bo.id).team_id is None  # type: ignore[union-attr]
    assert idp.ask("DELETE", path).status_code == 204 and idp.get(path).status_code == 404
    assert "Night desk" in [team.name for team in queries.teams()]
    again = idp.post("/Groups", {"schemas": [GROUP], "displayName": "HARB: Night desk"})
    assert again.json["id"] == made.json["id"]


def test_only_a_live_token_counts_and_it_opens_nothing_else(app: Flask, company: Company, idp: Program) -> None:
    ada = sign_in(app.test_client(), company.ada)
    assert ada.get("/scim/v2/Users").status_code == 401, "no cookie counts"
    token, _row = people.make_token(name="export", actor=company.ada.actor, now=utc_now())
    assert Program(app, token).get("/Users").status_code == 401
    assert app.test_client().get("/api/v1/cases", headers={"Authorization": f"Bearer {idp.secret}"}).status_code == 401
    made = ada.post("/provisioning", data={"name": "Okta"})
    assert made.status_code == 201 and "mgp_" in made.text and "no-store" in made.headers["Cache-Control"]
    assert "mgp_" not in ada.get("/provisioning").text
    assert idp.get("/Users").status_code == 200
    assert ada.post("/provisioning/1/revocation").status_code == 303
    refused = idp.get("/Users")
    assert (
        refused.status_code == 401
        and refused.json["status"] == "401"
        and "Bearer" in refused.headers["WWW-Authenticate"]
    )
    app.extensions.pop("makegood_scim_limits")
    statuses = [idp.get("/Users").status_code for _ in range(32)]
    assert statuses[:30] == [401] * 30 and statuses[31] == 429


def test_hostile_requests_are_refused_in_words_and_change_nothing(company: Company, idp: Program) -> None:
    before = db.session.query(Employee.id, Employee.email, Employee.role, Employee.version).all()
    deep = "[" * 60_000 + "]" * 60_000
    hostile: list[tuple[str, str, bytes]] = [
        ("POST", "/Users", b"x" * 10_000_000),
        ("POST", "/Users", deep.encode()),
        ("POST", "/Users", b'{"userName": "a\\u0000@b.example", "emails": [{"value": "a@b.example"}]}'),
        ("POST", "/Users", b'{"userName": "\\ud800", "emails": [{"value": "a@b.example"}]}'),
        ("POST", "/Users", b"\xff\xfe"),
        ("POST", "/Users", b'{"userName": 7}'),
        ("POST", "/Users", b"[]"),
        ("POST", "/Users", b""),
        ("PUT", f"/Users/{company.ana.ref}", b'{"id": "EM-1", "password_hash": "x", "role": "admin"}'),
        ("PATCH", f"/Users/{company.ana.ref}", b'{"Operations": "all"}'),
        ("PATCH", "/Users/EM-999999", b'{"Operations": []}'),
        ("PATCH", "/Users/EM-99999999999999999999", b'{"Operations": [{"op": "remove", "path": "title"}]}'),
        ("DELETE", "/Users/TE-1", b""),
        ("DELETE", "/Users/1 OR 1=1", b""),
        ("POST", "/Groups", b'{"displayName": "x", "members": [{"value": "EM-999999"}]}'),
        ("POST", "/Bulk", b"{}"),
        ("POST", "/Me", b"{}"),
        ("GET", "/Nothing", b""),
    ]
    for asked in (
        "userName eq \"' OR 1=1 --\"", 'userName eq "\x00"', "userName eq", "(" * 500, "password_hash pr",
        "not (" * 300 + "a pr", "x" * 5000, 'userName co "%"', 'meta.created gt "yesterday"',
    ):  # fmt: skip
        hostile += [("GET", f"/Users?filter={asked.replace('%', '%25').replace(chr(0), '%00')}", b"")]
    hostile += [("GET", "/Users?startIndex=99999999999999999999&count=-7", b""), ("GET", "/Users?count=x", b"")]
    for method, path, body in hostile:
        answer = idp.ask(method, path, body)
        is_empty_search = answer.status_code == 200 and method == "GET" and not answer.json.get("Resources")
        assert 400 <= answer.status_code < 500 or answer.status_code == 501 or is_empty_search, (
            method, path[:60], body[:60], answer.status_code, answer.text[:200],
        )  # fmt: skip
        assert answer.mimetype == "application/scim+json"
    db.session.rollback()
    assert db.session.query(Employee.id, Employee.email, Employee.role, Employee.version).all() == before
    assert db.session.query(ApiToken).count() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_web_processes_hold_one_bound(app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 a minute from one address over both, and for each process the 10 that it has not told the other yet."""
    monkeypatch.setattr(scim_views, "STRANGER_BURST", 60)
    other = create_app(app.extensions["makegood_settings"], TESTING=True)
    statuses = [
        process.test_client().get("/scim/v2/Users").status_code for process in (app, other) for _turn in range(60)
    ]
    assert 60 <= statuses.count(401) <= 60 + 2 * 10 and set(statuses) == {401, 429}
    with other.app_context():
        db.session.remove()
        db.engine.dispose()
