"""What notes and those who get none are called on the screen."""

from typing import Any

from flask_babel import lazy_gettext as _l

LEFT_OUT_WORDS: dict[str, Any] = {
    "told": _l("Told of this cause already"),
    "on-its-way": _l("Their note is on its way, or with the outbox"),
    "no-consent": _l("Didn't agree to be told what becomes of it"),
    "no-address": _l("No e-mail address that our mail server reaches"),
}
NOTE_WORDS: dict[str, Any] = {
    "queued": _l("on their way"),
    "sent": _l("sent"),
    "failed": _l("not delivered"),
    "withdrawn": _l("not sent: said no meanwhile"),
    "no-address": _l("not sent: no address any more"),
    "undone": _l("not sent: the cause wasn't fixed after all"),
}
