"""How rules are said."""

from dataclasses import dataclass

from flask_babel import gettext as _

from app.kernel.money import Money
from app.people.words import ROLE_WORDS
from app.policies.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as the policy page shows it."""

    clause: str
    who: str
    what: str
    per: str
    limit: Money
    hard: bool
    anchor: bool = False  # the first of its clause on the page


def rule_row(rule: Rule, kinds: dict[str, str], categories: dict[int, str]) -> RuleRow:
    """Say a rule in words; an unnamed part means any."""
    what = [kinds.get(rule.kind, rule.kind) if rule.kind else _("Any remedy in money")]
    if rule.category_id is not None:
        what.append(categories.get(rule.category_id, f"CT-{rule.category_id}"))
    if (rule.severity_min, rule.severity_max) != (0, 4):
        what.append(_("severity %(low)d to %(high)d", low=rule.severity_min, high=rule.severity_max))
    return RuleRow(
        clause=rule.clause,
        who=str(ROLE_WORDS.get(rule.role, rule.role)) if rule.role else _("Anyone"),
        what=", ".join(what),
        per=unit_words(rule.unit, rule.days),
        limit=Money(rule.limit_minor, rule.currency),
        hard=rule.hard,
    )


def unit_words(unit: str, days: int | None) -> str:
    """Name a window in a rule."""
    if unit == "customer_days":
        return _("per customer in %(days)d days", days=days or 0)
    return {
        "remedy": _("per remedy"),
        "incident": _("per incident"),
        "customer_incident": _("per customer and incident"),
        "customer_cause": _("per customer and cause in 72 hours"),
        "customer_day": _("per customer and day"),
        "employee_month": _("per employee and month"),
        "team_month": _("per team and month"),
        "site_month": _("per site and month"),
    }.get(unit, unit)
