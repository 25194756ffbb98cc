"""What is left: one's own month and the team's, and for those who lead, everybody's."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _

from app.budgets import queries
from app.budgets.queries import PurseRow
from app.budgets.rules import Spending, month_of
from app.kernel.actor import Actor
from app.kernel.money import Money
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people import certificate_queries as certificates
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.people.queries import SiteRow
from app.policies import queries as policies
from app.policies.rules import Holder, Offer, Rule, Usage, windows_of
from app.ui.windows import WindowRow

bp = Blueprint("budgets", __name__, template_folder="templates")
MONTHLY = ("employee_month", "team_month", "site_month")
SEVERITY = 3  # of the ordinary case for which one's own windows are shown
MONTHS_SHOWN = 6
PAGE_SIZE = 50
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Line:
    """A purse in the list of those who lead."""

    about: str
    row: WindowRow


@bp.get("/purses")
@needs("purses.read")
def mine() -> str:
    actor, scope, now = me(), my_scope("purses.read"), utc_now()
    site = people.site(actor.site_id) if actor.site_id else None
    zone = site.time_zone if site else "UTC"
    this_month = month_of(now, zone)
    month = _month(request.args.get("month"), this_month)
    page = Page.of(request.args.get("after"), PAGE_SIZE)
    # In this month one's own windows say it all; earlier ones are looked up.
    has_list = scope.kind in ("site", "region", "company") or month != this_month
    found = queries.purses(scope, page, period=month) if has_list else None
    return render_template(
        "budgets/mine.html",
        own=_own(actor, site) if site and month == this_month and can("remedies.give") else None,
        month=_middle(month, zone),
        months=[
            (_middle(each, zone), url_for("budgets.mine", month=each), each == month) for each in _months(this_month)
        ],
        zone=zone,
        lines=_lines(found.rows, has_sites=scope.is_wide) if found else None,
        next_url=url_for("budgets.mine", month=month, after=found.next_cursor) if found and found.next_cursor else None,
        start_url=url_for("budgets.mine", month=month) if page.after else None,
    )


def _month(text: str | None, default: str) -> str:
    """Read a month such as 2026-03 from the address; anything else is this month."""
    return text if text and _MONTH.fullmatch(text) else default


def _months(last: str) -> list[str]:
    """Return the months to choose from, newest first."""
    year, number = (int(part) for part in last.split("-"))
    counted = [year * 12 + number - 1 - back for back in range(MONTHS_SHOWN)]
    return [f"{each // 12}-{each % 12 + 1:02d}" for each in counted]


def _middle(month: str, zone: str) -> datetime:
    """Return an instant inside a month, for its name."""
    return datetime(int(month[:4]), int(month[5:]), 15, 12, tzinfo=ZoneInfo(zone))


def _own(actor: Actor, site: SiteRow) -> list[WindowRow]:
    """One's own month and the team's pool, as the rules of one's role set them; untouched ones too."""
    now = utc_now()
    in_force = policies.version_in_force(now)
    if in_force is None or actor.id is None:
        return []
    spending = Spending(0, None, actor.id, site.id, actor.team_id, site.time_zone)
    standing = certificates.standing(actor.id, now)
    holder = Holder(actor.role, site.id, actor.team_id, standing.level, standing.certificates)
    ordinary = Offer(
        Money(1, site.currency), "", "goodwill", True, SEVERITY, None, has_team=actor.team_id is not None, at=now
    )
    rules = [rule for rule in windows_of(ordinary, holder, in_force.rules) if rule.unit in MONTHLY and not rule.hard]
    used = queries.usage(rules, spending, now)
    return [_row(rule, used[rule.id]) for rule in rules if rule.id in used]


def _row(rule: Rule, used: Usage) -> WindowRow:
    def amount(minor: int) -> Money:
        return Money(minor, rule.currency)

    return WindowRow(
        name={"employee_month": _("My month"), "team_month": _("Our pool")}.get(rule.unit, _("Our site's month")),
        limit=amount(rule.limit_minor + used.approved_minor),
        settled=amount(used.settled_minor),
        reserved=amount(used.reserved_minor),
        note=_("Clause %(clause)s", clause=rule.clause),
    )


def _lines(rows: tuple[PurseRow, ...], *, has_sites: bool) -> list[Line]:
    """Name each purse after its person or team; with its site for those who see several."""
    names = people.names(row.employee_id for row in rows)
    teams = {team.id: team.name for team in people.teams()}
    sites = {site.id: site.name for site in people.sites()} if has_sites else {}
    lines = []
    for row in rows:
        is_pool = row.unit == "team_month"
        name = teams.get(row.team_id or 0) if is_pool else names.get(row.employee_id or 0)
        if row.unit == "site_month":
            name = _("The site's month")
        limit, settled, reserved = (
            Money(minor, row.currency) for minor in (row.limit_minor, row.settled_minor, row.reserved_minor)
        )
        about = [_("pool of the team") if is_pool else "", sites.get(row.site_id, ""), row.ref]
        window = WindowRow(name or row.ref, limit, settled, reserved)
        lines.append(Line(" · ".join(part for part in about if part), window))
    return lines
