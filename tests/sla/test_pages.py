import re
from datetime import timedelta

from flask import Flask, render_template
from sqlalchemy import event

from app.kernel.database import db
from app.kernel.time import utc_now
from app.sla import actions as clocks
from app.sla import queries
from app.sla.rules import DEFAULT_TARGETS
from tests.people.builders import Company, make_company, sign_in
from tests.sla.builders import HOUR, MONDAY, TEST


def start(company: Company, case_id: int, **more: object) -> None:
    given: dict[str, object] = {
        "site_id": company.quayside.id,
        "team_id": company.front_desk.id,
        "owner_id": company.ana.id,
        "severity": 0,
        "started_at": utc_now() - timedelta(hours=1),
        "now": utc_now(),
    }
    clocks.start_case_clocks(case_id=case_id, actor=TEST, **{**given, **more})  # type: ignore[arg-type]


def test_the_board_shows_my_sites_open_clocks_and_no_other_sites(app: Flask) -> None:
    company = make_company()
    assert company.harbour is not None and company.nia is not None
    start(company, 1)
    start(company, 2, owner_id=company.bo.id)
    start(company, 3, historic=True)
    start(company, 4, site_id=company.harbour.id, team_id=None)
    page = sign_in(app.test_client(), company.ana).get("/clocks")
    assert page.status_code == 200
    assert b"MG-1" in page.data and b"MG-2" in page.data
    assert b"MG-3" not in page.data and b"MG-4" not in page.data
    mine = sign_in(app.test_client(), company.ana).get("/clocks?mine=1").data
    assert b"MG-1" in mine and b"MG-2" not in mine
    elsewhere = sign_in(app.test_client(), company.nia).get(f"/clocks?site={company.quayside.id}").data
    assert b"MG-1" not in elsewhere and b"MG-4" in elsewhere


def test_the_manager_may_look_at_any_site_and_hr_at_none(app: Flask) -> None:
    company = make_company()
    assert company.harbour is not None
    start(company, 4, site_id=company.harbour.id, team_id=None)
    assert b"MG-4" in sign_in(app.test_client(), company.max).get(f"/clocks?site={company.harbour.id}").data
    assert sign_in(app.test_client(), company.hana).get("/clocks").status_code == 403
    assert app.test_client().get("/clocks").status_code in (302, 303, 401)


def test_the_board_is_paged_and_reads_the_same_number_of_queries_however_long_it_is(app: Flask) -> None:
    company = make_company(second_site=False)
    client = sign_in(app.test_client(), company.ana)
    start(company, 1)
    few = count_queries(lambda: client.get("/clocks"))
    for case_id in range(2, 60):
        start(company, case_id)
    assert count_queries(lambda: client.get("/clocks")) == few <= 15
    page = queries.clocks_at_risk(site_id=company.quayside.id, page=queries.Page(size=50), now=utc_now())
    rest = queries.clocks_at_risk(site_id=company.quayside.id, page=queries.Page.of(page.next_cursor), now=utc_now())
    assert [view.case_id for view in (*page.rows, *rest.rows)] == list(range(1, 60))


def count_queries(work: object) -> int:
    seen: list[str] = []

    def watch(_c: object, _k: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", watch)
    work()  # type: ignore[operator]
    event.remove(db.engine, "before_cursor_execute", watch)
    return len([statement for statement in seen if not statement.startswith(("BEGIN", "PRAGMA"))])


def test_a_case_reads_its_clocks_in_one_query_and_says_why(app: Flask) -> None:
    company = make_company(second_site=False)
    start(company, 1, severity=4, started_at=MONDAY)
    clocks.stop(case_id=1, milestone="acknowledge", at=MONDAY, actor=TEST, now=MONDAY)
    clocks.pause(case_id=1, reason="customer", actor=TEST, now=MONDAY + HOUR)
    queries.clocks_of_case(1, MONDAY)
    assert count_queries(lambda: queries.clocks_of_case(1, MONDAY + HOUR)) == 1
    with app.test_request_context():
        html = render_template(
            "sla/_clocks.html", clocks=queries.clocks_of_case(1, MONDAY + 2 * HOUR), now=MONDAY + 2 * HOUR
        )
    assert "Met in" in html and "Paused, 7 h left" in html and "Late" in html
    assert html.count("<details") == 3
    assert "style=" not in html


def test_the_administrator_publishes_targets_and_nobody_else(app: Flask) -> None:
    company = make_company(second_site=False)
    client = sign_in(app.test_client(), company.ada)
    page = client.get("/settings/clock-targets")
    assert page.status_code == 200 and b"0:15" in page.data
    form = {"number": "0", "resolve_4": "6:00", "acknowledge_4": "0:10"}
    assert client.post("/settings/clock-targets", data=form).status_code == 303
    version_id, number = queries.newest_policy()
    assert (number, queries.targets(version_id)) == (1, {4: {"acknowledge": 600, "resolve": 21_600}})
    form["resolve_4"] = "5:00"
    stale = client.post("/settings/clock-targets", data=form)
    assert stale.status_code == 409
    assert "was faster" in stale.text and "6:00" in stale.text, "what stands there now is told"
    assert 'value="5:00"' in stale.text, "and what was typed is kept"
    shown = re.findall(r'name="number"[^>]*value="(\d+)"', stale.text)
    assert "1" in shown
    assert client.post("/settings/clock-targets", data={**form, "number": shown[0]}).status_code == 303
    version_id, number = queries.newest_policy()
    assert (number, queries.targets(version_id)[4]["resolve"]) == (2, 18_000)
    assert sign_in(app.test_client(), company.sam).get("/settings/clock-targets").status_code == 403


def test_bad_targets_are_shown_again_with_what_was_typed(app: Flask) -> None:
    company = make_company(second_site=False)
    client = sign_in(app.test_client(), company.ada)
    for value in ("8 h", "1:75", "99999:00"):
        page = client.post("/settings/clock-targets", data={"number": "0", "resolve_4": value})
        assert page.status_code == 422
        assert value.encode() in page.data
    assert client.post("/settings/clock-targets", data={"number": "0"}).status_code == 422
    assert queries.newest_policy() == (None, 0)
    assert queries.targets(None) == DEFAULT_TARGETS
