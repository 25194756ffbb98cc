"""Consents, wishes, merges and check-backs through the API: as on the pages, once per key, within scope."""

from datetime import timedelta

import pytest
from flask import Flask

from app.customers import actions as customers
from app.customers.models import CheckBack, CustomerConsent
from app.kernel.database import db
from app.kernel.time import iso, utc_now
from tests.api.client import Api, a_company, problem
from tests.cases.builders import make_case


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_customer_agreed_to_and_wants_is_written_once_per_key_and_read(app: Flask) -> None:
    company = a_company(app)
    make_case(company.ana)
    ana, url = Api(app, company.ana), "/customers/CU-1"
    said = {"purpose": "updates", "given": True, "source": "phone"}
    first = ana.post(f"{url}/consents", said, key="consent-1")
    assert first.status_code == 201, first.text
    assert ana.post(f"{url}/consents", said, key="consent-1").get_json() == first.get_json()
    assert db.session.query(CustomerConsent).count() == 1
    stands = {one["purpose"]: one["holds"] for one in ana.get(f"{url}/consents").get_json()["stands"]}
    assert stands == {"suggestions": True, "updates": True, "marketing": False}
    problem(ana.post(f"{url}/consents", {**said, "said_at": iso(utc_now() + timedelta(days=1))}), 422, "bad-input")
    wished = ana.post(f"{url}/wishes", {"version": 0, "channel": "email", "do_not_call": True}).get_json()
    assert (wished["version"], wished["do_not_call"]) == (1, True)
    problem(ana.post(f"{url}/wishes", {"version": 0, "channel": "email"}), 409, "changed-meanwhile")
    problem(ana.post(f"{url}/wishes", {"version": 1, "channel": "phone", "do_not_call": True}), 422, "bad-input")
    assert ana.get(f"{url}/wishes").get_json() == wished
    assert company.nia is not None
    for deed, body in (("consents", said), ("wishes", {"version": 1})):
        problem(Api(app, company.nia).get(f"{url}/{deed}"), 404, "not-found")
        problem(Api(app, company.nia).post(f"{url}/{deed}", body), 404, "not-found")
        problem(Api(app, company.audra).post(f"{url}/{deed}", body), 403, "not-permitted")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_customers_are_merged_and_taken_apart_by_who_may(app: Flask) -> None:
    company = a_company(app)
    make_case(company.ana)
    twin = customers.make(name="Clio M", site_id=company.ana.site_id, actor=company.ana.actor, now=utc_now()).id
    sam, url = Api(app, company.sam), f"/customers/CU-{twin}"
    said = {"into": "CU-1", "reason": "One person"}
    problem(Api(app, company.ana).post(f"{url}/merges", said), 403, "not-permitted")
    assert company.tom is not None
    problem(Api(app, company.tom).post(f"{url}/merges", said), 404, "not-found")
    merged = sam.post(f"{url}/merges", said).get_json()
    assert (merged["counts_as"], merged["numbers"]) == ("CU-1", ["CU-1", f"CU-{twin}"])
    problem(sam.post(f"{url}/merges", said), 409, "already-merged")
    assert [one["ref"] for one in sam.get("/customers/CU-1/merges").get_json()["merged"]] == [f"CU-{twin}"]
    apart = sam.post(f"{url}/unmerge", {"reason": "Two after all"}).get_json()
    assert (apart["counts_as"], apart["merged"]) == (f"CU-{twin}", [])
    problem(sam.post(f"{url}/unmerge", {"reason": "Two after all"}), 409, "not-merged")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_check_back_is_planned_moved_and_done(app: Flask) -> None:
    company = a_company(app)
    case = make_case(company.ana).ref
    ana, due = Api(app, company.ana), utc_now() + timedelta(days=2)
    said = {"what": "Is it warm now?", "channel": "email", "due_at": iso(due), "case": case}
    made = ana.post("/customers/CU-1/check-backs", said, key="plan-1")
    assert made.status_code == 201, made.text
    assert ana.post("/customers/CU-1/check-backs", said, key="plan-1").get_json() == made.get_json()
    assert db.session.query(CheckBack).count() == 1
    ref = made.get_json()["ref"]
    assert [one["ref"] for one in ana.get("/check-backs").get_json()["items"]] == [ref]
    problem(ana.post("/customers/CU-1/check-backs", {**said, "case": "MG-999"}), 422, "bad-input")
    moved = {"version": 1, "due_at": iso(due + timedelta(days=1)), "owner": company.bo.ref, "note": "Away"}
    assert ana.post(f"/check-backs/{ref}/moves", moved).get_json()["owner"] == company.bo.ref
    problem(ana.post(f"/check-backs/{ref}/moves", moved), 409, "changed-meanwhile")
    assert company.nia is not None
    problem(Api(app, company.nia).post(f"/check-backs/{ref}/completion", {"version": 2, "note": "x"}), 404, "not-found")
    done = ana.post(f"/check-backs/{ref}/completion", {"version": 2, "note": "Warm"}).get_json()
    assert done["note"] == "Warm" and done["done_at"]
    problem(ana.post(f"/check-backs/{ref}/completion", {"version": 3, "note": "Warm"}), 409, "already-done")
    assert ana.get("/check-backs").get_json()["items"] == []
    assert [one["ref"] for one in ana.get("/customers/CU-1/check-backs").get_json()["items"]] == [ref]
