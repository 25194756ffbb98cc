"""No address of figures, answers and reviews can be made to sort or rank; all are walked."""

import re
from collections.abc import Iterator

from flask import Flask

from app.people.queries import PersonRow
from tests.api.client import Api
from tests.insights.recoveries import live_some_weeks
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import open_review

ROOMS = ("insights", "reviews", "feedback")
NAMES = {
    "name": ("autonomy", "recovery", "approval-wait", "consistency", "equity-time"), "measure": ("own", "asked"),
    "form": (), "ref": ("RW-1",), "who": (),
}  # fmt: skip
WISHES = ("sort=value&order=desc", "sort=-ratio", "order=score", "by=name", "rank=1", "direction=asc&sort=k")


def addresses(app: Flask, rooms: tuple[str, ...] = ROOMS) -> Iterator[str]:
    """Every page of the rooms that can be read, with names that lead somewhere."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.partition(".")[0] not in rooms or "GET" not in (rule.methods or ()):
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
