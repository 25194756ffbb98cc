"""How windows, answers and states of remedies are said."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kernel.money import Money
from app.policies.rules import Decision, WindowAnswer
from app.policies.words import unit_words
from app.ui.filters import date, money
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
    who = customer or _("This customer")
    return {
        "remedy": _("One remedy"),
        "incident": _("This incident"),
        "customer_incident": _("%(who)s, this incident", who=who),
        "customer_cause": _("%(who)s, same cause, 72 hours", who=who),
        "customer_day": _("%(who)s, today", who=who),
        "customer_days": _("%(who)s, %(days)d days", who=who, days=days or 0),
        "employee_month": _("My month"),
        "team_month": _("Our pool"),
        "site_month": _("Our site's month"),
    }.get(unit, unit)


def window_rows(decision: Decision, customer: str, kinds: Mapping[str, str] | None = None) -> list[WindowRow]:
    """The windows as bars; kinds: code → name.

    A cap that nobody may exceed is told only where it is what refuses, and the window of the cause only where something
    else counts in it than in the incident.
    """
    used = {window.rule_id: window.settled_minor + window.reserved_minor for window in decision.windows}
    shown = [
        window
        for window in decision.windows
        if (not window.hard or window.is_exceeded)
        and not (window.unit == "customer_cause" and used[window.rule_id] == used.get(-window.rule_id))
    ]
    return [_row(window, customer, kinds or {}) for window in shown]


def _row(window: WindowAnswer, customer: str, kinds: Mapping[str, str]) -> WindowRow:
    def amount(minor: int) -> Money:
        return Money(minor, window.currency)

    name = unit_name(window.unit, window.days, customer)
    if window.measure == "count":
        what = kinds.get(window.kind, window.kind) if window.kind else _("remedies")
        name = _("%(window)s: number of %(what)s", window=name, what=what)
    return WindowRow(
        name=_("%(window)s (kind gestures)", window=name) if window.pool else name,
        limit=amount(window.limit_minor),
        settled=amount(window.settled_minor),
        reserved=amount(window.reserved_minor),
        ask=amount(window.requested_minor) if window.requested_minor else None,
        note=_note(window),
    )


def _note(window: WindowAnswer) -> str:
    """What else must be known of a window: a limit lowered since, and the rate by which the amount was compared."""
    notes = []
    if window.is_lowered:
        notes.append(_("The limit was lowered: what was given stays, and nothing new fits."))
    if window.rate_on:
        notes.append(_("At the euro reference rate of %(on)s.", on=date(window.rate_on)))
    return " ".join(notes)


def title_of(decision: Decision) -> str:
    if decision.outcome == "allowed":
        return _("Yes, you may.")
    return _("Not alone.") if decision.outcome == "needs_approval" else _("No.")


def text_of(decision: Decision, approvers: str) -> str:
    """Say why in a sentence; the clause stands beside it."""
    if decision.why == "within":
        first = decision.windows[0]
        limit = money(Money(first.limit_minor, first.currency))
        words = unit_words(first.unit, first.days)
        return _("No approver: up to %(limit)s %(per)s.", limit=limit, per=words)
    if decision.why == "over_limit":
        over = decision.exceeded[0]
        words = unit_words(over.unit, over.days)
        if over.measure == "count":
            return _("The number of remedies %(per)s is used up. %(who)s decides.", per=words, who=approvers)
        beyond = money(Money(over.over_minor, over.currency))
        return _("%(beyond)s above the limit %(per)s. %(who)s decides.", beyond=beyond, per=words, who=approvers)
    if decision.why == "old_rate":
        return _("The stored exchange rate is too old to decide by. %(who)s decides.", who=approvers)
    return {
        "no_money": _("This costs no money; give it whenever it helps."),
        "redress": _("What is owed by law or contract takes from no purse."),
        "above_owed": _("That is more than is owed. Give what is owed, and offer the rest as goodwill."),
        "not_theirs": _("What is owed by law or contract is recorded by a supervisor. Ask one, or offer goodwill."),
        "hard_cap": _("Nobody may give that much here, and nobody can approve it."),
        "no_rule": _("No rule of the policy lets your role give this here."),
        "no_customer": _("Name the customer first: the limit counts what each customer is given."),
        "unknown_currency": _(
            "No exchange rate is stored by which the limit could be compared. Ask your administrator."
        ),
    }.get(decision.why, _("Type an amount above zero."))
