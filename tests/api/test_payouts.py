"""Payouts over the API: how they stand, how often they were tried, what the last trouble was; seen with their site."""

from datetime import timedelta

from flask import Flask

from app.kernel.time import utc_now
from app.remedies.jobs import look_up_payouts
from tests.api.client import Api, a_company, problem
from tests.people.builders import sign_in
from tests.remedies.builders import publish_policy
from tests.remedies.payout_builders import again, connect, route, settled, work
from tests.remedies.stand_in import stand_in


def test_a_payout_tells_its_state_its_tries_and_the_last_trouble(app: Flask) -> None:
    company = a_company(app)
    publish_policy()
    ana = Api(app, company.ana)
    with stand_in() as book:
        connect(app, book)
        route(company, "stripe")
        payout = settled(company, payment="pi_000001")
        book.faults = ["dead_before", "429"]
        work(rounds=3)
        said = ana.get(f"/payouts/{payout.ref}").get_json()
        assert (said["state"], said["attempts"], said["unclear"]) == ("sent", 3, False)
        assert said["last_error"] == "Stripe answered: 429"
        assert (said["provider_ref"], said["looks"], said["next_attempt_at"]) == ("re_000001", 0, None)
        book.refunds[0]["status"] = "failed"
        assert look_up_payouts(now=utc_now() + timedelta(hours=9)) == 1
        said = ana.get(f"/payouts/{payout.ref}").get_json()
        assert (said["state"], said["looks"], said["attempts"]) == ("failed", 1, 3)
        assert book.broken == []
    case = f"MG-{payout.case_id}"
    listed = ana.get("/payouts", state="failed", case=case).get_json()
    assert [row["ref"] for row in listed["items"]] == [payout.ref]
    assert ana.get("/payouts", state="confirmed").get_json()["items"] == []
    assert ana.get("/payouts", case="MG-999").get_json()["items"] == []
    # On the case's timeline and on its own page the same is said.
    page = sign_in(app.test_client(), company.ana)
    assert "Paying out £120.00" in page.get(f"/cases/{case}").text
    shown = page.get(f"/payouts/{payout.ref}").text
    assert "3 tries so far" in shown
    assert "stripe told that it failed" in shown


def test_payouts_are_listed_page_by_page_and_within_the_site(app: Flask) -> None:
    company = a_company(app)
    publish_policy()
    made = [settled(company, 1_000 + number) for number in range(3)]
    ana = Api(app, company.ana)
    first = ana.get("/payouts", limit=2).get_json()
    rest = ana.get("/payouts", limit=2, cursor=first["next"]).get_json()
    assert [row["ref"] for row in first["items"] + rest["items"]] == [one.ref for one in reversed(made)]
    assert rest["next"] is None
    assert company.nia is not None
    stranger = Api(app, company.nia)
    assert stranger.get("/payouts").get_json()["items"] == []
    problem(stranger.get(f"/payouts/{made[0].ref}"), 404, "not-found")
    problem(Api(app, company.hana).get("/payouts"), 403, "not-permitted")
    assert again(made[0].id).state == "pending"
