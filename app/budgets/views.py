"""What is left: one's own month and the team's, and for those who lead, everybody's."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from app.budgets import queries
from app.budgets.queries import PurseRow
from app.budgets.rules import Spending, month_of, purse_key
from app.kernel.actor import Actor
from app.kernel.money import Money
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.people.queries import SiteRow
from app.policies import queries as policies
from app.policies.rules import Rule, Used
from app.ui.windows import WindowRow

bp = Blueprint("budgets", __name__, template_folder="templates")
MONTHLY = ("employee_month", "team_month")


@dataclass(frozen=True, slots=True)
class Line:
    """A purse in the list of those who lead."""

    ref: str
    row: WindowRow


@bp.get("/purses")
@needs("purses.read")
def mine() -> str:
    actor, scope, now = me(), my_scope("purses.read"), utc_now()
    site = people.site(actor.site_id) if actor.site_id else None
    month = month_of(now, site.time_zone) if site else now.strftime("%Y-%m")
    page = Page.of(request.args.get("after"))
    found = queries.purses(scope, page, period=month) if scope.kind in ("site", "company") else None
    own = _own(actor, site) if site else []
    return render_template(
        "budgets/mine.html",
        own=own,
        month=now,
        zone=site.time_zone if site else "UTC",
        lines=_lines(found.rows) if found else None,
        next_url=url_for("budgets.mine", after=found.next_cursor) if found and found.next_cursor else None,
        start_url=url_for("budgets.mine") if page.after else None,
    )


def _own(actor: Actor, site: SiteRow) -> list[WindowRow]:
    """One's own month and the team's pool, as the rules of one's role set them; untouched ones too."""
    now = utc_now()
    in_force = policies.version_in_force(now)
    if in_force is None or actor.id is None:
        return []
    spending = Spending(0, None, actor.id, site.id, actor.team_id, site.time_zone)
    rules = [rule for rule in in_force.rules if _is_mine(rule, actor, site) and purse_key(rule, spending, now)]
    used = queries.usage(rules, spending, now)
    return [_row(rule, used[rule.id]) for rule in rules]


def _is_mine(rule: Rule, actor: Actor, site: SiteRow) -> bool:
    return (
        rule.unit in MONTHLY
        and rule.role in (None, actor.role)
        and rule.site_id in (None, site.id)
        and rule.currency == site.currency
        and rule.kind is None
        and rule.category_id is None
    )


def _row(rule: Rule, used: Used) -> WindowRow:
    def amount(minor: int) -> Money:
        return Money(minor, rule.currency)

    return WindowRow(
        name=_("My month") if rule.unit == "employee_month" else _("Our pool"),
        limit=amount(rule.limit_minor + used.approved_minor),
        settled=amount(used.settled_minor),
        reserved=amount(used.reserved_minor),
        note=_("Clause %(clause)s", clause=rule.clause),
    )


def _lines(rows: tuple[PurseRow, ...]) -> list[Line]:
    names = people.names(row.employee_id for row in rows if row.employee_id)
    teams = {team.id: team.name for team in people.teams()}
    return [
        Line(
            row.ref,
            WindowRow(
                name=names.get(row.employee_id or 0) or teams.get(row.team_id or 0) or row.ref,
                limit=Money(row.limit_minor, row.currency),
                settled=Money(row.settled_minor, row.currency),
                reserved=Money(row.reserved_minor, row.currency),
            ),
        )
        for row in rows
    ]
