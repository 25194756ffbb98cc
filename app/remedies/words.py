"""How windows, answers and states of remedies are said."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kernel.money import Money
from app.policies.rules import Decision, WindowAnswer
from app.policies.words import unit_words
from app.ui.filters import money
from app.ui.windows import WindowRow

STATES = {
    "requested": ("soon", _l("Asked for")),
    "reserved": ("running", _l("Offered")),
    "settled": ("met", _l("Given")),
    "declined": ("cancelled", _l("Declined")),
    "withdrawn": ("cancelled", _l("Taken back")),
    "released": ("cancelled", _l("Released")),
    "expired": ("missed", _l("Expired")),
    "reversed": ("missed", _l("Reversed")),
}
NATURES = {"goodwill": _l("goodwill"), "redress": _l("owed")}


def unit_name(unit: str, days: int | None, customer: str = "") -> str:
    """Name a window for the one who gives."""
    if unit == "customer_days":
        who = customer or _("This customer")
        return _("%(who)s, %(days)d days", who=who, days=days or 0)
    return {
        "incident": _("This incident"),
        "employee_month": _("My month"),
        "team_month": _("Our pool"),
    }.get(unit, unit)


def window_rows(decision: Decision, customer: str) -> list[WindowRow]:
    """The windows as bars; a cap that nobody may exceed is told only where it is what refuses."""
    shown = [window for window in decision.windows if not window.hard or window.is_exceeded]
    return [_row(window, customer) for window in shown]


def _row(window: WindowAnswer, customer: str) -> WindowRow:
    def amount(minor: int) -> Money:
        return Money(minor, window.currency)

    return WindowRow(
        name=unit_name(window.unit, window.days, customer),
        limit=amount(window.limit_minor),
        settled=amount(window.settled_minor),
        reserved=amount(window.reserved_minor),
        ask=amount(window.requested_minor) if window.requested_minor else None,
    )


def title_of(decision: Decision) -> str:
    if decision.outcome == "allowed":
        return _("Yes, you may.")
    return _("Not alone.") if decision.outcome == "needs_approval" else _("No.")


def text_of(decision: Decision, approvers: str) -> str:
    """Say why in a sentence; the clause stands beside it."""
    if decision.why == "within":
        limit = money(Money(decision.windows[0].limit_minor, decision.allowed_now.currency))
        words = unit_words(decision.windows[0].unit, decision.windows[0].days)
        return _("No approver: up to %(limit)s %(per)s.", limit=limit, per=words)
    if decision.why == "over_limit":
        over = decision.exceeded[0]
        beyond = money(Money(over.over_minor, over.currency))
        words = unit_words(over.unit, over.days)
        return _("%(beyond)s above the limit %(per)s. %(who)s decides.", beyond=beyond, per=words, who=approvers)
    return {
        "no_money": _("This costs no money; give it whenever it helps."),
        "redress": _("What is owed by law or contract takes from no purse."),
        "not_theirs": _("What is owed by law or contract is recorded by a supervisor. Ask one, or offer goodwill."),
        "hard_cap": _("Nobody may give that much here, and nobody can approve it."),
        "no_rule": _("No rule of the policy lets your role give this here."),
        "unknown_currency": _("The policy has no limit in this currency."),
    }.get(decision.why, _("Type an amount above zero."))
