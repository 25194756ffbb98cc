"""Likely duplicates are found with reasons, merged on a page, and taken apart on another."""

import pytest
from flask import Flask
from sqlalchemy import event, select

from app.audit.models import AuditEntry
from app.customers import actions as customers
from app.customers.duplicate_rules import Known, reasons
from app.customers.merge_queries import members_of
from app.kernel.database import db
from app.kernel.time import utc_now
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in


def known(name: str, **changes: object) -> Known:
    values = {"id": 1, "email": None, "phone": None, "site_id": 1, **changes}
    return Known(name=name, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (known("Cleo Rossi", email="c@x.org"), known("Max Weber", email="c@x.org"), ("email",)),
        (known("Cleo Rossi", phone="+442079460018"), known("Rossi, Cleo", phone="02079460018"), ("phone", "near_name")),
        (known("Cleo Rossi", phone="1234567"), known("Max Weber", phone="1234567"), ()),
        (known("Zoë Rossi"), known("rossi zoe"), ("same_name",)),
        (known("Zoë Rossi"), known("Zoe Rossi", site_id=2), ()),
        (known("Zoë Rossi"), known("Zoe Rossi", site_id=None), ("same_name",)),
        (known("Cleo Marchetti"), known("Clio Marcheti"), ("near_name",)),
        (known("Cleo Marchetti"), known("Carlo Martinetti"), ()),
        (known("Cleo"), known("Clea"), ()),
    ],
)
def test_each_reason_holds_on_its_own_side_of_the_edge(one: Known, other: Known, why: tuple[str, ...]) -> None:
    assert reasons(one, other) == reasons(other, one) == why


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def test_duplicates_are_listed_compared_merged_and_taken_apart(app: Flask, company: Company) -> None:
    first = make_case(company.ana)
    made = customers.make(
        name="Clio Marcheti", phone="0117 496 0001", site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now()
    )
    twin = customers.make(name="Cleo Marchetti", site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now())
    stays, gone = f"CU-{first.customer_id}", f"CU-{twin.id}"
    sam = sign_in(app.test_client(), company.sam)
    page = sam.get("/customers/duplicates").get_data(as_text=True)
    assert "the same name" in page
    assert gone in page
    near = sam.get(f"/customers/duplicates?of={stays}").get_data(as_text=True)
    assert f"CU-{made.id}" in near
    assert "nearly the same name" in near
    url = f"/customers/{stays}/merge/{gone}"
    assert 'value="the same name"' in sam.get(url).get_data(as_text=True)
    refused = sam.post(url, data={"stays": stays, "reason": " "})
    assert refused.status_code == 422
    assert sam.post(url, data={"stays": stays, "reason": "same person"}).location.endswith(f"/customers/{stays}")
    assert sam.post(url, data={"stays": stays, "reason": "same person"}).status_code == 404, "no more two"
    assert sam.get(f"/customers/{gone}").location.endswith(f"/customers/{stays}")
    assert "same person" in sam.get(f"/customers/{stays}").get_data(as_text=True)
    assert gone not in sam.get("/customers/duplicates").get_data(as_text=True)
    parting = f"/customers/{gone}/parting"
    assert "Counts as" in sam.get(parting).get_data(as_text=True)
    assert sam.post(parting, data={"reason": ""}).status_code == 422
    assert sam.post(parting, data={"reason": "two sisters"}).status_code == 303
    assert sam.post(parting, data={"reason": "two sisters"}).status_code == 409
    assert members_of(twin.id) == (twin.id,)
    assert company.tom
    for person, status in ((company.ana, 403), (company.tom, 404), (company.audra, 403)):
        browser = sign_in(app.test_client(), person)
        assert browser.get(url).status_code == status
        assert browser.post(parting, data={"reason": "x"}).status_code == status


def test_the_list_asks_as_often_for_many_as_for_two(app: Flask, company: Company) -> None:
    counts: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: counts.append(args[2]))
    sam, found = sign_in(app.test_client(), company.sam), []
    for size in (2, 6):
        for number in range(size):
            customers.make(
                name=f"Guest {size} {number // 2}", site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now()
            )
        sam.get("/customers/duplicates")
        counts.clear()
        sam.get("/customers/duplicates")
        found.append(len(counts))
    assert found[0] == found[1] <= 15


def test_two_that_were_looked_at_are_offered_no_more_until_that_is_taken_back(app: Flask, company: Company) -> None:
    for _number in range(2):
        customers.make(name="Zoe Rossi", site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now())
    sam = sign_in(app.test_client(), company.sam)
    assert "CU-1" in sam.get("/customers/duplicates").text
    assert sam.post("/customers/CU-1/apart/CU-2", data={"reason": " "}).status_code == 422
    for _press in range(2):
        assert sam.post("/customers/CU-2/apart/CU-1", data={"reason": "Mother and daughter"}).status_code == 303
    for address in ("/customers/duplicates", "/customers/duplicates?of=CU-1", "/customers/duplicates?of=CU-2"):
        assert "apart" not in sam.get(address).text and "/merge/" not in sam.get(address).text, address
    assert "Mother and daughter" in sam.get("/customers/CU-1/merge/CU-2").text
    assert company.tom is not None
    stranger = sign_in(app.test_client(), company.tom)
    assert stranger.post("/customers/CU-1/apart/CU-2/removal").status_code == 404
    assert sign_in(app.test_client(), company.ana).post("/customers/CU-1/apart/CU-2/removal").status_code == 403
    assert sam.post("/customers/CU-1/apart/CU-2/removal").status_code == 303
    assert sam.post("/customers/CU-1/apart/CU-2/removal").status_code == 404
    assert "/merge/" in sam.get("/customers/duplicates").text
    wanted = select(AuditEntry.type).where(AuditEntry.type.endswith("-apart")).order_by(AuditEntry.id)
    assert db.session.scalars(wanted).all() == ["customer:tell-apart", "customer:doubt-apart"]
