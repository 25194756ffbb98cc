"""What roles and themes are called on the screen."""

from typing import Any

from flask_babel import lazy_gettext as _l

ROLE_WORDS: dict[str, Any] = {
    "frontline": _l("Frontline"),
    "supervisor": _l("Supervisor"),
    "manager": _l("Manager"),
    "hr": _l("HR"),
    "auditor": _l("Auditor"),
    "admin": _l("Administrator"),
}
ROLE_MEANINGS: dict[str, Any] = {
    "frontline": _l("Logs cases and gives remedies at their own site."),
    "supervisor": _l("Does all of that, and decides exceptions at their own site."),
    "manager": _l("Does what a supervisor does, at every site."),
    "hr": _l("Reads outcomes and policies, never single cases."),
    "auditor": _l("Reads everything and changes nothing."),
    "admin": _l("Keeps people, sites and settings; sees no cases."),
}
# What let a session in; None is the pass phrase.
WAY_WORDS: dict[str | None, Any] = {
    None: _l("with the pass phrase"),
    "company": _l("with the company's account"),
    "passkey": _l("with a passkey"),
}
THEME_WORDS: dict[str, Any] = {
    "auto": _l("As the device asks"),
    "light": _l("Light"),
    "dark": _l("Dark"),
}


def browser_words(agent: str) -> str:
    """Name a browser and system from its user agent, roughly: "Firefox, Linux"."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part) or agent[:40]


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
