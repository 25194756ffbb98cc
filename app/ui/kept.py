"""Markup rendered once for all who see the very same: by application, bounded in size, found by everything that it depends on."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from types import SimpleNamespace
from typing import Any

from flask import current_app, g, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from app.ui import assets
from app.ui.shell import Shell, shell
from app.ui.speech import speech

CHARACTERS_MAX = 16_000_000
KEY = "makegood_kept"
# What differs at each request stands in a part as a word that nobody can know beforehand.
_TOKEN, _HERE = (f"{name}-{secrets.token_hex(12)}" for name in ("token", "here"))
_HOLES = re.compile(f"({_TOKEN}|{_HERE})")
Pieces = tuple[str, ...]


class Kept:
    """The newest uses stay; what was not asked for the longest goes first."""

    def __init__(self, most: int = CHARACTERS_MAX) -> None:
        self.most = most
        self.size = 0
        self._lock = Lock()
        self._known: OrderedDict[Hashable, Pieces] = OrderedDict()

    def of(self, key: Hashable, make: Callable[[], Pieces]) -> Pieces:
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        made = make()  # outside the lock: two may make the same, and one of them is kept
        with self._lock:
            if key not in self._known:
                self._known[key] = made
                self.size += _length(made)
            while self.size > self.most and self._known:
                self.size -= _length(self._known.popitem(last=False)[1])
        return made


def _length(pieces: Pieces) -> int:
    return sum(map(len, pieces))


def markup(key: Hashable, make: Callable[[], str]) -> Markup:
    """Return a piece of a page. key: everything that it depends on beside language and where the application is mounted.

    It must hold nothing of one person or one request, as a token of a form would be.
    """
    if current_app.jinja_env.auto_reload:
        return Markup(make())  # noqa: S704 - rendered by a template
    (found,) = _store().of((key, speech().name, request.script_root), lambda: (make(),))
    return Markup(found)  # noqa: S704 - rendered by a template


def part(name: str) -> Markup:
    """Return a part of the frame: "head", "rail", "bar", "foot" or "keys"."""
    frame = shell()
    depends = _DEPENDS[name](frame)
    if depends is None or current_app.jinja_env.auto_reload:
        pieces = _rendered(name, frame)
    else:
        pieces = _store().of((name, depends, *_around()), lambda: _rendered(name, frame))
    return Markup("".join(map(_filled, pieces)))  # noqa: S704 - rendered by a template, holes escaped


def _around() -> tuple[str, ...]:
    """What every part depends on, looked up once a request and language: a page has five parts."""
    spoken, now = speech().name, g._get_current_object()
    if getattr(now, "ui_around", ("",))[0] != spoken:
        now.ui_around = (spoken, request.script_root, *files())
    found: tuple[str, ...] = now.ui_around
    return found


def files() -> tuple[str, ...]:
    """The versions of the front end's own files, which stand in every page; looked up once a request."""
    if "ui_files" not in g:
        sprite: str = current_app.jinja_env.globals["icon_href"]("")  # type: ignore[operator]
        g.ui_files = (assets.styles().digest, assets.scripts().digest, sprite)
    found: tuple[str, ...] = g.ui_files
    return found


def _personal(frame: Shell) -> Hashable | None:
    """What the rail shows; None where nobody says what the reader's rights hang on."""
    reader = frame.reader
    if reader is None:
        return ("nobody", request.endpoint)
    if reader.rights is None:
        return None
    return (reader.name, reader.job, reader.rights, request.endpoint, tuple(sorted(frame.counts.items())))


def _bar(frame: Shell) -> Hashable | None:
    reader = frame.reader
    return None if reader and reader.rights is None else (reader.rights if reader else None, frame.unread)


_DEPENDS: dict[str, Callable[[Shell], Hashable | None]] = {
    "head": lambda _frame: "all",
    "rail": _personal,
    "bar": _bar,
    "foot": lambda frame: frame.preferences.theme,
    "keys": lambda frame: frame.preferences.has_keys,
}
_TEMPLATES = {
    "head": "ui/_head.html",
    "rail": "ui/_rail.html",
    "bar": "ui/_topbar.html",
    "foot": "ui/_footer.html",
    "keys": "ui/_keys.html",
}


def _rendered(name: str, frame: Shell) -> Pieces:
    templates = current_app.jinja_env
    context: dict[str, Any] = {
        "frame": frame,
        "ui": templates.get_template("ui/components.html").module,
        "csrf_token": lambda: _TOKEN,
        "request": SimpleNamespace(method="GET", full_path=_HERE),
    }
    return tuple(_HOLES.split(templates.get_template(_TEMPLATES[name]).render(context)))


def _filled(piece: str) -> str:
    if piece == _TOKEN:
        if "ui_token" not in g:
            g.ui_token = str(escape(generate_csrf()))
        token: str = g.ui_token
        return token
    if piece == _HERE:
        return str(escape(request.full_path if request.method == "GET" else "/"))
    return piece


def _store() -> Kept:
    known: Kept | None = current_app.extensions.get(KEY)
    if known is None:
        known = current_app.extensions.setdefault(KEY, Kept())
    return known
