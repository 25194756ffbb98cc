"""How the states, ways and histories of payouts are said."""

from flask_babel import lazy_gettext as _l

STATES = {
    "pending": ("soon", _l("To be paid out")),
    "sent": ("running", _l("On its way")),
    "confirmed": ("met", _l("Paid out")),
    "failed": ("breached", _l("Payout failed")),
    "given_up": ("missed", _l("Given up")),
    "cancelled": ("cancelled", _l("Cancelled")),
}
CONNECTORS = {
    "manual": _l("by hand, with proof"),
    "webhook": _l("by our own server"),
    "stripe": _l("by Stripe, onto the card"),
}
VIEWS = {"mine": _l("Waits for me"), "open": _l("Open"), "failed": _l("Failed"), "done": _l("Done"), "all": _l("All")}
EVENTS = {
    "created": _l("Settled: the customer is owed this."),
    "payment": _l("The payment to refund was named."),
    "sent": _l("Sent."),
    "waiting": _l("Taken over; the provider will tell how it ends."),
    "confirmed": _l("The provider has paid."),
    "failed": _l("It failed."),
    "retried": _l("Tried again."),
    "given_up": _l("Given up."),
    "cancelled": _l("Cancelled: the remedy was reversed before anything was sent."),
    "proved": _l("Paid by hand."),
    "twice": _l("The provider has paid as well. Get one of them back."),
}
TONES = {"confirmed": "good", "proved": "good", "failed": "bad", "given_up": "bad", "twice": "bad"}
ICONS = {
    "created": "gift", "payment": "key", "sent": "up", "waiting": "running", "confirmed": "met", "failed": "breached",
    "retried": "refresh", "given_up": "close", "cancelled": "undo", "proved": "check", "twice": "breached",
}  # fmt: skip
