"""Who asks: the owner of the bearer token, with their own permissions, looked up anew for every request."""

import time
from typing import cast

from flask import Flask, current_app, request
from flask_babel import gettext as _

from app.api.problems import ApiProblem
from app.kernel.actor import Actor
from app.kernel.limits import Limiter
from app.people.access import is_signed_in, me
from app.people.rules import hash_token

PER_MINUTE = 600
BURST = 120
STRANGER_PER_MINUTE = 60
STRANGER_BURST = 30
TOKEN_MAX = 200


def prepare(app: Flask) -> None:
    """Give the application its buckets, whose minutes all processes share.

    API_PER_MINUTE and API_BURST in Flask's configuration change their size.
    """
    per_minute = int(app.config.setdefault("API_PER_MINUTE", PER_MINUTE))
    app.extensions["makegood_api_limits"] = {
        "token": Limiter(per_minute, int(app.config.setdefault("API_BURST", BURST)), shared="api-token"),
        "stranger": Limiter(STRANGER_PER_MINUTE, STRANGER_BURST, shared="api-stranger"),
    }


def caller() -> Actor:
    """Return who asks; 401 without a valid token, 429 when it asks too often."""
    token = bearer(request.headers.get("Authorization", ""))
    if token is None or not is_signed_in():
        _take_turn("stranger", request.remote_addr or "?")
        raise ApiProblem(
            401,
            "no-token" if token is None else "token-not-valid",
            _("Send a valid token: Authorization: Bearer TOKEN. `flask token create` makes one."),
            headers={"WWW-Authenticate": 'Bearer realm="makegood"'},
        )
    _take_turn("token", hash_token(token))
    return me()


def bearer(header: str) -> str | None:
    """Return the token inside an Authorization header, or None when it holds none."""
    scheme, _blank, token = header.partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and 0 < len(token) <= TOKEN_MAX else None


def _take_turn(kind: str, who: str) -> None:
    limits = cast(dict[str, Limiter], current_app.extensions["makegood_api_limits"])
    seconds = limits[kind].wait_seconds(who, time.monotonic())
    if seconds:
        raise ApiProblem(
            429,
            "too-many-requests",
            _("Too many requests. Try again in %(seconds)d seconds.", seconds=seconds),
            headers={"Retry-After": str(seconds)},
        )
