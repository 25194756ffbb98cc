"""Problem details (RFC 9457): one shape for every refusal, so that a program can tell them apart and a person can read them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, g
from flask_babel import gettext as _
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from app.kernel.errors import BadInput, Refusal

MIMETYPE = "application/problem+json"
TYPE_BASE = "urn:makegood:problem:"


class ApiProblem(Exception):
    """A refusal of the API itself: no token, no key, too many requests."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more


def document(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """Return the members of a problem; `type` ends in the code, further members follow."""
    return {
        "type": TYPE_BASE + code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": g.get("request_id"),
        **more,
    }


def answer(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    response = Response(orjson.dumps(body), status=int(body["status"]), mimetype=MIMETYPE)
    response.headers.update(dict(headers or {}))
    return response


def of_problem(problem: ApiProblem) -> Response:
    return answer(document(problem.status, problem.code, problem.detail, **problem.more), problem.headers)


def refusal_document(refusal: Refusal) -> dict[str, Any]:
    """Turn a room's refusal into a problem; a policy's refusal carries its whole decision."""
    more: dict[str, Any] = {}
    if isinstance(refusal, BadInput):
        more["errors"] = errors_of(refusal.errors)
    if refusal.details.get("decision"):
        more["decision"] = refusal.details["decision"]
    return document(refusal.status, refusal.code, str(refusal), **more)


def errors_of(fields: Mapping[str, list[str]]) -> list[dict[str, str]]:
    return [{"field": name, "message": text} for name, texts in fields.items() for text in texts]


def of_refusal(refusal: Refusal) -> Response:
    return answer(refusal_document(refusal))


def of_validation(error: ValidationError, place: str) -> ApiProblem:
    """Name every wrong field with its reason; the typed value is not repeated."""
    rows = [
        {"field": ".".join(str(part) for part in item["loc"]) or place, "message": item["msg"]}
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return ApiProblem(422, "bad-input", _("Some fields can't be read. See `errors`."), errors=rows[:100])


def of_http(error: HTTPException) -> Response:
    """Answer routing and size errors (404, 405, 413, 415 …) in the same shape, keeping their headers."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return error.get_response()  # type: ignore[return-value]
    kept = {name: value for name, value in error.get_headers() if name.lower() in ("allow", "retry-after")}
    return answer(document(status, code_of(status), detail_of(status)), kept)


def code_of(status: int) -> str:
    return HTTPStatus(status).phrase.lower().replace(" ", "-").replace("'", "")


def detail_of(status: int) -> str:
    sentences = {
        400: _("The request can't be read."),
        404: _("There is nothing here, or it is not yours to see."),
        405: _("This address doesn't take that method. See the Allow header."),
        413: _("The request is too large."),
        415: _("Send JSON, with Content-Type: application/json."),
        500: _("Something broke on our side. Nothing was changed; quote the request id."),
        503: _("The database doesn't answer just now. Send it again with the same Idempotency-Key."),
    }
    return sentences.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase)


def reshape(response: Response) -> Response:
    """Turn an HTML error page that another room made for an API address into a problem."""
    if response.status_code < 400 or response.mimetype == MIMETYPE:
        return response
    body = document(response.status_code, code_of(response.status_code), detail_of(response.status_code))
    kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
    return answer(body, kept)
