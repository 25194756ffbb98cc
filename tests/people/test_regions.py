"""Regions: who leads one sees its sites in every room and nothing of the others; who decides and who is told follow."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.approvals import absence_actions as absences
from app.approvals.roster_queries import roster
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.time import utc_now
from app.people import actions as people
from app.people import queries, region_actions
from app.people.access import declared
from app.people.models import Region, SignInSession
from app.people.permissions import PERMISSIONS, REGIONAL, Scope, scope_of
from tests.cases.builders import make_case
from tests.people.builders import OPERATOR, Company, make_company, make_person, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def lead(company: Company, *site_ids: int) -> Region:
    """Let Max, who works at Quayside, lead a region of these sites."""
    return region_actions.add_region(
        name="Coast", site_ids=site_ids, lead_ids=[company.max.id], actor=company.ada.actor, now=utc_now()
    )


def api(app: Flask, company: Company) -> tuple[FlaskClient, dict[str, str]]:
    secret, _token = people.make_token(name="region", actor=company.max.actor, now=utc_now())
    return app.test_client(), {"Authorization": f"Bearer {secret}"}


def case_addresses(app: Flask, ref: str) -> list[tuple[Rule, str]]:
    """Every page and answer that is read of one case."""
    found = []
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments == {"ref"} and "/cases/<ref>" in rule.rule:
            found.append((rule, rule.rule.replace("<ref>", ref)))
    return found


def test_who_leads_a_region_reaches_its_sites_and_no_others(app: Flask, company: Company) -> None:
    assert company.harbour is not None and company.nia is not None
    near = make_case(company.ana, summary="Kettle whistled at Quayside")
    far = make_case(company.nia, summary="Kettle whistled at Harbour House")
    lead(company, company.harbour.id)
    client, (caller, headers) = sign_in(app.test_client(), company.max), api(app, company)

    for path in ("/cases", "/cases?view=all", "/search?q=Kettle", "/promises", "/"):
        page = client.get(path)
        assert page.status_code == 200, path
        assert near.ref not in page.text, path
    assert far.ref in client.get("/cases").text and far.ref in client.get("/search?q=Kettle").text
    assert "Quayside" not in client.get("/clocks").text.split("<main")[1]
    listed: Any = caller.get("/api/v1/cases", headers=headers).json
    assert [one["ref"] for one in listed["items"]] == [far.ref]
    for path in ("/api/v1/clocks", "/api/v1/audit", "/api/v1/exceptions", "/api/v1/purses", "/api/v1/metrics/cases"):
        answer = caller.get(path, headers=headers)
        assert near.ref not in answer.text and answer.status_code in (200, 404), path

    assert len(case_addresses(app, near.ref)) > 15
    wrong = []
    for (rule, there), (_rule, nowhere) in zip(
        case_addresses(app, near.ref), case_addresses(app, "MG-999999"), strict=True
    ):
        who, more = (caller, {"headers": headers}) if rule.rule.startswith("/api/") else (client, {})
        one, other = who.get(there, **more), who.get(nowhere, **more)
        if one.status_code not in (403, 404) or one.status_code != other.status_code:
            wrong.append((there, one.status_code, other.status_code))
    assert wrong == []
    assert client.get(f"/cases/{far.ref}").status_code == 200


def test_every_page_opens_for_who_leads_a_region_exactly_when_the_table_says_so(app: Flask, company: Company) -> None:
    assert company.harbour is not None
    lead(company, company.harbour.id)
    client = sign_in(app.test_client(), company.max)
    wrong = []
    for rule in app.url_map.iter_rules():
        permission = declared(rule.endpoint)[0] if rule.endpoint != "static" else None
        if permission is None or rule.arguments or "GET" not in (rule.methods or ()) or "/api/" in rule.rule:
            continue
        status = client.get(rule.rule).status_code
        if (status == 403) != (permission not in REGIONAL) or status >= 500:
            wrong.append((rule.rule, permission, status))
    assert wrong == []


def test_nobody_decides_or_hears_outside_of_their_region(app: Flask, company: Company) -> None:
    assert company.harbour is not None
    everywhere = make_person("Mia Frost", "manager", company.quayside.id)
    lead(company, company.harbour.id)
    assert company.max.id in queries.supervisors_for(company.harbour.id, None)
    near = queries.supervisors_for(company.quayside.id, None)
    assert company.max.id not in near and everywhere.id in near
    found = {one.id: one for one in roster(utc_now()).deciders}
    assert (found[company.max.id].scope, found[company.max.id].site_ids) == ("region", (company.harbour.id,))
    assert (found[everywhere.id].scope, found[everywhere.id].site_ids) == ("company", ())
    leader, now = queries.person(company.max.id), utc_now()
    assert leader is not None and company.sam is not None and company.tom is not None
    span: dict[str, Any] = {"from_at": now + timedelta(days=1), "to_at": now + timedelta(days=2), "now": now}
    absences.set_absence(employee_id=company.tom.id, actor=leader.actor, **span)
    with pytest.raises(NotPermitted):
        absences.set_absence(employee_id=company.sam.id, actor=leader.actor, **span)
    hers = absences.set_absence(employee_id=company.sam.id, actor=company.sam.actor, **span).id
    with pytest.raises(NotFound):
        absences.end_absence(absence_id=hers, actor=leader.actor, now=now)
    page = sign_in(app.test_client(), company.max).get("/absences").text
    assert company.tom.name in page


def test_a_region_is_changed_with_care(app: Flask, company: Company) -> None:
    assert company.harbour is not None
    sign_in(app.test_client(), company.max)
    region = lead(company, company.harbour.id)
    assert db.session.query(SignInSession).filter_by(ended_at=None).count() == 0, "a new reach asks for a new sign-in"
    identity, version = region.id, region.version
    more: dict[str, Any] = {"actor": OPERATOR, "now": utc_now()}
    wrong: tuple[tuple[str, dict[str, Any]], ...] = (
        ("name", {"name": "coast " * 30, "site_ids": [], "lead_ids": []}),
        ("name", {"name": "Coast", "site_ids": [], "lead_ids": []}),
        ("site_ids", {"name": "Hills", "site_ids": [company.harbour.id], "lead_ids": []}),
        ("site_ids", {"name": "Hills", "site_ids": [999], "lead_ids": []}),
        ("lead_ids", {"name": "Hills", "site_ids": [], "lead_ids": [company.max.id]}),
        ("lead_ids", {"name": "Hills", "site_ids": [], "lead_ids": [company.sam.id]}),
    )
    for field, said in wrong:
        with pytest.raises(BadInput) as refused:
            region_actions.add_region(**said, **more)
        assert set(refused.value.errors) == {field}, said
    with pytest.raises(BadInput):
        region_actions.close_region(region_id=identity, version=version, **more)
    region_actions.edit_region(region_id=identity, name="Shore", site_ids=[], lead_ids=[], version=version, **more)
    region_actions.close_region(region_id=identity, version=version + 1, **more)
    assert db.session.query(Region).count() == 0


def test_pages_of_regions_are_for_administrators(app: Flask, company: Company) -> None:
    assert company.harbour is not None
    admin = sign_in(app.test_client(), company.ada)
    sent = {"name": "Coast", "site_ids": [company.harbour.id], "lead_ids": [company.max.id]}
    assert admin.post("/regions", data={**sent, "name": ""}).status_code == 422
    assert admin.post("/regions", data=sent).status_code == 303
    page = admin.get("/regions").text
    assert "Coast" in page and "Max Weber" in page and "In no region:" in page
    assert "the region Coast" in admin.get(f"/people/{company.max.ref}").text
    assert admin.get("/regions/RG-1").status_code == 200 and admin.get("/regions/RG-9").status_code == 404
    assert admin.post("/regions/RG-1", data={**sent, "version": "9"}).status_code == 409
    assert admin.post("/regions/RG-1", data={**sent, "lead_ids": [], "version": "1"}).status_code == 303
    assert admin.post("/regions/RG-1/closing", data={"version": "2"}).status_code == 303
    assert sign_in(app.test_client(), company.sam).get("/regions").status_code == 403


def test_the_table_of_a_region_is_that_of_managers_without_what_is_the_companys() -> None:
    assert set(REGIONAL) < {name for name, grants in PERMISSIONS.items() if "manager" in grants}
    placed = {name for name, kind in REGIONAL.items() if kind == "region"}
    assert {"cases.read", "exceptions.decide", "audit.read", "metrics.read", "purses.read"} <= placed
    assert {name for name, kind in REGIONAL.items() if kind == "company"} == {
        "charter.read",
        "policies.read",
        "policies.review",
    }
    assert not {"privacy.read", "mails.settings", "policies.publish", "access.review"} & set(REGIONAL)


def test_an_empty_region_covers_nothing() -> None:
    scope = Scope("region", None, None, 7, ())
    assert not scope.covers(site_id=1) and scope.covers()
    assert scope_of(OPERATOR, "cases.read") == Scope("company")
