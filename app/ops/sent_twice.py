"""Refuses what came twice under one name where one is meant (ASVS 15.3.7), so that no two readers take another one of the two.

The API answers in its own shape (422), and whoever signs a request is read byte by byte by the page that checks it.
"""

from collections.abc import Mapping

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _l

from app.attachments import hooks, wiring
from app.kernel.errors import Refusal
from app.people.sign_in import API_PREFIX

_REGION = frozenset({"site_ids", "lead_ids"})
# Which forms ask for several values under one name. Everything else comes once, in the address and in the body.
SEVERAL: Mapping[str, frozenset[str]] = {
    "approvals.decide_batch": frozenset({"pick"}),
    "ops.confirm_access": frozenset({"pick"}),
    "people.add_region": _REGION,
    "people.change_region": _REGION,
    "portal.let_choose": frozenset({"remedy"}),
    "problems.link": frozenset({"case"}),
    "sla.keep_legal": frozenset({"site"}),
    "sla.publish_ladder": frozenset({"thresholds"}),
    "sla.publish_rule": frozenset({"start", "pause", "resume", "stop", "cancel", "reset"}),
}
# Pages that ask for a second factor bring along what was typed before, whose own page is asked again when it is sent on.
BRINGING = frozenset({"add_factor", "add_passkey", "new_passkey", "offer_factor", "proof", "prove", "prove_by_passkey"})
_OWN = ("proof_", "csrf_token")


class SentTwice(Refusal):
    """`details["fields"]` names what came more than once."""

    status = 400
    code = "sent-twice"
    sentence = _l("Something in this request came twice. Nothing was changed: go back and send it once.")


def register(app: Flask) -> None:
    app.before_request(refuse_sent_twice)


def refuse_sent_twice() -> None:
    """After sign-in and permission were asked, so that a stranger learns nothing about a page."""
    endpoint = request.endpoint
    if endpoint is None or endpoint == "static" or request.path.startswith(API_PREFIX):
        return
    if getattr(current_app.view_functions[endpoint], "is_signed", False):
        return
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        twice += [name for name, values in request.form.lists() if len(values) > 1 and not _may_repeat(endpoint, name)]
        twice += [name for name, files in request.files.lists() if len(files) > 1 and not _takes_files(endpoint, name)]
    if twice:
        raise SentTwice(fields=twice)


def _may_repeat(endpoint: str, name: str) -> bool:
    if endpoint.startswith("people.") and endpoint.removeprefix("people.") in BRINGING:
        return not name.startswith(_OWN)
    return name in SEVERAL.get(endpoint, ())


def _takes_files(endpoint: str, name: str) -> bool:
    """A page may hold several such forms, each with a prefix of its own."""
    return name.split("-")[-1] == "files" and (endpoint in wiring.OWN or endpoint in hooks.endpoints_with_files)
