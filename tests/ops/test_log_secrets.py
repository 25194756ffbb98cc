"""What opens a door stands in no line: a journey by pass phrase and code, by an API token, and by a customer's link."""

import io
import re

import pytest
from flask import Flask

from app.kernel.time import utc_now
from app.people import actions as people
from tests.api.client import Api
from tests.cases.builders import make_case
from tests.ops.test_logs import heard, lines
from tests.people.builders import OPERATOR, make_company
from tests.people.factoring import give_factor
from tests.portal.builders import path_of

__all__ = ["heard"]
PHRASE = "violet tram under nine oaks"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_line_holds_a_cookie_token_phrase_code_or_link(app: Flask, heard: io.StringIO) -> None:
    company = make_company(second_site=False)
    people.set_pass_phrase(employee_id=company.ana.id, phrase=PHRASE, actor=OPERATOR, now=utc_now())
    phone = give_factor(company.ana, utc_now())
    case = make_case(company.ana)
    link, api = path_of(app, case, company.ana), Api(app, company.ana)
    ana, cleo = app.test_client(), app.test_client()
    ana.post("/sign-in", data={"email": company.ana.email, "phrase": PHRASE})
    code = phone.code(utc_now())
    ana.post("/sign-in/code", data={"proof_code": code})
    assert ana.get("/me").status_code == 200
    assert api.get(f"/cases/{case.ref}").status_code == 200
    assert cleo.get(link).status_code == 200 and cleo.post(link).status_code == 303
    assert cleo.get(f"/your-case/{case.ref}").status_code == 200
    cookies = [cookie.value for one in (ana, cleo) for cookie in one._cookies.values() if len(cookie.value) > 20]
    assert len(cookies) >= 2
    said = [line for line in lines(heard) if line["said"] == "answered"]
    assert len(said) >= 7
    for secret in (*cookies, api.token, PHRASE, phone.secret, link.rsplit("/", 1)[1]):
        assert secret not in heard.getvalue()
    # Six digits may be a part of a request's id or of an instant.
    assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", heard.getvalue())
