"""A provisioning program for tests: `client = program(app, company.ada)`, then `client.post("/Users", person("..."))`."""

import json
from dataclasses import dataclass
from typing import Any

from flask import Flask

from app.kernel.time import utc_now
from app.people import scim_actions
from app.people.queries import PersonRow

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass
class Program:
    app: Flask
    secret: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        return self.app.test_client().open(
            f"/scim/v2{path}", method=method, data=data, content_type="application/scim+json",
            headers={"Authorization": f"Bearer {self.secret}", **headers},
        )  # fmt: skip

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any) -> Any:
        return self.ask("POST", path, body)

    def patch(self, path: str, *steps: dict[str, Any]) -> Any:
        return self.ask("PATCH", path, {"schemas": [PATCH], "Operations": list(steps)})


def program(app: Flask, admin: PersonRow) -> Program:
    return Program(app, scim_actions.make_provisioning_token(name="Entra", actor=admin.actor, now=utc_now()))


def person(user_name: str, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": user_name, **more}


def replaced(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}
