"""The OpenAPI 3.1 document, drawn from the endpoint table and the models."""

import functools
import re
from collections.abc import Iterator
from typing import Any, get_args

import orjson
from flask import Response
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.blueprint import PREFIX
from app.api.endpoints import TABLE, Endpoint
from app.api.problems import MIMETYPE, TYPE_BASE
from app.api.schemas_out import ProblemOut

_REF = "#/components/schemas/{model}"
_REFS = {
    "/clocks": ("CL", "a clock"),
    "/cases": ("MG", "a case"),
    "/remedies": ("RM", "a remedy"),
    "/exceptions": ("EX", "an exception"),
    "/customers": ("CU", "a customer"),
    "/check-backs": ("CB", "a check-back"),
    "/payouts": ("PT", "a payout"),
    "/reviews": ("RW", "a review"),
    "/pulses": ("PS", "a pulse"),
}
_ROOTS = {prefix: (root, noun.split()[-1].replace("-", "_")) for root, (prefix, noun) in _REFS.items()}
_REFERENCE = re.compile(r"([A-Z]{2})-\d+")
_WHY = {
    400: "Malformed JSON, or no Idempotency-Key",
    401: "No valid token",
    403: "Your role doesn't include this",
    404: "Absent, or out of your scope",
    409: "State or version conflict, or the key's first request is still at work",
    413: "Larger than 1 MiB",
    415: "Not application/json",
    422: "A field is wrong, the key was used for another request, or the policy refuses; then with the decision",
    429: "Too many requests; see Retry-After",
    500: "Our mistake",
    503: "The database doesn't answer; see Retry-After, and keep the Idempotency-Key",
}
_CODE = {
    400: "idempotency-key-missing",
    401: "no-token",
    403: "not-permitted",
    404: "not-found",
    409: "changed-meanwhile",
    413: "request-entity-too-large",
    415: "unsupported-media-type",
    422: "bad-input",
    429: "too-many-requests",
    500: "internal-server-error",
    503: "service-unavailable",
}


def document(server: str) -> dict[str, Any]:
    """Return the whole description. server: where this instance is reached, without the path."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Makegood",
            "version": "1",
            "description": "Service recovery by a trusted frontline: cases, decisions, remedies, exceptions, clocks and the trail. "
            "Every POST that writes takes an Idempotency-Key: the same key and content get the first answer again.",
        },
        "servers": [{"url": server + PREFIX}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Made by `flask token create`."}
            },
            "responses": {f"Problem{status}": _problem(status) for status in _WHY},
            "links": dict(sorted(_all_links().items())),
        },
    }


def response(server: str) -> Response:
    """Answer with the description; it is small, so it is drawn anew each time."""
    answer = Response(orjson.dumps(document(server)), mimetype="application/json")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def _schemas() -> dict[str, Any]:
    taken = {model for spec in TABLE for model in (spec.body,) if model}
    given: set[type[BaseModel]] = {spec.answer for spec in TABLE} | {ProblemOut}
    wanted: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in taken]
    wanted += [(model, "serialization") for model in given]
    wanted.sort(key=lambda pair: (pair[0].__name__, pair[1]))
    _map, schemas = models_json_schema(wanted, ref_template=_REF)
    return dict(sorted(schemas["$defs"].items()))


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for spec in TABLE:
        paths.setdefault(spec.path, {})[spec.method.lower()] = _operation(spec)
    return paths


def _operation(spec: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": spec.name,
        "summary": spec.summary,
        "description": f"Permission: `{spec.permission}`.",
        "tags": [spec.path.split("/")[1]],
        "parameters": _parameters(spec),
        "responses": _responses(spec),
    }
    if spec.raw:
        content = {spec.raw: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    if spec.body:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=spec.body.__name__)}}},
        }
    return operation


def _parameters(spec: Endpoint) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    if "{ref}" in spec.path:
        prefix, noun = _REFS["/" + spec.path.split("/")[1]]
        schema = {"type": "string", "pattern": f"^{prefix}-[1-9][0-9]{{0,17}}$", "examples": [f"{prefix}-1"]}
        rows.append(
            {"name": "ref", "in": "path", "required": True, "description": f"Reference of {noun}", "schema": schema}
        )
    if "{name}" in spec.path:
        schema = {"type": "string", "pattern": "^[a-z-]{1,60}$", "examples": ["own-authority"]}
        rows.append({"name": "name", "in": "path", "required": True, "description": "A measure", "schema": schema})
    if spec.writes:
        rows.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "New for each deed, the same for a repeat",
                "schema": {"type": "string", "pattern": "^[!-~]{1,200}$", "examples": ["0b9f3c1e-7a52"]},
            }
        )
    if spec.query:
        shape = spec.query.model_json_schema()
        for name, schema in shape["properties"].items():
            schema = _plain(schema)
            described = schema.pop("description", name)
            rows.append({"name": name, "in": "query", "required": False, "description": described, "schema": schema})
    return rows


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter can't be null: take the other half of an optional one."""
    schema = {name: value for name, value in schema.items() if name not in ("title", "default") or value is not None}
    options = [option for option in schema.pop("anyOf", []) if option != {"type": "null"}]
    return {**(options[0] if options else {}), **schema}


