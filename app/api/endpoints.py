"""One declaration per resource: method, address, permission, what it takes and what it answers.

The same table runs the request (token, permission, body, key, deed, answer) and draws the OpenAPI document, so they can't part.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from flask import Response, request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from app.api import auth, idempotency
from app.api.blueprint import bp
from app.api.problems import ApiProblem, code_of, detail_of, of_validation
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, NotPermitted
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import needs as page_needs
from app.people.permissions import Scope, has, scope_of

BODY_MAX_BYTES = 1024 * 1024
RAW_MAX_BYTES = 25 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resource as people and programs see it. `writes` asks for an Idempotency-Key; `has_intent`: the action keeps the key too.

    raw: the media type of a body that is no JSON; the view gets its bytes.
    """

    method: str
    path: str
    name: str
    summary: str
    permission: str
    answer: type[BaseModel]
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    writes: bool = False
    has_intent: bool = False
    raw: str = ""
    refusals: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class Call:
    """What a view gets: who asks, when, what, and under which key."""

    actor: Actor
    now: datetime
    body: Any = None
    query: Any = None
    intent: str = ""

    def scope(self, permission: str) -> Scope:
        """Return how far a permission reaches for who asks; raises NotPermitted without it."""
        found = scope_of(self.actor, permission)
        if found is None:
            raise NotPermitted
        return found


def identity(noun: str, ref: str) -> int:
    """Return the id in a reference; text that is none answers like a record that doesn't exist."""
    found = parse_ref(noun, ref)
    if found is None:
        raise NotFound
    return found


View = Callable[..., BaseModel]
TABLE: list[Endpoint] = []


def endpoint(
    method: str, path: str, summary: str, *, permission: str, answer: type[BaseModel], **more: Any
) -> Callable[[View], View]:
    """Register a view under its declaration; the view takes a Call and the path's parts, and returns `answer`.

    more: the other fields of Endpoint.
    """

    def declare(view: View) -> View:
        spec = Endpoint(method, path, view.__name__, summary, permission, answer, **more)

        @functools.wraps(view)
        def run(**parts: str) -> Response:
            return _run(spec, view, parts)

        TABLE.append(spec)
        page_needs(spec.permission)(run)
        address = spec.path.replace("{", "<").replace("}", ">")
        bp.add_url_rule(address, spec.name, run, methods=[spec.method], provide_automatic_options=False)
        return view

    return declare


def _run(spec: Endpoint, view: View, parts: dict[str, str]) -> Response:
    actor = auth.caller()
    if not has(actor, spec.permission):
        raise NotPermitted
    key = idempotency.key_of(request.headers.get("Idempotency-Key")) if spec.writes else ""
    query = _query(spec.query)
    body, raw = _raw_body(spec.raw) if spec.raw else _body(spec.body)
    intent = idempotency.intent_of(key) if spec.has_intent else ""
    call = Call(actor=actor, now=utc_now(), body=body, query=query, intent=intent)

    def deed() -> tuple[int, Any]:
        return spec.status, view(call, **parts).model_dump(mode="json", by_alias=True)

    if not spec.writes:
        status, answer = deed()
        return _respond(idempotency.Stored(status, orjson.dumps(answer)))
    return _respond(
        idempotency.answer_once(
            deed,
            actor_id=actor.id or 0,
            key=key,
            mark=idempotency.fingerprint(spec.method, request.path, raw),
            has_intent=spec.has_intent,
            now=call.now,
        )
    )


def _respond(stored: idempotency.Stored) -> Response:
    mimetype = "application/json" if stored.status < 400 else "application/problem+json"
    response = Response(stored.body, status=stored.status, mimetype=mimetype)
    response.headers["Cache-Control"] = "no-store"
    if stored.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _query(model: type[BaseModel] | None) -> BaseModel | None:
    """Read the address's parameters; one that is unknown or given twice is refused."""
    given = request.args.to_dict(flat=False)
    twice = [name for name, values in given.items() if len(values) > 1]
    if twice or (model is None and given):
        names = twice or sorted(given)
        rows = [{"field": name, "message": "not known here" if model is None else "given twice"} for name in names]
        raise ApiProblem(422, "bad-input", detail_of(400), errors=rows[:100])
    if model is None:
        return None
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        raise of_validation(error, "query") from None


def _raw_body(mimetype: str) -> tuple[bytes, str]:
    """Read a body of another media type than JSON: its bytes, and their hash, by which a repeat is known."""
    request.max_content_length = RAW_MAX_BYTES
    if request.mimetype != mimetype:
        raise ApiProblem(415, code_of(415), detail_of(415), headers={"Accept": mimetype})
    raw = request.get_data(cache=False)
    return raw, hashlib.sha256(raw).hexdigest()


def _body(model: type[BaseModel] | None) -> tuple[BaseModel | None, Any]:
    """Read the JSON body strictly: 415 for another type, 413 too large, 400 no JSON, 422 wrong fields."""
    if model is None:
        return None, None
    if request.content_length is None or request.content_length > BODY_MAX_BYTES:
        if request.content_length:
            raise RequestEntityTooLarge
        raw = b""
    else:
        raw = request.get_data(cache=False)
    if request.mimetype != "application/json":
        raise ApiProblem(415, code_of(415), detail_of(415), headers={"Accept": "application/json"})
    try:
        plain = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ApiProblem(400, "not-json", detail_of(400)) from None
    try:
        return model.model_validate_json(raw), plain
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False, include_context=False)[0]["type"] == "json_invalid":
            raise ApiProblem(400, "not-json", detail_of(400)) from None
        raise of_validation(error, "body") from None
