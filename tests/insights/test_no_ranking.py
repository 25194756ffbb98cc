"""No address of figures, answers and reviews can be made to sort or rank, and nothing is said of fewer than ten; all are walked."""

import re
from collections.abc import Iterator
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from app.kernel.time import utc_now
from app.people.queries import PersonRow
from tests.api.client import Api
from tests.cases.builders import make_case
from tests.feedback.test_surveys import _resolve
from tests.insights.recoveries import live_some_weeks
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import open_review

ROOMS = ("insights", "reviews", "feedback")
NAMES = {
    "name": ("autonomy", "recovery", "approval-wait", "consistency", "equity-time"), "measure": ("own", "asked"),
    "form": (), "ref": ("RW-1",), "who": (),
}  # fmt: skip
WISHES = ("sort=value&order=desc", "sort=-ratio", "order=score", "by=name", "rank=1", "direction=asc&sort=k")


def addresses(app: Flask) -> Iterator[str]:
    """Every page of the rooms that can be read, with names that lead somewhere."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] not in ROOMS or "GET" not in (rule.methods or ()):
            continue
        if "/survey" in rule.rule or rule.rule.endswith(("/pdf", "/export", "/data")):
            continue
        if not rule.arguments:
            yield rule.rule
        elif len(rule.arguments) == 1:
            (name,) = rule.arguments
            for value in NAMES.get(name, ()):
                yield re.sub(r"<[^>]+>", value, rule.rule)


def rows_of(text: str) -> list[str]:
    """What the lists of a page stand by: heads of rows, links into them, and what drawings are called."""
    main = text.partition("<main")[2]
    found = re.findall(r'scope="row"[^>]*>(.*?)</th>|<li\b[^>]*>(.*?)</li>', main, re.S)
    said = [re.sub(r"<[^>]+>|\s+", " ", one or other).strip() for one, other in found]
    return [row for row in said if "Opened the page" not in row]  # reading a review is noted on it


def leaders(company: Company) -> tuple[PersonRow, ...]:
    return company.max, company.hana, company.sam


def test_no_page_and_no_answer_can_be_sorted_by_a_figure(app: Flask) -> None:
    company = make_company()
    live_some_weeks(company)
    open_review(company, company.bo)
    walked = 0
    for reader in leaders(company)[:2]:
        client = sign_in(app.test_client(), reader)
        for path in addresses(app):
            plain = client.get(f"{path}?period=90d")
            if plain.status_code != 200:
                continue
            walked += 1
            assert 'aria-sort="ascending"' not in plain.text and 'aria-sort="descending"' not in plain.text, path
            assert not re.search(r'href="[^"]*[?&;](sort|order|rank)=', plain.text), path
            wish = WISHES[walked % len(WISHES)]
            answer = client.get(f"{path}?period=90d&{wish}")
            assert answer.status_code in (200, 404, 422), (path, wish)
            assert answer.status_code != 200 or rows_of(answer.text) == rows_of(plain.text), (path, wish)
    assert walked >= 25, walked
    api = Api(app, company.max)
    for path in ("/metrics/recovery", "/metrics/autonomy", "/reviews"):
        for wish in ("sort", "order", "rank", "by"):
            assert api.get(path, **{wish: "value"}).status_code in (403, 422), (path, wish)


def test_of_fewer_than_ten_no_page_says_a_share(app: Flask) -> None:
    company = make_company()
    now = utc_now()
    for ago in range(5, 9):
        case = make_case(company.ana, severity=3, attribution="company", now=now - timedelta(days=ago))
        _resolve(case, company.ana.actor, now - timedelta(days=ago) + timedelta(hours=1))
    open_review(company, company.ana)
    for reader in leaders(company):
        client: FlaskClient = sign_in(app.test_client(), reader)
        for path in addresses(app):
            answer = client.get(f"{path}?period=90d")
            said = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)
            assert answer.status_code != 200 or not re.search(r"\d%", said), (
                reader.role,
                path,
                re.findall(r".{30}\d%.{20}", said),
            )
