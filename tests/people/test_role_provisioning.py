"""What a provisioning program does to roles: it takes away at once, and gives with an administrator."""

from dataclasses import replace

import pytest
from flask import Flask

from app.kernel.time import utc_now
from app.people import actions as people
from app.people import queries, role_queries
from app.people.role_actions import OwnProposal
from tests.people.builders import Company, make_company, make_person
from tests.people.scim_client import Program, person, program, replaced

LEAD = [{"value": "Desk lead"}]


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company(second_site=False)


@pytest.fixture
def idp(app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch) -> Program:
    settings = app.extensions["makegood_settings"]
    roles = (("frontline", "frontline"), ("Desk lead", "supervisor"))
    monkeypatch.setitem(app.extensions, "makegood_settings", replace(settings, scim_roles=roles))
    app.config["SCIM_BURST"] = 100_000
    return program(app, company.ada)


def test_a_program_that_gives_more_waits_for_an_administrator_other_than_who_made_its_token(
    app: Flask, company: Company, idp: Program
) -> None:
    noor = make_person("Noor Haddad", "admin", company.quayside.id)
    made = idp.post("/Users", person("eve@makegood.example", displayName="Eve Lund", roles=LEAD))
    assert made.status_code == 201 and made.json["roles"] == [{"value": "frontline"}], made.text
    path = f"/Users/{company.ana.ref}"
    for _time in range(2):
        assert idp.patch(path, replaced("roles", LEAD)).status_code == 204
    assert idp.get(path).json["roles"] == [{"value": "frontline"}], "it reads the role that holds"
    first, second = role_queries.undecided(utc_now())
    assert [(one.role, one.by_program, one.standing) for one in (first, second)] == [("supervisor", True, "open")] * 2
    with pytest.raises(OwnProposal):
        people.confirm_role(change_id=second.id, actor=company.ada.actor, now=utc_now())
    people.confirm_role(change_id=second.id, actor=noor.actor, now=utc_now())
    assert idp.get(path).json["roles"] == LEAD


def test_a_program_takes_a_role_away_at_once_and_takes_back_what_it_proposed(company: Company, idp: Program) -> None:
    lou = make_person("Lou Marsh", "supervisor", company.quayside.id)
    assert idp.patch(f"/Users/{lou.ref}", replaced("roles", [{"value": "frontline"}])).status_code == 204
    found = queries.person(lou.id)
    assert found is not None and found.role == "frontline"
    path = f"/Users/{company.ana.ref}"
    assert idp.patch(path, replaced("roles", LEAD)).status_code == 204
    assert idp.patch(path, {"op": "remove", "path": "roles"}).status_code == 204
    assert role_queries.undecided(utc_now()) == ()
