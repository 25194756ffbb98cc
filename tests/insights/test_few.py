"""Where nothing was counted ten times nothing is said: on no page, in no answer of the API, in no file, on no paper."""

import csv
import re
import zipfile
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from flask import Flask

from app.insights import jobs
from app.insights import shadow_actions as shadows
from app.insights.measures import MEASURES
from app.kernel.time import utc_now
from app.ui import paper
from tests.api.client import Api
from tests.demo.pages import read
from tests.insights import recoveries
from tests.insights.past import draft_of, rules_now
from tests.insights.test_no_ranking import ROOMS, addresses, leaders
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import open_review

WALKED = (*ROOMS, "promises", "approvals", "home", "problems", "budgets", "remedies")
SHARE = re.compile(r"\d%")  # as figures are written; what a method or a source says has a blank: 95 %
K_OF_N = re.compile(r"(?<!\bor )\b(\d+) of (\d+)\b")


@pytest.fixture
def company(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setattr(recoveries, "STORIES", recoveries.STORIES[:9])
    made = make_company()
    recoveries.live_some_weeks(made)
    return made


def says_nothing(html: str, where: str) -> None:
    """No share, no k beside n, and no mark of either in a drawing."""
    page = read(html)
    for cell in page.by_tag("td"):
        if cell.attributes.get("data-label") in ("Satisfied", "Would recommend"):
            cell.inside.clear()  # what one customer answered is no figure
    for tick in page.by_tag("text"):
        tick.inside.clear()  # of an empty scale
    words = page.words
    assert not SHARE.search(words), (
        where,
        [words[max(0, at.start() - 40) : at.end() + 20] for at in SHARE.finditer(words)],
    )
    small = [at.group() for at in K_OF_N.finditer(words) if int(at.group(2)) < 10]
    assert not small, (where, small)
    assert not re.search(r'class="plot__(dot|whisker|ring)', html), where


def test_of_fewer_than_ten_no_page_says_a_share_nor_what_it_would_be(app: Flask, company: Company) -> None:
    review, walked = open_review(company, company.ana), 0
    for reader in leaders(company):
        client = sign_in(app.test_client(), reader)
        for path in [*addresses(app, WALKED), f"/reviews/{review.ref}"]:
            answer = client.get(f"{path}?period=90d")
            if answer.status_code == 200 and answer.mimetype == "text/html":
                says_nothing(answer.text, f"{reader.role} {path}")
                walked += 1
    assert walked > 60, walked


def test_of_fewer_than_ten_answers_a_draft_tried_says_only_each_single_one(app: Flask, company: Company) -> None:
    draft = draft_of(rules_now(), incident=100)
    shadows.start(version_id=draft, reason="Why not.", actor=company.max.actor, now=utc_now() - timedelta(days=90))
    assert 0 < jobs.answer_in_the_shadow(now=utc_now()) < 10
    client, url = sign_in(app.test_client(), company.max), f"/policies/PO-{draft}"
    past = f"{url}/simulation?from={utc_now() - timedelta(days=95):%Y-%m-%d}&to={utc_now():%Y-%m-%d}"
    for path in (past, f"{past}&shift=restrained", f"{url}/shadow", "/shadow-runs"):
        page = client.get(path).text
        says_nothing(page, path)
        words = read(page).under("main").words
        assert "too few" in words and not re.search(r"[+−]\d|\d answers? differ|\d more|\d would", words), words
        assert path == "/shadow-runs" or "MG-1" in words, "each case is named with its two answers"


def test_of_fewer_than_ten_no_answer_file_or_paper_says_a_figure(
    app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    monkeypatch.setattr(paper, "pdf", lambda page, style: pages.append(page) or b"%PDF-1.7")
    api, client = Api(app, company.max), sign_in(app.test_client(), company.max)
    for name, measure in MEASURES.items():
        for one in api.get(f"/metrics/{name}", period="90d").get_json()["figures"]:
            is_said = any(one[part] is not None for part in ("k", "value", "low", "high"))
            assert measure.unit == "count" or not is_said, (name, one)
    case = api.get("/cases").get_json()["items"][0]["ref"]
    asked: dict[str, Any] = {"case": case, "kind": "refund", "amount": {"amount": "500.00", "currency": "GBP"}}
    wait = api.post("/decisions", asked).get_json()["wait"]
    assert wait["n"] < 10 and wait["p50_seconds"] is wait["p90_seconds"] is None
    body = client.post("/insights/exports/csv?period=90d").get_data(as_text=True).lstrip("\ufeff")
    rows = [row for row in csv.DictReader(StringIO(body)) if row["unit"] != "count"]
    assert rows and not [row for row in rows if row["k"] or row["value"] or row["low_95"] or row["high_95"]]
    book = zipfile.ZipFile(BytesIO(client.post("/insights/exports/xlsx?period=90d").data))
    cells = re.findall(r'<c r="([A-Z])(\d+)"[^>]*><v>', book.read("xl/worksheets/sheet1.xml").decode())
    counted = {row for column, row in cells if column in "FGH"} - {"1"}
    assert len(counted) == len(list(csv.DictReader(StringIO(body)))) - len(rows), "of counts alone a value is written"
    assert client.post("/insights/exports/pdf?period=90d").status_code == 200
    review = open_review(company, company.ana)
    hana = sign_in(app.test_client(), company.hana)
    assert hana.get(f"/reviews/{review.ref}/pdf").status_code == 200
    assert len(pages) == 2
    for number, page in enumerate(pages):
        says_nothing(page, f"paper {number}")
    for one in hana.get(f"/reviews/{review.ref}/data").get_json()["figures"]:
        assert not {"k", "n", "low", "high"} & set(one), one
