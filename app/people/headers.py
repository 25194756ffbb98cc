"""What every answer says to the browser, also an error and a file."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request

from config import Settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # says to old browsers what frame-ancestors says to the others
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), "
    "gyroscope=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()",
}
_YEAR_SECONDS = 365 * 24 * 3600


def register(app: Flask) -> None:
    app.after_request(add_headers)
    app.url_defaults(_name_version)


def add_headers(response: Response) -> Response:
    """Set the headers that a view has not set more strictly itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    settings: Settings = current_app.extensions["makegood_settings"]
    if settings.is_https:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_SECONDS}; includeSubDomains")
    if response.status_code >= 400:  # also in place of a file: the page that says so shows who reads it
        response.headers["Cache-Control"] = "no-store"
    elif request.endpoint == "static":
        if request.args.get("v") and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={_YEAR_SECONDS}, immutable"
    else:
        response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def keep_secret(response: Response) -> Response:
    """Mark an answer that shows a secret: it is kept nowhere, and its address is told to nobody."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _name_version(endpoint: str, values: dict[str, Any]) -> None:
    """Put a file's content hash into its address, so that a browser may keep it for a year."""
    if endpoint != "static" or "v" in values or not current_app.static_folder:
        return
    path = Path(current_app.static_folder) / str(values.get("filename", ""))
    if path.is_file():
        values["v"] = _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=200)
def _digest(path: Path, _changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
