"""Lets the pages that take files read a larger request, from people with a session; strangers keep the small limit."""

from typing import Any

from babel.numbers import format_decimal
from flask import Flask, request, session
from flask_babel import gettext as _

from app.attachments import hooks
from app.attachments.rules import ACCEPT, MEBIBYTE, REQUEST_BYTES_MAX
from app.ui.filters import locale_name

OWN = frozenset({"attachments.add_to_case", "attachments.add_to_exception", "remedies.create"})


def register(app: Flask) -> None:
    app.url_value_preprocessor(_allow_files)
    app.jinja_env.filters["file_size"] = file_size
    app.jinja_env.globals["attachment_accept"] = ACCEPT


def _allow_files(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the limit before anything reads the body."""
    if request.method == "POST" and (endpoint in OWN or endpoint in hooks.endpoints_with_files) and session:
        request.max_content_length = REQUEST_BYTES_MAX


def file_size(count: int) -> str:
    """Say a number of bytes for people: 840 kB, 2.4 MB."""
    if count < MEBIBYTE:
        return _("%(count)d kB", count=max(1, round(count / 1024)))
    return _("%(count)s MB", count=format_decimal(round(count / MEBIBYTE, 1), locale=locale_name()))
