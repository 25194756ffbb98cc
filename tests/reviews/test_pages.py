"""The pages of reviews: who sees one, that nothing can be sorted or tells a colleague, and what leaves the server."""

import re
import zlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from app.kernel.database import db
from app.kernel.time import utc_now
from app.people import actions as people_actions
from app.people.queries import PersonRow
from app.reviews import actions as reviews
from app.reviews import queries
from app.reviews.models import Review, ReviewAccess
from tests.demo.pages import read
from tests.people.builders import Company, make_company, sign_in
from tests.reviews.builders import NOW, fill, open_review, publish_charter, resolved


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def test_the_person_and_hr_read_the_same_page_and_everybody_else_finds_nothing(app: Flask, company: Company) -> None:
    fill(company)
    row = open_review(company)
    pages = {}
    for who in ("ana", "hana", "audra"):
        answer = sign_in(app.test_client(), getattr(company, who)).get(f"/reviews/{row.ref}")
        assert answer.status_code == 200, who
        pages[who] = re.search(r'<div class="split split--desk">.*', answer.text, re.DOTALL)
    for who in ("bo", "sam", "max"):
        client = sign_in(app.test_client(), getattr(company, who))
        for path in ("", "/pdf", "/data"):
            assert client.get(f"/reviews/{row.ref}{path}").status_code == 404, (who, path)
        assert row.ref not in client.get("/reviews").text
    assert {where for found in pages.values() for where in re.findall(r"25 of 30", found.group())} == {"25 of 30"}
    readers = db.session.scalars(select(ReviewAccess.reader_id).order_by(ReviewAccess.id)).all()
    assert readers == [company.hana.id, company.audra.id]
    mine = sign_in(app.test_client(), company.ana).get(f"/reviews/{row.ref}").text
    assert mine.index("Hana Sato", mine.index('id="access"')) > 0


def test_colleagues_are_rings_without_a_name_or_a_number_of_theirs(app: Flask, company: Company) -> None:
    people = fill(company)
    row = open_review(company)
    text = sign_in(app.test_client(), company.ana).get(f"/reviews/{row.ref}").text
    figure = text[text.index('id="figure-recovery"') : text.index('id="figure-double-deviation"')]
    assert figure.count('class="plot__ring"') == len(people) - 1 + 1  # and one in the legend
    for other in people[1:]:
        assert other.name not in text and other.ref not in text
    data = sign_in(app.test_client(), company.ana).get(f"/reviews/{row.ref}/data")
    recovery = next(one for one in data.get_json()["figures"] if one["code"] == "recovery")
    assert (recovery["peer_count"], "peers" in recovery) == (6, False)


def test_no_address_sorts_reviews_or_ranks_people(app: Flask, company: Company) -> None:
    fill(company, count=12, satisfied=11)
    for who in (company.bo, company.ana):
        open_review(company, who)
    client = sign_in(app.test_client(), company.hana)
    plain = order(client.get("/reviews").text)
    assert plain == ["RW-2", "RW-1"]
    for wish in ("sort=recovery", "order=score", "sort=-ratio", "by=name", "sort=k&dir=desc"):
        assert order(client.get(f"/reviews?{wish}").text) == plain
    assert "aria-sort" not in client.get("/reviews").text
    assert not re.search(r"\d\s*%", client.get("/reviews").text)


def order(text: str) -> list[str]:
    return re.findall(r"/reviews/(RW-\d+)\"", text)


def test_a_figure_of_fewer_than_ten_never_leaves_the_server(app: Flask, company: Company) -> None:
    fill(company)
    other = next(one for one in (company.nia,) if one)
    resolved(other, 9, 7)
    row = open_review(company, other)
    client = sign_in(app.test_client(), company.hana)
    page, data = client.get(f"/reviews/{row.ref}").text, client.get(f"/reviews/{row.ref}/data").text
    for text in (page, data, row.figures):
        assert "7 of 9" not in text and '"k":7' not in text.replace(" ", "") and "78 %" not in text
    assert "plot__ring" not in page
    # Customer, employee, process and money stand there whatever was counted.
    cards = {
        "recovery": "Customer",
        "discretion-utilisation": "Employee",
        "double-deviation": "Process",
        "money": "Money",
    }
    assert all(quadrant in read(page).under(f"figure-{code}").words for code, quadrant in cards.items())
    assert {one["verdict"] for one in client.get(f"/reviews/{row.ref}/data").get_json()["figures"]} == {"too_few"}


