"""How a person wants the screens: theme, language, keys. Kept per device in cookies; the profile is the fallback."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

THEMES = ("auto", "light", "dark")
LANGUAGES: dict[str, str] = {"en": "English", "de": "Deutsch"}
COOKIE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    """`theme` auto follows the device; `language` None follows the browser; `has_keys` switches single-key shortcuts."""

    theme: str = "auto"
    language: str | None = None
    has_keys: bool = True


def read(cookies: Mapping[str, str], profile: Preferences | None = None) -> Preferences:
    """Take what this device chose, else what the profile says; unknown values count as not chosen."""
    base = profile or Preferences()
    theme, language, keys = cookies.get("theme"), cookies.get("language"), cookies.get("keys")
    return Preferences(
        theme=theme if theme in THEMES else base.theme,
        language=language if language in LANGUAGES else base.language,
        has_keys=keys == "on" if keys in ("on", "off") else base.has_keys,
    )


def language_on_file(code: str | None) -> str | None:
    """The language of a locale or language code that somebody has on file, where we speak it: "de_AT" and "de-AT" are "de"."""
    language = (code or "").replace("-", "_").split("_")[0]
    return language if language in LANGUAGES else None


def choose_locale(language: str | None, site_locale: str | None) -> str:
    """Take the site's locale when it speaks the chosen language (en_GB for en), else the language itself."""
    if language is None:
        language = (site_locale or "en").split("_")[0]
    if language not in LANGUAGES:
        return "en"
    return site_locale if site_locale and site_locale.split("_")[0] == language else language


def safe_next(target: str | None, fallback: str = "/") -> str:
    """Accept only a path of this site to go back to; anything else becomes the fallback."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return fallback
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc and target.isprintable() and "\\" not in target else fallback
