"""Provisioning as others check it: scim2-tester against the whole application, and hostile requests."""

from collections import Counter

import pytest
from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.people.builders import make_company
from tests.people.scim_client import program


@pytest.fixture(autouse=True)
def unhurried(app: Flask) -> None:
    app.config["SCIM_BURST"] = 100_000


def test_every_check_of_scim2_tester_passes(app: Flask) -> None:
    company = make_company(second_site=False)
    secret = program(app, company.ada).secret
    client = WSGISCIMClient(app, base_url="http://localhost/scim/v2", headers={"Authorization": f"Bearer {secret}"})
    results = check_server(client)
    wrong = [one for one in results if one.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)]
    assert [(one.title, one.reason) for one in wrong] == []
    assert Counter(one.status for one in results)[Status.SUCCESS] >= 60
