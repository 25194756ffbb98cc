"""What data is kept for, on what ground, who receives it, and how long each class is kept: the words of the record of processing.

Source of what the record must say: GDPR Art. 30 (1).
"""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Purpose:
    title: Any
    ground: Any
    of_whom: Any
    recipients: Any


_CONTRACT = _l("Performance of the contract with the customer, Art. 6 (1) b")
_INTEREST = _l("Legitimate interest in treating customers fairly and in knowing what went wrong, Art. 6 (1) f")
_DUTY = _l("Legal duty to keep accounts and to prove decisions, Art. 6 (1) c")
_WORK = _l("Employment, Art. 6 (1) b with Art. 88")
_SAFE = _l("Security of processing, Art. 6 (1) f and Art. 32")
_CUSTOMERS, _STAFF, _BOTH = _l("Customers"), _l("Employees"), _l("Customers and employees")
_NOBODY = _l("Nobody outside")
_MAIL = _l("The mail server that carries messages to the customer")

PURPOSES: dict[str, Purpose] = {
    "customers": Purpose(_l("Knowing who a case is about, and how they want to be reached"), _CONTRACT, _CUSTOMERS, _NOBODY),
    "consents": Purpose(_l("Proving what a customer agreed to, for each purpose"), _DUTY, _CUSTOMERS, _NOBODY),
    "cases": Purpose(_l("Making good what went wrong, and answering the customer"), _CONTRACT, _BOTH, _MAIL),
    "clocks": Purpose(_l("Keeping deadlines towards customers"), _CONTRACT, _BOTH, _NOBODY),
    "remedies": Purpose(
        _l("Giving and paying remedies, and accounting for them"), _DUTY, _BOTH,
        _l("The payment provider or the company's own paying server"),
    ),
    "feedback": Purpose(_l("Asking customers whether they were treated well"), _INTEREST, _CUSTOMERS, _MAIL),
    "portal": Purpose(_l("The customer's own page"), _CONTRACT, _CUSTOMERS, _MAIL),
    "insight": Purpose(_l("Learning from cases, in figures that single nobody out"), _INTEREST, _BOTH, _NOBODY),
    "people": Purpose(_l("Organising work, reviewing it fairly, and thanking for it"), _WORK, _STAFF, _NOBODY),
    "security": Purpose(
        _l("Sign-in, access and the trail of what was done"), _SAFE, _BOTH,
        _l("Who keeps checkpoints outside; they hold no names"),
    ),
    "requests": Purpose(_l("Answering what people ask about their own data"), _l("Legal duty, Art. 12 to 22"), _BOTH, _NOBODY),
    "rules": Purpose(_l("The company's own rules and texts"), _INTEREST, _STAFF, _NOBODY),
    "machinery": Purpose(_l("Running the system"), _SAFE, _BOTH, _NOBODY),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Class:
    """One class of data with its default period. days: None for as long as something else says, which `until` names."""

    title: Any
    days: int | None
    until: Any
    may_change: bool = True


CLASSES: dict[str, Class] = {
    "case": Class(_l("Words of closed cases"), 1_095, _l("after the case was closed")),
    "customer": Class(_l("Customers without a case"), 1_095, _l("after the last case was closed")),
    "mail": Class(_l("Originals of mails and mail of no case"), 365, _l("after it came")),
    "draft": Class(_l("Drafts"), 30, _l("after they were last changed")),
    "notice": Class(_l("Lines of inboxes"), 180, _l("after they were written")),
    "outbox": Class(_l("Delivered messages of the outbox"), 90, _l("after they were delivered")),
    "import": Class(_l("Rows that an import turned away"), 90, _l("after the import began")),
    "answer": Class(_l("Answers kept for repeated requests"), 30, _l("after the request"), may_change=False),
    "session": Class(_l("Ended sessions and used links of sign-in"), 90, _l("after they ended")),
    "throttle": Class(_l("Counters of failed attempts"), 1, _l("after the last attempt")),
    "people": Class(_l("Employees who left"), None, _l("until an administrator erases them")),
    "money": Class(_l("Money: remedies, purses, the ledger"), None, _l("for good: amounts and references, no names")),
    "audit": Class(_l("The trail"), None, _l("for good: what it says of a person goes with the person")),
    "rules": Class(_l("The company's own rules"), None, _l("for good: old decisions name their version")),
    "figures": Class(_l("Sums over many"), None, _l("for good: they single nobody out")),
    "machinery": Class(_l("The machinery's own state"), None, _l("as long as it is in use")),
}

WHY: dict[str, Any] = {
    "money": _l("The totals of the company's accounts stay true; no name stands in them."),
    "proof": _l("It proves what was decided, agreed or done; its words go, the fact stays."),
    "figures": _l("Counts and times without words; they tell nothing about the person by themselves."),
    "chain": _l("The trail's chain stays whole; what an entry says of the person is emptied."),
    "identity": _l("The key is destroyed, so that name and contacts can't be read again; the number stays."),
}
WHAT: dict[str, Any] = {"overwrite": _l("overwritten"), "delete": _l("deleted"), "keep": _l("stays")}
