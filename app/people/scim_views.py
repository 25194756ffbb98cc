"""SCIM 2.0 (RFC 7643, 7644) under /scim/v2, for a program that brings people and teams up to date, and its tokens."""

import time
from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, current_app, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms.validators import InputRequired, Length

from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.limits import Limiter
from app.kernel.time import utc_now
from app.people import scim_actions, scim_queries
from app.people.access import me, needs, public
from app.people.blueprint import bp
from app.people.headers import keep_secret
from app.people.rules import hash_token
from app.people.scim_rules import given_roles
from app.people.step_up import require_proof
from app.people.words import ROLE_WORDS
from app.ui.forms import Form, LineField
from config import Settings

MEDIA_TYPE = "application/scim+json"
BYTES_MAX = 1_000_000
FILTER_MAX = 1_000
PER_MINUTE, BURST = 600, 120
STRANGER_PER_MINUTE, STRANGER_BURST = 60, 30
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class ProvisioningTokenForm(Form):
    name = LineField(_l("Which program is it for?"), [InputRequired(), Length(min=2, max=60)])


@bp.route("/scim/v2", methods=METHODS, defaults={"path": ""}, strict_slashes=False)
@bp.route("/scim/v2/<path:path>", methods=METHODS)
@public("a provisioning program's own bearer token is asked for, and no cookie counts", signed=True)
def provision(path: str) -> Response:
    """Answer one SCIM request; every failure is told in SCIM's own shape."""
    now = utc_now()
    scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    token_id = scim_queries.live_token(token, now) if scheme.lower() == "bearer" and 0 < len(token) <= 200 else None
    waits = _wait(hash_token(token) if token_id else None)
    if waits:
        return _error(429, "Too many requests.", {"Retry-After": str(waits)})
    if token_id is None:
        return _error(401, "Send a valid provisioning token.", {"WWW-Authenticate": 'Bearer realm="SCIM"'})
    try:
        body = _body()
    except RequestEntityTooLarge:
        return _error(413, f"Send at most {BYTES_MAX} bytes.")
    return _served(path, body, scim_actions.token_name(token_id))


def _body() -> bytes:
    if (request.content_length or 0) > BYTES_MAX:
        raise RequestEntityTooLarge
    request.max_content_length = BYTES_MAX
    return request.get_data(cache=False)


def _served(path: str, body: bytes, token: str) -> Response:
    from scim2_models import InvalidFilterException, SCIMException
    from scim2_server.handler import ScimHandler
    from scim2_server.requests import ScimRequest

    from app.people.scim_schema import service_for
    from app.people.scim_storage import Storage

    settings: Settings = current_app.extensions["makegood_settings"]
    service = service_for(tuple(dict.fromkeys(theirs for theirs, _ours in settings.scim_roles)))
    actor = scim_actions.provisioning_actor(g.get("request_id"), request.remote_addr)
    storage = Storage(service, settings, token=token, actor=actor, now=utc_now())
    asked = ScimRequest(
        method=request.method, base_url=f"{settings.base_url}/scim/v2", path=f"/{path}", query=request.args.to_dict(),
        headers=dict(request.headers), body=body,
    )  # fmt: skip
    try:
        if len(asked.query.get("filter", "")) > FILTER_MAX or asked.query.get("filter", "").count("(") > 20:
            raise InvalidFilterException(detail="The filter is too long.")
        out = ScimHandler(service, storage).handle(asked)
    except SCIMException as refusal:
        out = service.error_response(refusal)
    except BadInput as refusal:
        says = " ".join(f"{name}: {' '.join(texts)}" for name, texts in refusal.errors.items())
        return _error(400, says, kind="invalidValue")
    except scim_actions.Taken as refusal:
        return _error(409, str(refusal), kind="uniqueness")
    except (Conflict, NotFound, NotPermitted, Refusal) as refusal:
        return _error(412 if isinstance(refusal, Conflict) else refusal.status, str(refusal))
    except IntegrityError:  # another request made or named the same in this very moment
        db.session.rollback()
        return _error(409, str(scim_actions.Taken()), kind="uniqueness")
    except (RecursionError, UnicodeError):
        return _error(400, "The request can't be read.", kind="invalidSyntax")
    except Exception:
        db.session.rollback()
        current_app.logger.exception("provisioning failed, request %s", g.get("request_id"))
        return _error(500, "Something broke on our side.")
    return _answer(int(out.status), out.body, out.headers)


def _wait(token_hash: str | None) -> int:
    """Take a turn of this token, or of this address without one; returns how many seconds to wait."""
    burst = int(current_app.config.get("SCIM_BURST", BURST))
    limits: dict[str, Limiter] = current_app.extensions.setdefault(
        "makegood_scim_limits",
        {
            "token": Limiter(PER_MINUTE, burst, shared="scim-token"),
            "stranger": Limiter(STRANGER_PER_MINUTE, STRANGER_BURST, shared="scim-stranger"),
        },
    )
    kind = "token" if token_hash else "stranger"
    return limits[kind].wait_seconds(token_hash or request.remote_addr or "?", time.monotonic())


def _error(status: int, detail: str, headers: dict[str, str] | None = None, *, kind: str | None = None) -> Response:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail,
    }  # fmt: skip
    if kind:
        body["scimType"] = kind
    return _answer(status, body, headers or {})


def _answer(status: int, body: Any, headers: dict[str, str]) -> Response:
    has_none = body is None or status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    answer = Response(b"" if has_none else orjson.dumps(body), status=status, mimetype=MEDIA_TYPE)
    answer.headers.update({name: value for name, value in headers.items() if name.lower() != "content-type"})
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/provisioning")
@needs("people.write")
def provisioning() -> str:
    return _page(ProvisioningTokenForm(formdata=None))


@bp.post("/provisioning")
@needs("people.write")
def make_provisioning_token() -> ResponseReturnValue:
    require_proof()
    form = ProvisioningTokenForm()
    if form.validate():
        try:
            secret = scim_actions.make_provisioning_token(name=form.name.data or "", actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        else:
            # Shown at once instead of after a redirect: the secret is kept nowhere.
            return keep_secret(make_response(_page(ProvisioningTokenForm(formdata=None), secret), 201))
    return _page(form), 422


@bp.post("/provisioning/<int(max=999999999999999999):token_id>/revocation")
@needs("people.write")
def revoke_provisioning_token(token_id: int) -> ResponseReturnValue:
    scim_actions.revoke_provisioning_token(token_id=token_id, actor=me(), now=utc_now())
    flash(_("The token no longer works."), "good")
    return redirect(url_for("people.provisioning"), 303)


def _page(form: ProvisioningTokenForm, secret: str | None = None) -> str:
    settings: Settings = current_app.extensions["makegood_settings"]
    given = given_roles(settings.scim_roles)
    return render_template(
        "people/provisioning.html", form=form, secret=secret, tokens=scim_queries.live_tokens(utc_now()),
        stops=scim_queries.stops(), address=f"{settings.base_url}/scim/v2", oidc=settings,
        roles=[(theirs, ROLE_WORDS[ours]) for theirs, ours in settings.scim_roles],
        withheld=[words for role, words in ROLE_WORDS.items() if role not in given],
    )  # fmt: skip
