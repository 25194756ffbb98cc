"""What somebody typed and sent when nobody was signed in any more, or from a form that was too old.

It is carried through the sign-in, sealed, and shown afterwards with a button that sends it: nothing is sent by itself, so
that no other site can make anybody do a deed by asking them to sign in. Files are not carried, and secrets never.
"""

import json
import re
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from flask import Response, current_app, g, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.kernel.errors import Refusal
from app.kernel.sealing import NotSealedHere, seal, unseal
from app.kernel.time import utc_now
from app.people.way_back import path_of, way_back
from app.ui import shell
from app.ui.preferences import safe_next

LASTS = timedelta(hours=1)
_ABOUT = "typed"
CHARACTERS_MAX = 200_000
_SECRET = re.compile(r"phrase|proof_|password|code|token|secret|^current$")
_TECHNICAL = ("csrf_token", "typed")


class SignInNeeded(Refusal):
    """Nobody is signed in, and something was typed."""

    status = 401
    code = "sign-in-needed"

    def __init__(self, typed: "Typed") -> None:
        self.typed = typed
        super().__init__()


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent, where to, and from which page. owner_id: whose session ended; None: not known."""

    url: str
    page: str
    owner_id: int | None
    fields: tuple[tuple[str, str], ...]
    has_files: bool = False

    @property
    def words(self) -> list[str]:
        """What a person wrote, and not only chose."""
        return [value for _name, value in self.fields if _is_written(value)]

    def sealed(self) -> str:
        """Encrypted, so that whoever finds the sign-in page open reads nothing of it in its source."""
        said = {**asdict(self), "until": (utc_now() + LASTS).timestamp()}
        return seal(json.dumps(said), about=_ABOUT, secrets_=_secrets())


def typed_here() -> Typed | None:
    """Return what this request brought from a page of ours, if there is something of a person's own words in it."""
    if request.method != "POST" or request.headers.get("HX-Request") or not _is_from_here():
        return None
    try:
        sent = request.form
    except RequestEntityTooLarge:
        return None
    fields = tuple((name, value) for name, value in sent.items(multi=True) if name not in _TECHNICAL)
    if any(_SECRET.search(name) for name, _value in fields) or not any(_is_written(value) for _name, value in fields):
        return None
    if sum(len(name) + len(value) for name, value in fields) > CHARACTERS_MAX:
        return None
    has_files = any(file.filename for file in request.files.values())
    return Typed(request.full_path.rstrip("?"), way_back() or "/", g.get("session_owner"), fields, has_files)


def typed_before(person_id: int) -> Typed | None:
    """Return what was carried through the sign-in of this person, if it is theirs."""
    try:
        said: dict[str, Any] = json.loads(unseal(request.form.get("typed", ""), about=_ABOUT, secrets_=_secrets()))
    except NotSealedHere:
        return None
    if utc_now().timestamp() > said["until"]:
        return None
    fields = tuple((str(name), str(value)) for name, value in said["fields"])
    found = Typed(safe_next(said["url"]), safe_next(said["page"]), said["owner_id"], fields, said["has_files"])
    return found if found.owner_id in (None, person_id) else None


def typed_page(typed: Typed, status: int = 200) -> Response:
    """The page that shows what was typed, with a button that sends it."""
    g.pop("csrf_token", None)  # the one of a session that has ended since
    if status == 200:
        shell.forget_reader()  # at first in this request there was none
    answer = make_response(render_template("people/typed.html", typed=typed), status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _is_from_here() -> bool:
    said = request.headers.get("Sec-Fetch-Site")
    return said == "same-origin" if said else path_of(request.referrer) is not None


def _is_written(value: str) -> bool:
    return len(value.split()) > 1


def _secrets() -> tuple[str, ...]:
    secrets: tuple[str, ...] = current_app.extensions["makegood_settings"].secrets
    return secrets
