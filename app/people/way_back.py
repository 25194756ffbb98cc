"""Where somebody was when they were asked to sign in or to prove who they are."""

from urllib.parse import urlsplit

from flask import request

from app.ui.preferences import safe_next

READING = ("GET", "HEAD", "OPTIONS")


def way_back() -> str | None:
    """Return the page to come back to: the one that was asked for, or the one that a form or a fragment stands on."""
    if request.headers.get("HX-Request"):
        return path_of(request.headers.get("HX-Current-URL"))
    return request.full_path.rstrip("?") if request.method in READING else path_of(request.referrer)


def path_of(url: str | None) -> str | None:
    """Return the path of an address of this site, to come back to."""
    parts = urlsplit(url or "")
    if parts.netloc != request.host:
        return None
    return safe_next(parts.path + (f"?{parts.query}" if parts.query else ""))
