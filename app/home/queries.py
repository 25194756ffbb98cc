"""What the desk page shows beside the queue."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from app.budgets import queries as budgets
from app.budgets.rules import Spending
from app.cases.models import Case
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.people.queries import SiteRow
from app.policies import queries as policies
from app.policies.rules import Rule
from app.ui.windows import WindowRow

_MONTHLY = ("employee_month", "team_month")


@dataclass(frozen=True, slots=True)
class PurseCard:
    """My windows of this month, and what one incident allows without an approver."""

    rows: tuple[WindowRow, ...]
    incident: Money | None
    clause: str


@dataclass(frozen=True, slots=True)
class ResolvedRow:
    id: int
    summary: str
    resolved_at: datetime

    @property
    def ref(self) -> str:
        return ref("case", self.id)


def purse_card(actor: Actor, site: SiteRow, now: datetime) -> PurseCard | None:
    """Return the windows that hold whatever is given; None before the first policy. At most two queries."""
    in_force = policies.version_in_force(now)
    if in_force is None:
        return None
    rules = [rule for rule in in_force.rules if _is_general(rule, actor, site)]
    monthly = [rule for unit in _MONTHLY if (rule := _narrowest(rules, unit))]
    spending = Spending(0, None, actor.id, site.id, actor.team_id, site.time_zone)
    used = budgets.usage(monthly, spending, now)
    names = {"employee_month": _("My month"), "team_month": _("Our pool")}
    rows = tuple(
        WindowRow(
            name=names[rule.unit],
            limit=Money(rule.limit_minor + used[rule.id].approved_minor, site.currency),
            settled=Money(used[rule.id].settled_minor, site.currency),
            reserved=Money(used[rule.id].reserved_minor, site.currency),
            note=_("clause %(clause)s", clause=rule.clause),
        )
        for rule in monthly
        if rule.id in used
    )
    incident = _narrowest(rules, "incident")
    return PurseCard(
        rows, Money(incident.limit_minor, site.currency) if incident else None, incident.clause if incident else ""
    )


def _is_general(rule: Rule, actor: Actor, site: SiteRow) -> bool:
    """Leave out what holds only for one remedy or category: the panel beside a case tells about those."""
    return (
        rule.currency == site.currency
        and rule.role in (None, actor.role)
        and rule.site_id in (None, site.id)
        and rule.kind is None
        and rule.category_id is None
    )


def _narrowest(rules: list[Rule], unit: str) -> Rule | None:
    return min((rule for rule in rules if rule.unit == unit), key=lambda rule: rule.limit_minor, default=None)


def resolved_by(employee_id: int, limit: int = 5) -> tuple[ResolvedRow, ...]:
    """Return the cases that a person resolved last."""
    statement = (
        select(Case.id, Case.summary, Case.resolved_at)
        .where(Case.resolved_by_id == employee_id, Case.resolved_at.is_not(None))
        .order_by(Case.resolved_at.desc(), Case.id.desc())
        .limit(limit)
    )
    rows = db.session.execute(statement)
    return tuple(ResolvedRow(row.id, row.summary, row.resolved_at) for row in rows if row.resolved_at)
