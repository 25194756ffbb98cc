"""Letters through the API: once per key, whole or refused, listed with their fingerprint."""

import pytest
from flask import Flask

from app.kernel.database import db
from app.messages.letter_models import Letter
from tests.api.client import Api, a_company, problem


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_letter_goes_once_per_key_and_one_that_lacks_a_part_is_refused(app: Flask) -> None:
    company = a_company(app)
    ana = Api(app, company.ana)
    url = f"/cases/{ana.log()['ref']}/letters"
    said = {
        "kind": "final", "way": "page", "subject": "Our final response", "opening": "Dear Cleo,", "decision": "Yes.",
        "reason": "It was so.", "remedy": "£40.00", "next_step": "We pay.", "disagree": "Write to us.",
    }  # fmt: skip
    first = ana.post(url, said, key="letter-0001")
    assert first.status_code == 201, first.text
    assert ana.post(url, said, key="letter-0001").get_json() == first.get_json()
    refused = problem(ana.post(url, {**said, "disagree": " "}), 422, "bad-input")
    assert "disagree" in str(refused)
    assert ana.get(url).get_json()["letters"] == [first.get_json()] and db.session.query(Letter).count() == 1
    assert company.nia is not None
    problem(Api(app, company.nia).get(url), 404, "not-found")
    problem(Api(app, company.nia).post(url, said), 404, "not-found")
