"""What the application needs around every request: who asks, default deny, headers, refusals, language."""

from typing import Any

from flask import Flask
from flask_babel import Babel
from werkzeug.middleware.proxy_fix import ProxyFix

from app.people import guard, headers, refusal_wiring, sign_in, sso_provider, step_up
from app.people.access import can, is_signed_in, me
from app.people.passkey_place import passkeys_here
from app.ui import shell, speech
from config import Settings


def register(app: Flask) -> None:
    """Wire the room into an application, in the order in which a request meets it."""
    settings: Settings = app.extensions["makegood_settings"]
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    if settings.is_production and not settings.breached_hashes:
        app.logger.warning("MAKEGOOD_BREACHED_HASHES is not set: pass phrases known from breaches are not refused")
    Babel(app, locale_selector=shell.locale, timezone_selector=shell.zone)
    speech.register(app)
    sign_in.register(app)
    headers.register(app)
    guard.register(app)
    refusal_wiring.register(app)
    step_up.register(app)
    sso_provider.register(app)
    app.context_processor(_for_templates)


def _for_templates() -> dict[str, Any]:
    return {"can": can, "me": me() if is_signed_in() else None, "passkeys_here": passkeys_here}
