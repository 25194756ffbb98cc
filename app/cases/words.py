"""What states, severities and the rest are called on the screen."""

from typing import Any

from flask_babel import lazy_gettext as _l

STATE_WORDS: dict[str, Any] = {
    "open": _l("Open"),
    "waiting": _l("Waiting"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
}
SEVERITY_WORDS: tuple[Any, ...] = (
    _l("0 · Nothing failed, a kind gesture"),
    _l("1 · A small annoyance"),
    _l("2 · Something was spoiled"),
    _l("3 · Badly let down"),
    _l("4 · Harm or danger"),
)
CHANNEL_WORDS: dict[str, Any] = {
    "desk": _l("At the desk"),
    "phone": _l("By telephone"),
    "email": _l("By e-mail"),
    "web": _l("On the website"),
    "chat": _l("In a chat"),
    "letter": _l("By letter"),
    "other": _l("Another way"),
}
STAGE_WORDS: dict[str, Any] = {
    "booking": _l("Booking"),
    "arrival": _l("Arrival"),
    "stay": _l("Stay"),
    "departure": _l("Departure"),
    "after": _l("Afterwards"),
    "other": _l("Another time"),
}
ATTRIBUTION_WORDS: dict[str, Any] = {
    "company": _l("Ours to answer for"),
    "customer": _l("The customer's own doing"),
    "third_party": _l("A third party's doing"),
    "unknown": _l("Not clear yet whose doing"),
}
WAITING_WORDS: dict[str, Any] = {
    "customer": _l("the customer"),
    "third_party": _l("a third party"),
}
OUTCOME_WORDS: dict[str, Any] = {
    "made_good": _l("Made good"),
    "explained": _l("Explained and accepted"),
    "declined": _l("Our answer was declined"),
    "withdrawn": _l("The customer withdrew it"),
    "unreachable": _l("The customer could not be reached"),
}
CAUSE_WORDS: dict[str, Any] = {
    "process": _l("Process"),
    "equipment": _l("Equipment or building"),
    "staffing": _l("Too few people"),
    "training": _l("Training"),
    "supplier": _l("Supplier"),
    "information": _l("Wrong or missing information"),
    "weather": _l("Weather or force of nature"),
    "guest": _l("The customer's own doing"),
    "unknown": _l("Not known"),
}
VIEW_WORDS: dict[str, Any] = {
    "mine": _l("Mine"),
    "unowned": _l("Nobody's"),
    "team": _l("My team's"),
    "late": _l("Late"),
    "all": _l("Everyone's"),
    "resolved": _l("Resolved"),
}
# The clock that is due next, in front of "due in 18 m"; the last one needs no name.
DUE_WORDS: dict[str, Any] = {
    "acknowledge": _l("First word"),
    "first_response": _l("Reply"),
    "next_update": _l("News"),
    "resolve": "",
    "follow_up": _l("Follow-up"),
    "approval": _l("Decision"),
    "promise": _l("Promise"),
    "ola": _l("Task"),
    "uc": _l("Supplier"),
    "legal": _l("By law"),
}
TIMELINE_WORDS: dict[str, Any] = {
    "all": _l("All"),
    "customer": _l("Customer"),
    "internal": _l("Internal"),
    "money": _l("Money"),
    "approvals": _l("Approvals"),
    "course": _l("Course"),
}
TIMELINE_KINDS: dict[str, tuple[str, ...]] = {
    "customer": ("logged", "wrote", "mail", "acknowledged", "replied", "promise", "survey"),
    "internal": ("note",),
    "money": ("remedy", "payout"),
    "approvals": ("exception",),
    "course": ("assigned", "changed", "waiting", "resumed", "resolved", "reopened", "closed", "clock", "file", "cause"),
}
FIELD_WORDS: dict[str, Any] = {
    "summary": _l("What happened"),
    "description": _l("The story"),
    "severity": _l("Severity"),
    "category_id": _l("Category"),
    "attribution": _l("Whose doing"),
    "journey_stage": _l("When in the stay"),
    "customer_id": _l("Customer"),
}
WROTE_WORDS: dict[str, Any] = {
    "page": _l("on the customer's page"),
    "report": _l("by the public form"),
    "disagreed": _l("disagrees, on the customer's page"),
    "not_right": _l("says that an amount isn't right"),
}
# What became of a mail; the customer's own words stand as hers.
MAIL_WORDS: dict[str, Any] = {
    "bounced": _l("The mail to %(address)s came back. Telephone them."),
    "failed": _l("The mail to %(address)s could not be sent. Telephone them."),
    "delayed": _l("A mail server says that the mail to %(address)s is late."),
    "auto": _l("An automatic answer came from %(address)s."),
    "file": _l("A file of the mail was not taken in; it is in the original."),
}
MAIL_STATES: dict[str, tuple[str, Any]] = {
    "queued": ("soon", _l("on its way")),
    "sent": ("met", _l("sent")),
    "bounced": ("breached", _l("came back")),
    "failed": ("breached", _l("not sent")),
    "unknown": ("breached", _l("nobody knows whether it arrived")),
}
ROOT_CAUSE_DEEDS: dict[str, Any] = {
    "linked": _l("%(who)s put the case to a root cause, %(ref)s: %(title)s."),
    "unlinked": _l("%(who)s took the case from the root cause %(ref)s: %(title)s."),
    "told": _l("%(who)s told the customer what was done about the root cause, %(ref)s: %(title)s."),
}
REMEDY_DEEDS: dict[str, Any] = {
    "offered": _l("offered %(amount)s"),
    "accepted": _l("%(amount)s was accepted and is settled"),
    "declined": _l("%(amount)s was declined"),
    "withdrawn": _l("withdrew the offer of %(amount)s"),
    "released": _l("released the offer of %(amount)s"),
    "unchosen": _l("let go of the offer of %(amount)s, since another one was chosen"),
    "expired": _l("The offer of %(amount)s ran out"),
    "reversed": _l("took back %(amount)s"),
    "owed": _l("looked up what is owed: %(amount)s"),
    "not_owed": _l("found that nothing is owed: %(amount)s"),
}
PAYOUT_DEEDS: dict[str, Any] = {
    "confirmed": _l("%(amount)s was paid out"),
    "proved": _l("paid out %(amount)s by hand"),
    "failed": _l("Paying out %(amount)s failed"),
    "retried": _l("tries again to pay out %(amount)s"),
    "given_up": _l("gave up paying out %(amount)s"),
    "cancelled": _l("cancelled the payout of %(amount)s"),
    "twice": _l("%(amount)s was paid in two ways"),
}
EXCEPTION_DEEDS: dict[str, Any] = {
    "asked": _l("asked for %(amount)s"),
    "approved": _l("approved %(amount)s"),
    "declined": _l("declined %(amount)s"),
    "withdrawn": _l("withdrew the request for %(amount)s"),
    "expired": _l("The request for %(amount)s ran out"),
}
