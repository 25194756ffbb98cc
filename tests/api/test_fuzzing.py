"""Schemathesis sends what the description allows and what it forbids: the server never breaks, and answers as described."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.endpoints import TABLE
from tests.api.client import Api, a_company
from tests.api.test_remedies import refund
from tests.conftest import DATABASES
from tests.counts import count, examples
from tests.people.builders import Company
from tests.remedies.builders import publish_policy

EXAMPLES = examples(60, 5)
# Both on either database in `make soak`; below it PostgreSQL gets what is allowed and SQLite what is forbidden.
KINDS = [
    pytest.param(database, mode, id=f"{database}-{name}")
    for name, mode, databases in (
        ("allowed", GenerationMode.POSITIVE, DATABASES[-count(2, 1) :]),
        ("forbidden", GenerationMode.NEGATIVE, DATABASES[: count(2, 1)]),
    )
    for database in databases
]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def company(app: Flask) -> Company:
    """A company with one case, one remedy and one exception, so that some references lead somewhere."""
    company = a_company(app)
    publish_policy()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    api = Api(app, company.ana)
    case = api.log(customer={"name": "Cleo Marsh"})["ref"]
    assert api.post(f"/cases/{case}/remedies", refund("10.00")).status_code == 201
    assert api.post(f"/cases/{case}/exceptions", refund("5000.00")).status_code == 201
    return company


def fuzz(operation: Any, mode: GenerationMode, token: str) -> int:
    """Send EXAMPLES requests of one mode and check each answer; returns how many were sent."""
    sent = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        nonlocal sent
        sent += 1
        if mode is GenerationMode.POSITIVE and sent % 2 and "ref" in (case.path_parameters or {}):
            case.path_parameters["ref"] = case.path_parameters["ref"][:3] + "1"  # one that exists
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        case.validate_response(answer, checks=CHECKS)

    send()
    return sent


@pytest.mark.slow
@pytest.mark.parametrize(("database_url", "mode"), KINDS, indirect=["database_url"])
def test_no_request_breaks_the_server_and_every_answer_is_described(
    app: Flask, company: Company, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    token = Api(app, company.max).token
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == len(TABLE)
    # A body of bytes is a mail whatever they are; hostile ones are tried in tests/messages.
    raw = {spec.name for spec in TABLE if spec.raw}
    operations = [one for one in operations if one.definition.raw["operationId"] not in raw]
    sent = sum(
        fuzz(operation, mode, token)
        for operation in operations
        if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters
    )
    assert sent >= len(operations)
