"""Where passkeys work, next to where this request came in."""

from dataclasses import dataclass

from flask import current_app, request
from flask_babel import lazy_gettext as _l

from app.kernel.errors import Refusal
from app.people.passkey_rules import Place, place_of
from config import Settings


class PasskeyElsewhere(Refusal):
    """Browsers bind passkeys to one address, so another one can't use them."""

    code = "passkey-elsewhere"
    sentence = _l("Passkeys don't work at this address. Use the one that your company publishes.")


@dataclass(frozen=True, slots=True)
class Here:
    """origin: the one address at which passkeys work, "" when there is none."""

    works: bool
    origin: str


def passkeys_here() -> Here:
    """Tell whether the page that is shown stands where passkeys work."""
    settings: Settings = current_app.extensions["makegood_settings"]
    place = place_of(settings.base_url)
    if place is None:
        return Here(False, "")
    return Here(request.host_url.rstrip("/") == place.origin, place.origin)


def place_here() -> Place:
    """Return the configured place; raises PasskeyElsewhere when the request came in by another address."""
    settings: Settings = current_app.extensions["makegood_settings"]
    place = place_of(settings.base_url)
    if place is None:
        raise PasskeyElsewhere
    if not passkeys_here().works:
        raise PasskeyElsewhere(_l("Passkeys work at %(origin)s, not at this address.", origin=place.origin))
    return place
