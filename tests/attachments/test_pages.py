"""Files on a case's page and on an exception's, with forms alone."""

import io
from typing import Any

import pytest
from flask import Flask

from app.attachments import queries
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.remedies import actions as remedies
from tests.attachments.hostile import SVG, picture
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import publish_policy


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def sent(*files: tuple[bytes, str]) -> dict[str, Any]:
    return {"files": [(io.BytesIO(data), name) for data, name in files]}


def test_photos_are_added_to_a_case_and_told_on_its_timeline(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    ana, nia = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.nia)  # type: ignore[arg-type]
    done = ana.post(f"/cases/{case.ref}/attachments", data=sent((picture(), "a.jpg"), (b"", ""), (b"note", "b.txt")))
    assert (done.status_code, done.location) == (303, f"/cases/{case.ref}#files")
    page = ana.get(f"/cases/{case.ref}").text
    assert "a.jpg" in page
    assert "<b>Ana Ruiz</b> added 2 files." in page
    assert 'capture="environment"' in page
    assert nia.get(f"/cases/{case.ref}/attachments").status_code == 404
    row = queries.files_of("case", case.id)[0]
    assert nia.post(f"/attachments/{row.ref}/removal").status_code == 404
    gone = ana.post(f"/attachments/{row.ref}/removal", data={"next": f"/cases/{case.ref}"})
    assert (gone.status_code, gone.location) == (303, f"/cases/{case.ref}")
    assert [one.name for one in queries.files_of("case", case.id)] == ["b.txt"]


def test_one_bad_file_is_named_beside_the_field_and_none_is_kept(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    ana = sign_in(app.test_client(), company.ana)
    answer = ana.post(f"/cases/{case.ref}/attachments", data=sent((picture(), "a.jpg"), (SVG, "logo.svg")))
    assert answer.status_code == 422
    assert "logo: Only photos (JPEG, PNG), PDF and plain text are taken." in answer.text
    assert queries.files_of("case", case.id) == ()
    assert ana.post(f"/cases/{case.ref}/attachments", data={}).status_code == 422
    many = ana.post(f"/cases/{case.ref}/attachments", data=sent(*[(b"x", "x.txt")] * 6))
    assert "at most 5 files" in many.text
    audra = sign_in(app.test_client(), company.audra)
    assert audra.post(f"/cases/{case.ref}/attachments", data=sent((b"x", "x.txt"))).status_code == 403


def test_a_request_may_be_larger_than_a_form_for_who_is_signed_in(app: Flask, company: Company) -> None:
    case = make_case(company.ana)
    ana = sign_in(app.test_client(), company.ana)
    large = b"words " * (6 * 1024 * 1024 // 6)
    assert ana.post(f"/cases/{case.ref}/attachments", data=sent((large, "a.txt"), (large, "b.txt"))).status_code == 303
    stranger = app.test_client().post(f"/cases/{case.ref}/attachments", data=sent((large, "a.txt"), (large, "b.txt")))
    assert stranger.status_code in (303, 413)
    assert len(queries.files_of("case", case.id)) == 2


def test_files_of_a_request_are_seen_by_its_deciders_and_end_with_it(app: Flask, company: Company) -> None:
    publish_policy()
    case = make_case(company.ana)
    request = remedies.ask_exception(
        case_id=case.id, kind="refund", amount=Money(90_000, "GBP"), reason="Wedding night",
        intent="attachments-0001", actor=company.ana.actor, now=utc_now(),
    )  # fmt: skip
    ana, sam = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.sam)
    assert ana.post(f"/exceptions/{request.ref}/attachments", data=sent((b"bill", "bill.txt"))).status_code == 303
    assert "bill.txt" in sam.get(f"/exceptions/{request.ref}/attachments").text
    assert sam.post(f"/exceptions/{request.ref}/attachments", data=sent((b"x", "rate.txt"))).status_code == 303
    bill = queries.files_of("exception", request.id)[0]
    assert sam.post(f"/attachments/{bill.ref}/removal").status_code == 403, "a decider removes no evidence"
    with pytest.raises(NotFound):
        nia_reads(company, request.id)
    remedies.decide_exception(
        exception_id=request.id, outcome="declined", amount=None, reason="No", actor=company.sam.actor, now=utc_now()
    )
    assert ana.post(f"/exceptions/{request.ref}/attachments", data=sent((b"x", "late.txt"))).status_code == 409


def nia_reads(company: Company, exception_id: int) -> None:
    from app.attachments import hooks

    assert company.nia is not None
    hooks.place_of("exception", exception_id, company.nia.actor, "read")


def test_asking_brings_its_files_along_once_and_later_ones_stand_in_the_talk(app: Flask, company: Company) -> None:
    publish_policy()
    case = make_case(company.ana)
    ana, sam = sign_in(app.test_client(), company.ana), sign_in(app.test_client(), company.sam)

    def ask() -> int:
        form = {
            "kind": "refund",
            "amount": "900.00",
            "nature": "goodwill",
            "reason": "Wedding",
            "intent": "files-with-it-01",
        }
        return ana.post(f"/cases/{case.ref}/remedies", data={**form, **sent((b"the bill", "bill.txt"))}).status_code

    assert (ask(), ask()) == (303, 303)
    assert [row.name for row in queries.files_of("exception", 1)] == ["bill.txt"]
    page = sam.get("/exceptions/EX-1").text
    assert 'hx-get="/exceptions/EX-1/attachments"' in page
    assert "Questions and answers" not in page
    part = sam.get("/exceptions/EX-1/attachments", headers={"HX-Request": "true"}).text
    assert "bill.txt" in part
    assert "<html" not in part
    tag = sam.get("/exceptions/EX-1/state").headers["ETag"]
    assert ana.post("/exceptions/EX-1/attachments", data=sent((b"x", "later.txt"))).status_code == 303
    seen = sam.get("/exceptions/EX-1/state", headers={"If-None-Match": tag})
    assert seen.status_code == 200
    assert "added a file" in seen.text
    assert "added files about" in sam.get("/inbox").text