def _responses(spec: Endpoint) -> dict[str, Any]:
    statuses = {401, 403, 429, 500, 503} | set(spec.refusals) | {422}
    if spec.body or spec.raw:
        statuses |= {400, 413, 415}
    if spec.writes:
        statuses |= {400, 409}
    if "{" in spec.path:
        statuses.add(404)
    answer = {"schema": {"$ref": _REF.format(model=spec.answer.__name__)}}
    links = {name: {"$ref": f"#/components/links/{name}"} for name in _links(spec.answer)}
    told = {"description": spec.summary, "content": {"application/json": answer}}
    described = {str(spec.status): {**told, "links": links} if links else told}
    return described | {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses)}


def _all_links() -> dict[str, Any]:
    return {name: link for spec in TABLE for name, link in _links(spec.answer).items()}


@functools.cache
def _links(answer: type[BaseModel]) -> dict[str, Any]:
    """Return every resource that can be asked for next with a reference that this answer holds."""
    found: dict[str, Any] = {}
    for root, pointer in {root: pointer for pointer, root in reversed([*_references(answer, "")])}.items():
        said = pointer.strip("/").replace("/", "-")
        for spec in TABLE:
            if spec.path.startswith(root + "/{ref}"):
                link = {"operationId": spec.name, "parameters": {"path.ref": f"$response.body#{pointer}"}}
                found[f"{spec.name}-of-{root.strip('/')}-in-{said}"] = {**link, "description": spec.summary}
    return found


def _references(model: type[BaseModel], place: str) -> Iterator[tuple[str, str]]:
    """Yield where an answer holds a reference (a JSON pointer; of a list, in its first row) and the root of what it names."""
    for name, field in model.model_fields.items():
        named = _REFERENCE.fullmatch(str((field.examples or [""])[0]))
        root, noun = _ROOTS.get(named.group(1), ("", "")) if named else ("", "")
        if root and name in ("ref", noun):  # what a trail entry is about may be anything
            yield f"{place}/{name}", root
        rows = [one for one in get_args(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
        if rows and str(field.annotation).startswith("list"):
            yield from _references(rows[0], f"{place}/{name}/0")
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _references(field.annotation, f"{place}/{name}")


def _problem(status: int) -> dict[str, Any]:
    example = {"type": TYPE_BASE + _CODE[status], "title": "", "status": status, "detail": _WHY[status]}
    content = {MIMETYPE: {"schema": {"$ref": _REF.format(model="ProblemOut")}, "example": example}}
    described: dict[str, Any] = {"description": _WHY[status], "content": content}
    if status in (429, 503):
        described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}}
    return described
