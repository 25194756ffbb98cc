"""Words that macros and scripts need: names of states, sentences for the browser, a field's accessible attributes."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field

STATE_ICONS = {
    "running": "running",
    "soon": "soon",
    "caution": "soon",
    "breached": "breached",
    "paused": "paused",
    "met": "met",
    "missed": "breached",
    "cancelled": "close",
    "note": "note",
    "accent": "info",
}


_STATE_WORDS = {
    "running": _l("Running"),
    "soon": _l("Due soon"),
    "caution": _l("Careful"),
    "breached": _l("Late"),
    "paused": _l("Paused"),
    "met": _l("Met"),
    "missed": _l("Missed"),
    "cancelled": _l("Cancelled"),
    "note": _l("Internal"),
}


def state_words(state: str) -> str:
    """Name a state for people who don't see its colour or shape; lists ask for every row, so only that one is translated."""
    return str(_STATE_WORDS.get(state, ""))


def script_words() -> dict[str, str]:
    """Return the sentences that scripts show, in the reader's language; {x} is filled in by the script."""
    return {
        "due": _("due in {span}"),
        "late": _("late by {span}"),
        "what_due": _("{what} due in {span}"),
        "what_late": _("{what} late by {span}"),
        "under": _("under 1 m"),
        "m": _("{m} m"),
        "h": _("{h} h"),
        "hm": _("{h} h {m} m"),
        "d": _("{d} d"),
        "dh": _("{d} d {h} h"),
        "draft": _("Your draft from {time} is back."),
        "draft_kept": _("Draft kept on this device, {time}"),
        "discard": _("Discard"),
        "close": _("Close"),
        "chosen": _("Chosen: {name}"),
        "found_one": _("1 match. Use the arrow keys to choose."),
        "found": _("{n} matches. Use the arrow keys to choose."),
        "found_none": _("No match."),
        "network": _("The connection failed. Nothing is lost: try again."),
        "rows": _("Move down and up the list"),
        "keys": _("This list"),
        "late_state": _("Late"),
        "soon_state": _("Due soon"),
    }


def field_attributes(field: Field, hint: str | None, given: dict[str, object]) -> dict[str, object]:
    """Return the attributes that tie an input to its hint and error."""
    described = [f"{field.id}-hint"] if hint or field.description else []
    described += [f"{field.id}-error"] if field.errors else []
    found: dict[str, object] = {"class": "input", **given}
    if described:
        found["aria-describedby"] = " ".join(described)
    if field.errors:
        found["aria-invalid"] = "true"
    return found
