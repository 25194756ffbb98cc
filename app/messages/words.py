"""What the kinds of mail are called on the screen."""

from typing import Any

from flask_babel import lazy_gettext as _l

WHY_WORDS: dict[str, Any] = {
    "report": _l("A mail came back, and which one can't be told."),
    "auto": _l("An automatic answer."),
    "loop": _l("Our own mail, come back."),
    "thread": _l("The customer's answer."),
    "other-address": _l("It answers a case from an address that isn't the customer's."),
    "forged": _l("Our mail server says that it doesn't come from where it claims."),
    "not-proved": _l("Nothing shows that the customer herself wrote it."),
    "unreadable": _l("It could not be read; the original is kept."),
    "too-large": _l("It was too large to fetch; it still lies in the mailbox."),
    "no-sender": _l("It names no sender, or several."),
    "many": _l("This sender wrote very often today."),
    "open-case": _l("The customer has an open case already. Does it belong there?"),
    "new": _l("A new matter."),
    "nowhere": _l("It belongs to no case."),
}
NOTE_WORDS: dict[str, Any] = {
    "cut": _l("The text is longer than is shown."),
    "unreadable": _l("Only the head of the mail could be read."),
    "broken": _l("The mail is broken."),
    "parts": _l("The mail has more parts than are looked at."),
    "files": _l("The mail has more files than are taken in."),
    "inner mail": _l("Another mail is attached."),
}
