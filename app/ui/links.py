"""Addresses in templates: a page names fifty of them, most of them again and again."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Flask, request

Link = Callable[..., str]
PLAIN = (str, int, type(None))  # not bool: True and 1 are the same key


def remembering(app: Flask) -> Link:
    """Return `url_for` that keeps what it worked out; external, relative and static addresses are worked out each time."""

    @lru_cache(maxsize=20_000)
    def known(_mounted_at: str, endpoint: str, values: tuple[tuple[str, Any], ...]) -> str:
        return app.url_for(endpoint, **dict(values))

    def url_for(endpoint: str, **values: Any) -> str:
        if endpoint[0] == "." or endpoint == "static" or "_external" in values or not request:
            return app.url_for(endpoint, **values)
        if not all(type(value) in PLAIN for value in values.values()):
            return app.url_for(endpoint, **values)
        return known(request.script_root, endpoint, tuple(values.items()))

    return url_for
