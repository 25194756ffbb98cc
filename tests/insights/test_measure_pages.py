"""Measures on pages, in the API and in files: the same figures, nothing below the minimum, no order by value."""

import csv
import re
import zipfile
from datetime import timedelta
from html import unescape
from io import BytesIO, StringIO

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.audit.models import AuditEntry
from app.insights import lead_queries
from app.insights.export_tables import workbook
from app.insights.measures import GROUPS, MEASURES
from app.insights.queries import Part
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.api.client import Api
from tests.insights.recoveries import live_some_weeks
from tests.people.builders import Company, make_company, sign_in

QUERIES_MAX = 15


@pytest.fixture
def company(app: Flask) -> Company:
    made = make_company()
    live_some_weeks(made)
    return made


def get(app: Flask, person: PersonRow, url: str) -> tuple[int, str, int]:
    """Status, body and how many queries it took, the second time."""
    client, counted = sign_in(app.test_client(), person), [0]
    client.get(url)
    db.session.remove()

    def count(*_given: object) -> None:
        counted[0] += 1

    event.listen(db.engine, "before_cursor_execute", count)
    answer = client.get(url)
    event.remove(db.engine, "before_cursor_execute", count)
    return answer.status_code, answer.get_data(as_text=True), counted[0]


def test_few_stay_few_wherever_figures_leave_and_all_places_say_the_same(app: Flask, company: Company) -> None:
    period = "period=90d"
    for group in GROUPS:
        status, body, queries = get(app, company.sam, f"/insights/measures?group={group}&{period}")
        assert status == 200 and queries <= QUERIES_MAX, (group, queries)
        assert group != "outcomes" or body.count("8 of 12") == 1  # recovery
    status, body, queries = get(app, company.sam, f"/insights/measures/promise-kept?{period}&by=stage")
    assert status == 200 and queries <= QUERIES_MAX
    assert "67%" not in body and "2 of 3" not in body and "too few to say" in body
    listed = get(app, company.sam, f"/insights/measures/promise-kept/cases?{period}&hit=1")[1]
    assert listed.count('class="table__subject') == 3 and "Too few to say which of them count" in listed
    hits = get(app, company.sam, f"/insights/measures/recovery/cases?{period}&hit=1")[1]
    assert hits.count('class="table__subject') == 8
    part = get(app, company.sam, f"/insights/measures/discretion-utilisation/cases?{period}&by=stage&of=stay")[1]
    assert part.count('class="table__subject') == 7
    assert get(app, company.ana, "/insights/measures")[0] == 403
    assert get(app, company.hana, f"/insights/measures/recovery?{period}")[0] == 200
    assert get(app, company.hana, f"/insights/measures/recovery/cases?{period}")[0] == 403
    assert company.tom and "8 of 12" not in get(app, company.tom, f"/insights/measures?group=outcomes&{period}")[1]
    assert get(app, company.sam, "/insights/measures/ranking")[0] == 404

    api = Api(app, company.sam)
    kept = api.get("/metrics/promise-kept", period="90d").get_json()["figures"][0]
    assert (kept["n"], kept["k"], kept["value"], kept["low"]) == (3, None, None, None)
    found = api.get("/metrics/recovery", period="90d").get_json()
    assert (found["figures"][0]["k"], found["figures"][0]["n"]) == (8, 12) and found["not_for"] and found["formula"]
    assert api.get("/metrics/recovery", period="90d", sort="value").status_code == 422

    client = sign_in(app.test_client(), company.sam)
    sheet = client.post(f"/insights/exports/csv?{period}").get_data(as_text=True).lstrip("\ufeff")
    rows = {(row["measure"], row["key"]): row for row in csv.DictReader(StringIO(sheet))}
    assert (rows["recovery", "all"]["k"], rows["recovery", "all"]["n"]) == ("8", "12")
    assert (rows["promise-kept", "all"]["k"], rows["promise-kept", "all"]["value"]) == ("", "")
    assert {name for name, _key in rows} >= set(MEASURES) - {"equity-amount", "equity-time", "recovery-return"}
    for row in rows.values():
        assert not row["value"] or row["unit"] == "count" or int(row["n"]) >= MEASURES[row["measure"]].n_min
    assert client.post(f"/insights/exports/xlsx?{period}").data[:2] == b"PK"
    assert client.get("/insights/exports/csv").status_code == 405
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.type == "metrics:export")).all()
    assert [entry.actor_id for entry in entries] == [company.sam.id] * 2


def test_every_measure_has_a_page_with_its_cases_one_click_away(app: Flask, company: Company) -> None:
    client = sign_in(app.test_client(), company.sam)
    for name, one in MEASURES.items():
        body = client.get(f"/insights/measures/{name}?period=90d").get_data(as_text=True)
        assert str(one.not_for) in unescape(body) and str(one.formula) in unescape(body), name
        links = re.findall(r'href="(/insights/(?:measures/[a-z-]+/cases|cases/[a-z]+)\?[^"]*)"', body)
        assert links, name
        assert name != "recovery" or "12 of 12" in body, "the response rate stands beside the score"
        assert client.get(unescape(links[-1])).status_code == 200


def test_whoever_leads_sees_their_own_mirror_first_and_both_ends_alike(app: Flask, company: Company) -> None:
    status, body, queries = get(app, company.sam, "/insights/today?period=90d")
    assert status == 200 and queries <= QUERIES_MAX, queries
    order = [body.index(words) for words in ("My own mirror", "Logged today", 'id="radar"', "purses this month")]
    assert order == sorted(order)
    read = lead_queries.answers_read(company.sam.id, queries_of_place(company))
    assert (read.successes, read.trials) == (0, 3), "three unhappy answers reached Sam, who opened none"
    found = lead_queries.today(queries_of_place(company))
    assert (found.logged, found.resolved, found.waiting, found.unhappy) == (17, 14, 0, 2) and found.unhappy_due_at
    status, body, queries = get(app, company.sam, "/insights/today/radar?period=90d")
    assert status == 200 and queries <= QUERIES_MAX
    assert body.index("Too little of it") < body.index("Too much of it") and body.count('class="card stat"') == 4
    assert get(app, company.ana, "/insights/today")[0] == 403 and get(app, company.hana, "/insights/today")[0] == 403


def queries_of_place(company: Company) -> Part:
    now = utc_now()
    return Part((company.quayside.id,), None, now - timedelta(days=90), now)


def test_no_cell_of_a_workbook_becomes_a_formula_or_a_link() -> None:
    book = zipfile.ZipFile(BytesIO(workbook(("a", "b"), [["=1+1", 2], ["http://example.org", None], ["12", 0.5]])))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<hyperlink" not in sheet and len(re.findall(r't="s"', sheet)) == 5
    assert "=1+1" in book.read("xl/sharedStrings.xml").decode()
