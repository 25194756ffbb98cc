"""Page access: every endpoint says which permission it needs, or why it is public. Silence means no."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, g, request
from flask_login import current_user

from app.kernel.actor import Actor
from app.kernel.errors import NotPermitted
from app.people.permissions import Scope, has, scope_of
from app.people.queries import SiteRow, site

View = TypeVar("View", bound=Callable[..., Any])


def needs(permission: str) -> Callable[[View], View]:
    """Declare the permission of a page, e.g. @needs("cases.read"); stands under the route decorator."""

    def declare(view: View) -> View:
        view.needs = permission  # type: ignore[attr-defined]
        return view

    return declare


def public(reason: str, *, signed: bool = False) -> Callable[[View], View]:
    """Declare that a page is open to anyone, and why.

    signed: another server sends it and the view checks its signature, so no form of ours is asked for.
    """

    def declare(view: View) -> View:
        view.public = reason  # type: ignore[attr-defined]
        view.is_signed = signed  # type: ignore[attr-defined]
        return view

    return declare


def declared(endpoint: str) -> tuple[str | None, str | None]:
    """Return (permission, public reason) of an endpoint; (None, None) is refused by default."""
    view = current_app.view_functions[endpoint]
    return getattr(view, "needs", None), getattr(view, "public", None)


def _user() -> Any:
    """Return Flask-Login's user of this request, without asking its proxy for every attribute."""
    known = g.get("_login_user")
    return current_user._get_current_object() if known is None else known  # type: ignore[attr-defined]


def is_signed_in() -> bool:
    user = _user()
    return bool(user and user.is_authenticated)


def me() -> Actor:
    """Return who asks, with the request's id and address."""
    if not is_signed_in():
        raise NotPermitted
    actor: Actor = _user().person.actor
    return actor.through(g.get("request_id"), request.remote_addr)


def my_scope(permission: str) -> Scope:
    """Return how far the permission reaches for who asks; raises NotPermitted without it."""
    scope = scope_of(me(), permission)
    if scope is None:
        raise NotPermitted
    return scope


def my_site() -> SiteRow:
    """Return the site of who asks; a browser's session brings it along, for a token it is read once per request."""
    if "my_site" not in g:
        g.my_site = site(_user().person.site_id)
    found: SiteRow = g.my_site
    return found


def can(permission: str) -> bool:
    """Tell whether who asks has the permission; for links and buttons, never instead of `needs`."""
    return is_signed_in() and has(_user().person.actor, permission)
