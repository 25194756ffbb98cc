"""The language of a request, worked out once: a page asks for a hundred texts and dates."""

from collections.abc import Callable
from typing import Any, NamedTuple

from babel import Locale
from babel.support import NullTranslations, Translations
from flask import Flask, g
from flask_babel import Domain, get_locale
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

KEY = "ui_speech"


class Speech(NamedTuple):
    """A locale, its name as Babel writes it (e.g. "en_GB"), and its catalogue of texts."""

    locale: Locale | None
    name: str
    catalogue: NullTranslations


def speech() -> Speech:
    """Return the language spoken now; a forced locale (a letter, a mail) is noticed at once."""
    now = g._get_current_object() if g else None  # its proxy would look for it again at each attribute
    known: Speech | None = getattr(now, KEY, None)
    if known is not None and getattr(getattr(now, "_flask_babel", None), "babel_locale", None) is known.locale:
        return known
    locale = get_locale()
    found = Speech(locale, str(locale or "en"), _CATALOGUES.of(locale))
    if now is not None:
        setattr(now, KEY, found)
    return found


class Catalogues(Domain):  # type: ignore[misc]
    """Flask-Babel's domain, asking for the request's catalogue once instead of once per text."""

    def get_translations(self) -> NullTranslations:
        return speech().catalogue

    def of(self, locale: Locale | None) -> NullTranslations:
        """Return the catalogue of a locale, read from disk once per process."""
        if locale is None:
            return NullTranslations()
        key = (str(locale), self.domain[0])
        if key not in self.cache:
            found: Any = Translations.load(self.translation_directories[0], [locale], self.domain[0])
            self.cache[key] = found
        catalogue: NullTranslations = self.cache[key]
        return catalogue


_CATALOGUES = Catalogues()


@pass_eval_context
def gettext(context: EvalContext, text: str, **variables: Any) -> str:
    """Translate a template's text; in a page, what is put into it is escaped."""
    return _filled(context, speech().catalogue.gettext(text), variables)


@pass_eval_context
def ngettext(context: EvalContext, singular: str, plural: str, num: int, **variables: Any) -> str:
    """Translate a template's counted text, with `num` among its variables."""
    return _filled(context, speech().catalogue.ngettext(singular, plural, num), {"num": num, **variables})


def _filled(context: EvalContext, text: str, variables: dict[str, Any]) -> str:
    shown = Markup(text) if context.autoescape else text  # noqa: S704 - the text is the template's own
    return shown % variables if variables or "%" in text else shown


def register(app: Flask) -> None:
    """Let templates and Python take their texts from here; after Babel has been registered."""
    babel = app.extensions["babel"].instance
    babel.domain_instance = _CATALOGUES
    spoken: dict[str, Callable[..., str]] = {"_": gettext, "gettext": gettext, "ngettext": ngettext}
    app.jinja_env.globals.update(spoken)
