"""The description says what can be asked next with a reference; schemathesis follows these links, deed after deed, and nothing breaks."""

import re
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
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
from app.insights.pulse_actions import open_pulse
from app.kernel.time import utc_now
from app.people.permissions import has
from tests.api.client import Api, a_company
from tests.api.test_remedies import refund
from tests.conftest import DATABASES
from tests.counts import count
from tests.people.builders import Company
from tests.remedies.builders import publish_policy
from tests.remedies.payout_builders import settled
from tests.reviews.builders import open_review

ROUNDS, WALKS, STEPS = count(12, 1), 3, 12
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DECIDING = ("decide_exception", "ask_back", "reverse_remedy")
REFERENCE = re.compile(r"\b[A-Z]{2}-[1-9][0-9]*\b")
POINTER = re.compile(r"\$response\.body#(/.+)")


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


def test_whatever_is_asked_by_its_reference_is_led_to_by_another_answer(app: Flask) -> None:
    """So that a new resource is walked too, without being named here."""
    links = links_of(app)
    led_to = {target for source, targets in links.items() for target in targets if target != source}
    assert [spec.path for spec in TABLE if "{ref}" in spec.path and spec.name not in led_to] == []


@pytest.mark.slow
@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_following_the_links_breaks_nothing_and_every_answer_is_described(app: Flask) -> None:
    company = a_company(app)
    publish_policy()
    tokens = tokens_of(app, company)
    known = one_of_each(app, company)
    seen = set(known.values())
    links = links_of(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    done: Counter[tuple[str, int]] = Counter()
    broken: list[tuple[str, int, str]] = []

    class Walk(schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            make_likely(case, known, seen, f"walk-{done.total()}")

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"Authorization": f"Bearer {tokens[case.operation.definition.raw['operationId']]}"}}

        def validate_response(self, response: Any, case: Any, **_more: Any) -> None:
            name = case.operation.definition.raw["operationId"]
            done[name, response.status_code] += 1
            seen.update(REFERENCE.findall(response.text))
            if response.status_code == 201:
                ref = str(response.json().get("ref", ""))
                known[ref[:2]] = ref
            try:
                case.validate_response(response, checks=CHECKS)
            except (Exception, ExceptionGroup) as failure:
                broken.append((name, response.status_code, str(failure)[:500]))
            if response.status_code < 300:
                astray = [one for one in links[name].values() if not leads_somewhere(one, response.json())]
                broken.extend((name, response.status_code, f"{one} leads nowhere") for one in astray)

    walks = settings(
        max_examples=WALKS,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    for number in range(ROUNDS):
        # The company lives on from walk to walk and so answers a repeated one differently, which ends a round early and is no fault;
        # what is one was put into `broken` before.
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(seed(number)(Walk), settings=walks)
    assert broken == []
    went_well = {name for name, status in done if status < 300}
    assert went_well
    if ROUNDS >= 10:
        reached = {spec.path.split("/")[1] for spec in TABLE if "{ref}" in spec.path and spec.name in went_well}
        assert reached >= {"cases", "clocks", "customers", "exceptions", "remedies"}, done


def tokens_of(app: Flask, company: Company) -> dict[str, str]:
    """Operation -> the token of somebody whose role includes it, of the frontline where it may."""
    people = (company.ana, company.sam, company.max, company.hana, company.ada, company.audra)
    own = {person.id: Api(app, person).token for person in people}
    return {
        spec.name: own[company.sam.id]
        if spec.name in DECIDING
        else next(own[person.id] for person in people if has(person.actor, spec.permission))
        for spec in TABLE
    }


def one_of_each(app: Flask, company: Company) -> dict[str, str]:
    """Something of each kind that the API names; returns the newest reference by its letters, for what no link has reached yet."""
    ana, now = Api(app, company.ana), utc_now()
    case = ana.log(customer={"name": "Cleo Marsh", "email": "cleo@example.org"})
    ana.log(customer={"name": "Rafael Lund", "email": "rafael@example.org"})
    remedy = ana.post(f"/cases/{case['ref']}/remedies", refund("10.00")).json["ref"]
    asked = ana.post(f"/cases/{case['ref']}/exceptions", refund("5000.00")).json["ref"]
    planned = ana.post(
        f"/customers/{case['customer']}/check-backs",
        {"what": "Is it warm?", "channel": "phone", "due_at": (now + timedelta(days=2)).isoformat()},
    ).json["ref"]
    review = open_review(company, now=now)
    pulse = open_pulse(
        name="Autumn", opens_at=now, closes_at=now + timedelta(days=10), actor=company.hana.actor, now=now
    )
    refs = (
        case["ref"],
        case["customer"],
        case["clocks"][0]["ref"],
        remedy,
        asked,
        planned,
        settled(company).ref,
        review.ref,
        pulse.ref,
    )
    return {one[:2]: one for one in refs}


def leads_somewhere(pointer: str, body: Any) -> bool:
    """Whether a link's place is in an answer: a reference, nothing, or the first row of an empty list."""
    found = POINTER.fullmatch(pointer)
    assert found, pointer
    for part in found.group(1).strip("/").split("/"):
        if isinstance(body, list):
            if not body:
                return True
            body = body[int(part)]
        elif part in body:
            body = body[part]
        else:
            return False
    return body is None or bool(REFERENCE.fullmatch(body))


def make_likely(case: Any, known: dict[str, str], seen: set[str], key: str) -> None:
    """Put what this company knows into whatever was drawn: otherwise nearly every deed would be refused at the door."""
    name = case.operation.definition.raw["operationId"]
    ref = (case.path_parameters or {}).get("ref", "")
    if ref[:2] in known and ref not in seen:
        case.path_parameters["ref"] = known[ref[:2]]
    if "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = key
    if isinstance(case.body, dict):
        amount = refund("500.00" if name == "ask_exception" else "2.00")["amount"]
        likely = {"category": "noise", "kind": "refund", "amount": amount, "nature": "goodwill", "version": None}
        case.body.update({field: value for field, value in likely.items() if field in case.body})