def test_the_steps_by_form_from_the_self_assessment_to_both_signatures(app: Flask, company: Company) -> None:
    fill(company, count=12, satisfied=11)
    publish_charter(company)
    hana, ana = (sign_in(app.test_client(), one) for one in (company.hana, company.ana))
    last = utc_now().date().replace(day=1) - timedelta(days=1)
    given = {"employee": str(company.ana.id), "since_on": "2026-04-01", "until_on": last.isoformat()}
    assert hana.post("/reviews", data={**given, "until_on": "2026-04-02"}).status_code == 422
    assert hana.post("/reviews", data=given).headers["Location"] == "/reviews/RW-1"
    early = hana.post("/reviews/RW-1/words/notes", data={"text": "Well done", "version": 1})
    assert early.status_code == 409 and "Well done" in early.text

    def post(client: object, path: str, **data: str) -> None:
        version = str(db.session.scalar(select(Review.version)))
        answer = client.post(f"/reviews/RW-1/{path}", data={"version": version, **data})  # type: ignore[attr-defined]
        assert answer.status_code == 303, (path, answer.text[:2_000])

    post(ana, "words/self-assessment", text="The boiler broke twice.")
    post(ana, "words/comment?measure=recovery", text="Those were the boiler's guests.")
    post(hana, "words/notes", text="We read the boiler's cases.")
    post(hana, "conduct", area="honesty", tone="praise", clause="honesty", cases="MG-1", text="Told them at once.")
    post(hana, "lock")
    post(ana, "signature")
    post(hana, "signature")
    text = ana.get("/reviews/RW-1").text
    for said in (
        "The boiler broke twice.",
        "boiler&#39;s guests",
        "boiler&#39;s cases",
        "Told them at once.",
        "Appeal",
    ):
        assert said in text, said
    assert hana.get("/reviews/RW-1/cases/MG-1").status_code == 200
    assert hana.get("/reviews/RW-1/cases/MG-80").status_code == 404
    assert hana.get("/cases/MG-1").status_code == 403


def test_the_api_gives_a_review_to_whoever_may_read_the_page_and_sorts_nothing(app: Flask, company: Company) -> None:
    fill(company)
    row = open_review(company)

    def ask(person: PersonRow, path: str) -> TestResponse:
        secret, _ = people_actions.make_token(name="reviews", actor=person.actor, now=utc_now())
        return app.test_client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"})

    mine = ask(company.ana, f"/reviews/{row.ref}").get_json()
    recovery = next(one for one in mine["figures"] if one["measure"] == "recovery")
    assert (recovery["k"], recovery["n"], recovery["peer_count"]) == (25, 30, 6)
    few = next(one for one in mine["figures"] if one["measure"] == "promise-kept")
    assert (few["verdict"], few["k"], few["n"]) == ("too_few", None, None)
    assert ask(company.hana, f"/reviews/{row.ref}").status_code == 200
    assert ask(company.sam, f"/reviews/{row.ref}").status_code == 404
    assert [one["ref"] for one in ask(company.hana, "/reviews").get_json()["items"]] == [row.ref]
    assert ask(company.bo, "/reviews").get_json()["items"] == []
    for wish in ("sort=ratio", "order=recovery", "by=k"):
        assert ask(company.hana, f"/reviews?{wish}").status_code == 422
    assert [one.how for one in queries.accesses(row.id)] == ["api"]


def test_a_review_is_read_in_as_few_queries_with_much_in_it_as_with_little(app: Flask, company: Company) -> None:
    fill(company)
    row = open_review(company)
    client = sign_in(app.test_client(), company.ana)
    path = f"/reviews/{row.ref}"
    client.get(path)
    before = statements(lambda: client.get(path))
    for number in range(6):
        reviews.say(
            review_id=row.id, kind="self_assessment" if not number else "comment", text=f"Words {number}",
            measure="recovery" if number else None, version=row.version, actor=company.ana.actor, now=NOW,
        )  # fmt: skip
    assert len(after := statements(lambda: client.get(path))) == len(before), [
        one for one in after if one not in before
    ]
    assert len(after) <= 15


def test_after_an_appeal_the_second_reader_holds_the_review_and_the_first_only_reads(
    app: Flask, company: Company
) -> None:
    fill(company, count=10, satisfied=9)
    row = open_review(company, now=utc_now())
    for kind, who in (("self_assessment", company.ana), ("notes", company.hana)):
        reviews.say(review_id=row.id, kind=kind, text="Words.", version=row.version, actor=who.actor, now=NOW)
    reviews.lock(review_id=row.id, version=row.version, actor=company.hana.actor, now=NOW)
    for who in (company.ana, company.hana):
        reviews.sign(review_id=row.id, version=row.version, actor=who.actor, now=utc_now())
    ana, hana, boss = (sign_in(app.test_client(), one) for one in (company.ana, company.hana, company.max))
    path = f"/reviews/{row.ref}"
    assert boss.get(path).status_code == 404
    given = {"version": str(row.version), "text": "Two of these cases were not mine."}
    assert ana.post(f"{path}/appeal", data={**given, "reader": str(company.sam.id)}).status_code == 422
    assert ana.post(f"{path}/appeal", data={**given, "reader": str(company.max.id)}).status_code == 303
    version = str(db.session.scalar(select(Review.version)))
    assert hana.get(path).status_code == 200
    assert hana.post(f"{path}/words/notes", data={"version": version, "text": "Mine."}).status_code == 404
    assert boss.post(f"{path}/words/notes", data={"version": version, "text": "Read anew."}).status_code == 303
    text = boss.get(path).text
    assert "Two of these cases were not mine." in text and "of an earlier round" in text
    assert row.ref in boss.get("/reviews").text


def test_the_paper_is_tagged_and_its_taking_is_noted_for_the_person_too(app: Flask, company: Company) -> None:
    fill(company)
    row = open_review(company)
    answer = sign_in(app.test_client(), company.ana).get(f"/reviews/{row.ref}/pdf")
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-1.7")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", answer.data, re.DOTALL)
    inside = b"".join(zlib.decompressobj().decompress(one) for one in streams if one[:1] == b"x")
    assert b"pdfuaid:part" in inside and b"/StructTreeRoot" in inside
    assert answer.headers["Cache-Control"] == "no-store"
    assert [one.how for one in queries.accesses(row.id)] == ["pdf"]


def statements(deed: Callable[[], object]) -> list[str]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        deed()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen
