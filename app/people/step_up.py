"""Step-up: a sensitive deed asks for the second factor again, and then goes on with what was typed.

`require_proof()` at the top of a view is all it takes. Without a fresh proof it answers with a page that asks for a code
and carries every field of the form; the right code leads on to the same address with the same fields (307), so that it
works without scripts. A page that was asked for (GET) is simply come back to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, Response, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.people.access import is_signed_in
from app.people.factor_forms import ProofForm
from app.people.factor_queries import factor_of
from app.people.factor_rules import STEP_UP_LASTS
from app.people.way_back import path_of
from app.ui.preferences import safe_next
from config import Settings

# Pages on which somebody who has yet to add a second factor may be.
_ENROLLING = (
    "people.second_factor",
    "people.add_factor",
    "people.offer_factor",
    "people.new_passkey",
    "people.passkey_options",
    "people.add_passkey",
    "ui.preferences",
)
_OWN_FIELDS = "proof_"


class ProofNeeded(Refusal):
    """The deed asks for a second factor that this session has not proved lately."""

    status = 403
    code = "proof-needed"
    sentence = _l("This asks for your second factor. Do it on its page, not through a program.")


@dataclass(frozen=True, slots=True)
class Kept:
    """Where somebody was going, and what they had typed. is_resent: it is sent again, and not only looked at."""

    url: str = "/"
    is_resent: bool = False
    fields: tuple[tuple[str, str], ...] = ()


def register(app: Flask) -> None:
    app.register_error_handler(ProofNeeded, ask)


def must_enrol() -> bool:
    """Tell whether the reader's role asks for a second factor that they have yet to add."""
    if not is_signed_in() or request.endpoint in _ENROLLING:
        return False
    # Whose second factor was proved at the company's own sign-in may look around; deeds ask for one of their own here.
    is_proved = current_user.has_factor or current_user.proved_at is not None
    return not is_proved and must_have(current_user.person.role)


def must_have(role: str) -> bool:
    """Tell whether the company asks this role for a second factor."""
    settings: Settings = current_app.extensions["makegood_settings"]
    return role in settings.second_factor_roles


def stepped_up(within: timedelta = STEP_UP_LASTS, *, now: datetime | None = None) -> bool:
    """Tell whether this session has proved a second factor within this time."""
    proved_at = current_user.proved_at if is_signed_in() else None
    return proved_at is not None and (now or utc_now()) - proved_at < within


def require_proof(within: timedelta = STEP_UP_LASTS, *, is_needed: bool = False) -> None:
    """Let a deed go on only with a fresh proof; raises ProofNeeded, which becomes the page that asks for it.

    is_needed: whoever has no second factor adds one first. Else they may go on, as far as their role allows it.
    """
    if stepped_up(within) or not (is_needed or current_user.has_factor or must_have(current_user.person.role)):
        return
    raise ProofNeeded


def ask(_refusal: ProofNeeded) -> ResponseReturnValue:
    """Answer with the page that asks for a code, with everything that was sent in it."""
    if request.headers.get("HX-Request"):
        page = "people.proof" if current_user.has_factor else "people.second_factor"
        return Response(status=403, headers={"HX-Redirect": url_for(page, proof_next=_stood_on())})
    kept = Kept(request.full_path.rstrip("?"))
    if request.method == "POST":
        kept = Kept(kept.url, True, _fields())
    if current_user.has_factor:
        return proof_page(kept, ProofForm(formdata=None), 403)
    if kept.is_resent:
        return redirect(url_for("people.offer_factor", proof_next=kept.url, proof_resent="yes"), 307)
    return redirect(url_for("people.second_factor", proof_next=kept.url), 303)


def kept_of_request() -> Kept:
    """Read where somebody was going from the page that asked them; only a path of this site counts.

    Nothing is sent again but from a form of ours: a link can't make anybody do a deed by asking for their code.
    """
    url = safe_next(request.values.get("proof_next"))
    is_resent = request.method == "POST" and request.values.get("proof_resent") == "yes"
    return Kept(url, True, _fields()) if is_resent else Kept(url)


def go_on(kept: Kept) -> Response:
    """Lead on: 307 sends the same fields again, 303 only looks."""
    return redirect(kept.url, 307 if kept.is_resent else 303)  # type: ignore[return-value]


def _fields() -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and not name.startswith(_OWN_FIELDS)
    )


def _stood_on() -> str:
    """Return the path of the page that a form or a fragment stands on."""
    return path_of(request.headers.get("HX-Current-URL") or request.referrer) or "/"


def proof_page(kept: Kept, form: ProofForm, status: int = 200) -> Response:
    """The page that asks for a code or a passkey, whichever this person has; nothing on it is kept by the browser."""
    found = factor_of(current_user.person.id)
    body = render_template("people/proof.html", kept=kept, form=form, factor=found)
    answer = make_response(body, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
