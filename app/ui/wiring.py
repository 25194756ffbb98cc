"""Wires the room into an application: filters, what templates may call, forms' words."""

import time
from functools import lru_cache

from flask import Flask, current_app, g, request, url_for
from flask_babel import get_locale

from app.ui import assets, charts, filters, kept, links, messages
from app.ui.navigation import GROUPS
from app.ui.preferences import LANGUAGES, THEMES
from app.ui.shell import exists, shell


def icon_href(name: str) -> str:
    """Return the address of one icon in the sprite; the sprite's address is asked for once per request."""
    if "ui_sprite" not in g:
        app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        g.ui_sprite = _sprite(app, request.script_root if request else None, int(time.monotonic()))
    return f"{g.ui_sprite}#i-{name}"


@lru_cache(maxsize=8)
def _sprite(_app: Flask, _mounted_at: str | None, _second: int) -> str:
    """The address holds the file's own hash, which is looked up at most once a second."""
    return url_for("static", filename="icons.svg")


def register(app: Flask) -> None:
    """Make filters and template globals known; safe to call twice."""
    filters.register(app)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        icon_href=icon_href,
        url_for=links.remembering(app),
        shell=shell,
        frame_part=kept.part,
        page_exists=exists,
        bundle=lambda kind: (assets.styles() if kind == "styles" else assets.scripts()).digest,
        bar_parts=charts.bar_parts,
        nav_groups=GROUPS,
        languages=LANGUAGES,
        themes=THEMES,
        script_words=messages.script_words,
        state_words=messages.state_words,
        state_icon=messages.STATE_ICONS.get,
        get_locale=get_locale,
        field_attributes=messages.field_attributes,
    )
