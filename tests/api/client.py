"""A program that talks to the API as somebody: it holds a token and makes a key for every deed."""

import itertools
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.cases import category_actions
from app.kernel.time import utc_now
from app.people import secret_actions
from app.people.queries import PersonRow
from tests.people.builders import OPERATOR, Company, make_company

_numbers = itertools.count(1)
NOISE = {"category": "noise", "severity": 2, "summary": "The lift hums all night", "channel": "desk"}


class Api:
    """`Api(app, company.ana).post("/cases", {...})`; key=None sends no Idempotency-Key."""

    def __init__(self, app: Flask, person: PersonRow | None) -> None:
        self._client = app.test_client()
        self._headers: dict[str, str] = {}
        self.token = ""
        if person is not None:
            self.token, _row = secret_actions.make_token(name="test program", actor=person.actor, now=utc_now())
            self._headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str, **query: Any) -> TestResponse:
        return self._client.get("/api/v1" + path, query_string=query, headers=self._headers)

    def post(self, path: str, body: Any = None, *, key: str | None = "new", **more: Any) -> TestResponse:
        headers = dict(self._headers)
        if key is not None:
            headers["Idempotency-Key"] = f"test-{next(_numbers)}" if key == "new" else key
        if "data" not in more:
            more["json"] = body
        return self._client.post("/api/v1" + path, headers=headers, **more)

    def log(self, **changes: Any) -> dict[str, Any]:
        """Log a case and return it."""
        answer = self.post("/cases", {**NOISE, **changes})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return answer.get_json()


def a_company(app: Flask) -> Company:
    """The people of the design with one category, each call on an empty database; quick hands are not slowed down."""
    app.extensions["makegood_api_limits"]["token"]._burst = 10_000
    company = make_company()
    category_actions.add_category(name="Noise", code="noise", actor=OPERATOR, now=utc_now())
    return company


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Return the members of a problem after checking its status, media type and the end of its type."""
    body: dict[str, Any] = answer.get_json()
    assert answer.status_code == status, body
    assert answer.mimetype == "application/problem+json"
    assert body["type"].endswith(code), body
    assert body["status"] == status
    assert body["detail"]
    return body
