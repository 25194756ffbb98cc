"""Cursors that only this instance can make: a changed one is refused instead of reaching the database."""

import hmac
from hashlib import sha256

from flask import current_app
from flask_babel import gettext as _

from app.api.problems import ApiProblem
from app.kernel.paging import Page

_MAC_DIGITS = 16


def page_of(name: str, cursor: str | None, limit: int) -> Page:
    """Read the page that a cursor of this list names; 422 for one that was not made for it."""
    if cursor is None:
        return Page(size=limit)
    inner, _dot, mac = cursor.rpartition(".")
    if not cursor.isascii() or not hmac.compare_digest(_mac(name, inner), mac):
        rows = [{"field": "cursor", "message": _("Send `next` of the page before, unchanged.")}]
        raise ApiProblem(422, "bad-input", _("Some fields can't be read. See `errors`."), errors=rows)
    return Page.of(inner, limit)


def signed(name: str, cursor: str | None) -> str | None:
    """Return the cursor as a program gets it."""
    return f"{cursor}.{_mac(name, cursor)}" if cursor else None


def _mac(name: str, cursor: str) -> str:
    key = str(current_app.secret_key).encode()
    return hmac.new(key, f"api-cursor:{name}:{cursor}".encode("utf-8", "replace"), sha256).hexdigest()[:_MAC_DIGITS]
