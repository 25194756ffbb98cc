"""What the frame around a page knows about the reader. A higher room supplies it; without one, nobody is signed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import Flask, current_app, g, request

from app.ui import navigation
from app.ui.preferences import Preferences, read

Supplier = Callable[[], "Reader | None"]
KEY = "makegood_shell"


@dataclass(frozen=True, slots=True)
class Reader:
    """The signed-in person: `job` is one line under the name, `counts` maps an endpoint to the figure beside it."""

    name: str
    job: str
    can: Callable[[str], bool]
    unread: int = 0
    counts: Mapping[str, int | None] = field(default_factory=dict)
    preferences: Preferences = field(default_factory=Preferences)


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything that ui/base.html shows around the content."""

    reader: Reader | None
    nav: list[navigation.Item]
    preferences: Preferences

    def can(self, permission: str) -> bool:
        return self.reader is not None and self.reader.can(permission)


def supply(app: Flask, supplier: Supplier) -> None:
    """Name the function that tells who reads; it runs once per page, not for fragments."""
    app.extensions[KEY] = supplier


def exists(endpoint: str) -> bool:
    """Say whether a page is there, so that links to rooms not yet opened are left out."""
    return endpoint in current_app.view_functions


def shell() -> Shell:
    """Return the frame of this request; asked for once, then kept."""
    if "ui_shell" not in g:
        supplier: Supplier | None = current_app.extensions.get(KEY)
        reader = supplier() if supplier else None
        entries = navigation.ENTRIES if reader else ()
        nav = navigation.items(
            entries,
            can=reader.can if reader else lambda _permission: False,
            exists=exists,
            endpoint=request.endpoint,
            counts=reader.counts if reader else {},
        )
        g.ui_shell = Shell(reader, nav, read(request.cookies, reader.preferences if reader else None))
    frame: Shell = g.ui_shell
    return frame
