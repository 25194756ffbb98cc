"""What the frame around a page knows about the reader. The pages' side supplies it; without one, nobody is signed in."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

from flask import current_app, g, has_request_context, request
from flask.sansio.app import App
from flask_babel import refresh

from app.ui import navigation
from app.ui.preferences import LANGUAGES, Preferences, choose_locale, read

Supplier = Callable[[], "Reader | None"]
OWN = "/me"
KEY = "makegood_shell"


def _none_unread() -> int:
    return 0


def _no_counts() -> Mapping[str, int | None]:
    return {}


@dataclass(frozen=True, slots=True)
class Reader:
    """The signed-in person: `job` is one line under the name, `counts` returns the figure beside an endpoint of the rail.

    `unread` and `counts` are functions, since only whole pages show them; `zone` and `locale` are those of the person's site.
    `rights` is what `can` hangs on: readers with the same see the same pages in the rail. None: nothing is known of it.
    """

    name: str
    job: str
    can: Callable[[str], bool]
    zone: str = "UTC"
    locale: str = "en"
    unread: Callable[[], int] = _none_unread
    counts: Callable[[], Mapping[str, int | None]] = _no_counts
    preferences: Preferences = field(default_factory=Preferences)
    rights: Hashable = None


@dataclass(frozen=True)
class Shell:
    """Everything that ui/base.html shows around the content."""

    reader: Reader | None
    preferences: Preferences
    unread: int
    counts: Mapping[str, int | None]

    @cached_property
    def nav(self) -> list[navigation.Item]:
        """The pages of the rail; worked out only where no rail of the same kind is kept."""
        return navigation.items(
            navigation.ENTRIES if self.reader else (),
            can=self.can,
            exists=exists,
            endpoint=None if is_own_page() else request.endpoint,
            counts=self.counts,
        )

    @property
    def is_own(self) -> bool:
        return is_own_page()

    def can(self, permission: str) -> bool:
        return self.reader is not None and self.reader.can(permission)


def supply(app: App, supplier: Supplier) -> None:
    """Name the function that tells who reads; it runs at most once per request."""
    app.extensions[KEY] = supplier


def is_own_page() -> bool:
    """Say whether the page is the reader's own, under /me: it belongs to no entry of the rail, whichever room made it."""
    rule = request.url_rule.rule if request.url_rule else ""
    return rule == OWN or rule.startswith(f"{OWN}/")


def exists(endpoint: str) -> bool:
    """Say whether a page is there, so that links to rooms not yet opened are left out."""
    return endpoint in current_app.view_functions


def reader() -> Reader | None:
    """Return who reads, asked for once per request."""
    if "ui_reader" not in g:
        supplier: Supplier | None = current_app.extensions.get(KEY)
        g.ui_reader = supplier() if supplier else None
    found: Reader | None = g.ui_reader
    return found


def forget_reader() -> None:
    """Show the rest of this request as to a stranger: the database that knows who reads is gone."""
    g.ui_reader = None
    g.pop("ui_shell", None)


def preferences() -> Preferences:
    person = reader()
    return read(request.cookies, person.preferences if person else None)


def shell() -> Shell:
    """Return the frame of this request, for a whole page."""
    if "ui_shell" not in g:
        person = reader()
        g.ui_shell = Shell(person, preferences(), person.unread() if person else 0, person.counts() if person else {})
    frame: Shell = g.ui_shell
    return frame


def speak(locale: str, zone: str) -> None:
    """Say the rest of this request in a language and a zone of its own, e.g. a customer's."""
    g.ui_spoken = (locale, zone)
    refresh()


def locale() -> str:
    """Choose the locale of this request, for Flask-Babel."""
    if not has_request_context():
        return "en"
    if "ui_spoken" in g:
        spoken: str = g.ui_spoken[0]
        return spoken
    person = reader()
    accepted = request.accept_languages.best_match(list(LANGUAGES))
    return choose_locale(preferences().language or accepted, person.locale if person else None)


def zone() -> tzinfo | None:
    """Choose the time zone of this request, for Flask-Babel: the one of the reader's site."""
    if has_request_context() and "ui_spoken" in g:
        return ZoneInfo(g.ui_spoken[1])
    person = reader() if has_request_context() else None
    return ZoneInfo(person.zone) if person else None
