"""The pages of a case's clocks, of targets and of rules."""

import csv
import io
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people
from app.sla import queries
from app.sla.condition_rules import DEFAULT_RULES
from app.sla.models import Clock
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.people.factoring import give_factor, sign_in_proved


def desk(app: Flask) -> tuple[Company, FlaskClient, int]:
    company = make_company()
    case = make_case(company.ana)
    return company, sign_in(app.test_client(), company.ana), case.id


def test_the_clocks_of_a_case_have_a_page_with_tasks_and_why(app: Flask) -> None:
    company, ana, case_id = desk(app)
    url = f"/cases/MG-{case_id}/clocks"
    assert "Why this deadline?" in ana.get(url).get_data(as_text=True)
    typed = {"kind": "ola", "what": "Housekeeping: a new mattress", "time": "4:00", "team": str(company.front_desk.id)}
    for change in ({"what": ""}, {"time": "soon"}, {"time": "", "kind": "uc"}, {"kind": "nobody"}, {"team": "999"}):
        answer = ana.post(url, data={**typed, **change})
        assert answer.status_code == 422, change
    assert ana.post(url, data=typed).status_code == 303
    clock = db.session.query(Clock).filter_by(milestone="ola").one()
    assert (clock.label, clock.team_id, clock.target_seconds) == (typed["what"], company.front_desk.id, 14_400)
    why = ana.get(f"/clocks/CL-{clock.id}/why").get_data(as_text=True)
    assert "on the wall" in why and typed["what"] in why
    assert company.nia is not None
    stranger = sign_in(app.test_client(), company.nia)
    for path in (url, f"/clocks/CL-{clock.id}/why"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/clocks/CL-{clock.id}/end").status_code == 404
    assert sign_in(app.test_client(), company.bo).post(f"/clocks/CL-{clock.id}/end").status_code == 303
    assert queries.clock_view(clock.id, utc_now()).state == "met"  # type: ignore[union-attr]


def test_a_supervisor_approves_a_long_pause_on_the_clocks_page(app: Flask) -> None:
    company, ana, case_id = desk(app)
    url = f"/cases/MG-{case_id}/clocks"
    ana.post(f"/cases/MG-{case_id}/pauses", data={"waiting_for": "customer", "reason": "Back on Friday"})
    assert "until" in ana.get(url).get_data(as_text=True)
    assert ana.post(f"{url}/rest", data={"reason": "She is away"}).status_code == 403
    sam = sign_in(app.test_client(), company.sam)
    assert "Let them rest" in sam.get(url).get_data(as_text=True)
    assert sam.post(f"{url}/rest", data={"reason": ""}).status_code == 422
    assert sam.post(f"{url}/rest", data={"reason": "She is away"}).status_code == 303
    page = sam.get(url).get_data(as_text=True)
    assert "approved by a supervisor" in page and "Let them rest" not in page
    assert sam.post(f"{url}/rest", data={"reason": "She is away"}).status_code == 409


def test_the_administrator_narrows_targets_and_edits_rules_by_new_versions(app: Flask) -> None:
    company, ana, _case_id = desk(app)
    ada = sign_in(app.test_client(), company.ada)
    line = {"number": "0", "milestone": "resolve", "severity": "2", "site": str(company.quayside.id), "time": "3:00"}
    assert ada.post("/settings/clock-targets/narrow", data={**line, "site": ""}).status_code == 422
    assert ada.post("/settings/clock-targets/narrow", data=line).status_code == 303
    assert ada.post("/settings/clock-targets/narrow", data=line).status_code == 409
    case_id = make_case(company.ana, severity=2).id
    assert db.session.query(Clock.target_seconds).filter_by(case_id=case_id, milestone="resolve").scalar() == 10_800
    assert b"3 h" in ada.get("/settings/clock-targets").data
    assert ada.post("/settings/clock-targets/narrow/5/removal", data={"number": "1"}).status_code == 404
    assert ada.post("/settings/clock-targets/narrow/0/removal", data={"number": "1"}).status_code == 303
    rule = {"number": "2", "anchor": "received", "time": "wall", "start": ["logged"], "stop": ["resolved"]}
    assert ada.post("/settings/clock-rules/resolve", data={**rule, "pause": ["approval"]}).status_code == 422
    assert ada.post("/settings/clock-rules/resolve", data={**rule, "start": []}).status_code == 422
    assert ada.post("/settings/clock-rules/resolve", data=rule).status_code == 303
    ladder = {
        "number": "3",
        "thresholds": ["soon", "breach"],
        "level1": "0:30",
        "level2": "1:00",
        "level3": "2:00",
        "pause": "8:00",
    }
    assert ada.post("/settings/clock-rules", data={**ladder, "level2": "0:10"}).status_code == 422
    assert ada.post("/settings/clock-rules", data=ladder).status_code == 303
    version_id, number = queries.newest_policy()
    rules = queries.policy(version_id).rules
    assert (number, rules.of("resolve").anchor, rules.escalate_seconds) == (4, "received", (1_800, 3_600, 7_200))
    assert rules.of("acknowledge") == DEFAULT_RULES.of("acknowledge")
    for path in ("/settings/clock-rules", "/settings/clock-rules/resolve"):
        assert ada.get(path).status_code == 200
        assert ana.get(path).status_code == 403
    assert ada.get("/settings/clock-rules/promise").status_code == 404


def test_the_month_counts_what_is_due_on_each_local_day(app: Flask) -> None:
    company, ana, _case_id = desk(app)
    assert company.nia is not None
    page = ana.get("/clocks/month").get_data(as_text=True)
    assert " due<" in page or " late<" in page
    assert " due<" not in sign_in(app.test_client(), company.nia).get("/clocks/month").get_data(as_text=True)
    for text in ("2026-13", "x", "9999-01", "2026-02"):
        assert ana.get(f"/clocks/month?month={text}").status_code == 200


def test_the_api_says_why_a_deadline_is_where_it_is(app: Flask) -> None:
    company, _ana, case_id = desk(app)
    clock = db.session.query(Clock).filter_by(case_id=case_id, milestone="resolve").one()
    secret, _token = people.make_token(name="why", actor=company.ana.actor, now=utc_now())
    url, headers = f"/api/v1/clocks/CL-{clock.id}/explanation", {"Authorization": f"Bearer {secret}"}
    said = app.test_client().get(url, headers=headers).get_json()
    # It started between two whole seconds, so the first and the last day may each lose a part of one.
    assert clock.target_seconds - 2 <= sum(day["counted_seconds"] for day in said["days"]) <= clock.target_seconds
    assert (said["clock"]["ref"], said["source"], said["days"][0]["why"]) == (f"CL-{clock.id}", None, "")
    assert company.nia is not None
    other, _token = people.make_token(name="why", actor=company.nia.actor, now=utc_now())
    assert app.test_client().get(url, headers={"Authorization": f"Bearer {other}"}).status_code == 404


def test_clocks_are_carried_away_in_ones_own_scope_and_harmless_to_a_spreadsheet(app: Flask) -> None:
    company, ana, case_id = desk(app)
    assert company.nia is not None
    typed = {"kind": "ola", "what": '=HYPERLINK("http://evil.example")', "time": "4:00", "team": ""}
    assert ana.post(f"/cases/MG-{case_id}/clocks", data=typed).status_code == 303
    answer = ana.post("/clocks/exports", data={})
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="clocks-QUAY-')
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert {row["case"] for row in rows} == {f"MG-{case_id}"} and len(rows) == 4
    assert next(row["about"] for row in rows if row["milestone"] == "ola").startswith("'=HYPERLINK")
    entry = db.session.query(AuditEntry).filter_by(type="clock:export").one()
    assert (entry.actor_id, entry.site_id) == (company.ana.id, company.quayside.id)
    bo, nia = sign_in(app.test_client(), company.bo), sign_in(app.test_client(), company.nia)
    assert len(bo.post("/clocks/exports", data={"mine": "1"}).data.splitlines()) == 1  # the header
    assert b"MG-" not in nia.post("/clocks/exports", data={"site": str(company.quayside.id)}).data
    assert nia.post("/clocks/exports", data={"case": f"MG-{case_id}"}).status_code == 404
    give_factor(company.bo, utc_now())
    bo = sign_in_proved(app.test_client(), company.bo, now=utc_now() - timedelta(minutes=10))
    assert bo.post("/clocks/exports", data={}).status_code == 403, "whoever has a second factor proves it first"
    proved = sign_in_proved(app.test_client(), company.bo, now=utc_now())
    assert proved.post("/clocks/exports", data={}).status_code == 200
