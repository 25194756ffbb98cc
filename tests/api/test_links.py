"""The description says what can be asked next with a reference; schemathesis follows these links, deed after deed, and nothing breaks."""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.endpoints import TABLE
from app.api.openapi import document
from tests.api.client import Api, a_company
from tests.api.test_remedies import refund
from tests.conftest import DATABASES
from tests.counts import count, examples
from tests.remedies.builders import publish_policy

WALKS, STEPS = examples(20, 2), 12
WALKED = "^/(cases|remedies|exceptions)"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DECIDING = ("decide_exception", "ask_back", "reverse_remedy")


def links_of(app: Flask) -> dict[str, dict[str, Any]]:
    """Return the links of each operation's first success, by operation and then by the operation they lead to."""
    with app.test_request_context():
        said = document("http://localhost")
    found: dict[str, dict[str, Any]] = {}
    for operations in said["paths"].values():
        for one in operations.values():
            success = next(answer for status, answer in one["responses"].items() if status < "300")
            named = [link["$ref"].rsplit("/", 1)[1] for link in success.get("links", {}).values()]
            links = [said["components"]["links"][name] for name in named]
            found[one["operationId"]] = {link["operationId"]: link["parameters"]["path.ref"] for link in links}
    return found


def test_an_answer_leads_to_everything_that_can_be_asked_about_what_it_names(app: Flask) -> None:
    links = links_of(app)
    by_path = {(spec.method, spec.path): spec.name for spec in TABLE}
    case, given = by_path["POST", "/cases"], by_path["POST", "/cases/{ref}/remedies"]
    asked = by_path["POST", "/cases/{ref}/exceptions"]
    of_cases = {spec.name for spec in TABLE if spec.path.startswith("/cases/{ref}")}
    assert {name for name, pointer in links[case].items() if pointer == "$response.body#/ref"} == of_cases
    for ending in ("settlement", "release", "reversal"):
        assert links[given][by_path["POST", f"/remedies/{{ref}}/{ending}"]] == "$response.body#/ref"
    assert links[asked][by_path["POST", "/exceptions/{ref}/decisions"]] == "$response.body#/ref"
    assert links[by_path["GET", "/cases"]][by_path["GET", "/cases/{ref}"]] == "$response.body#/items/0/ref"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_following_the_links_breaks_nothing_and_every_answer_is_described(app: Flask) -> None:
    company = a_company(app)
    publish_policy()
    app.config["PROPAGATE_EXCEPTIONS"] = False
    tokens = {name: Api(app, person).token for name, person in (("ana", company.ana), ("sam", company.sam))}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app).include(path_regex=WALKED)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    known: dict[str, str] = {}  # the newest reference of each kind, for what was not reached by a link
    done: Counter[tuple[str, int]] = Counter()

    class Walk(schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            make_likely(case, known, f"walk-{done.total()}")

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            who = "sam" if case.operation.definition.raw["operationId"] in DECIDING else "ana"
            return {"headers": {"Authorization": f"Bearer {tokens[who]}"}}

        def validate_response(self, response: Any, case: Any, **_more: Any) -> None:
            done[case.operation.definition.raw["operationId"], response.status_code] += 1
            if response.status_code == 201:
                ref = str(response.json().get("ref", ""))
                known[ref[:2]] = ref
            case.validate_response(response, checks=CHECKS)

    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=WALKS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    went_well = {name for name, status in done if status < 300}
    assert went_well
    if WALKS >= 100:
        assert {"give_remedy", "settle_remedy", "ask_exception", "decide_exception", "resolve_case"} <= went_well, done


def make_likely(case: Any, known: dict[str, str], key: str) -> None:
    """Put what this company knows into whatever was drawn: otherwise nearly every deed would be refused at the door."""
    name = case.operation.definition.raw["operationId"]
    ref = (case.path_parameters or {}).get("ref", "")
    if ref[:2] in known and len(ref) > 6:
        case.path_parameters["ref"] = known[ref[:2]]
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = key
    if isinstance(case.body, dict):
        amount = refund("500.00" if name == "ask_exception" else "2.00")["amount"]
        likely = {"category": "noise", "kind": "refund", "amount": amount, "nature": "goodwill", "version": None}
        case.body.update({field: value for field, value in likely.items() if field in case.body})
