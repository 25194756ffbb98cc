"""What somebody may still give this month, as the desk and the page of purses show it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from app.budgets import queries as budgets
from app.budgets.rules import Spending, month_of
from app.kernel.actor import Actor
from app.kernel.money import Money
from app.people.queries import SiteRow, TeamRow
from app.policies import queries as policies
from app.policies.rules import Holder, Offer, WindowAnswer, applicable, judge
from app.ui.windows import WindowRow

SHOWN = ("incident", "employee_month", "team_month")
SEVERITY_USUAL = 2  # where a limit hangs on how bad it is, the one for an ordinary case is shown


@dataclass(frozen=True, slots=True)
class Allowance:
    """One person's month: every window at its full limit when nothing was taken from it yet.

    `last_day` is the last instant's day of the month at the site; `version_ref` the policy that says so.
    """

    month: WindowRow | None
    pool: WindowRow | None
    incident: WindowAnswer | None
    last_day: datetime
    version_ref: str

    @property
    def rows(self) -> list[WindowRow]:
        return [row for row in (self.month, self.pool) if row]

    @property
    def incident_limit(self) -> Money | None:
        return Money(self.incident.limit_minor, self.incident.currency) if self.incident else None


def allowance(actor: Actor, site: SiteRow, team: TeamRow | None, now: datetime) -> Allowance | None:
    """Ask the judge about the smallest remedy there is; its windows are what somebody holds. None without authority."""
    in_force = policies.version_in_force(now)
    if in_force is None:
        return None
    offer = Offer(Money(1, site.currency), "", "goodwill", True, SEVERITY_USUAL, None)
    holder = Holder(actor.role, site.id)
    rules = [
        rule
        for rule in applicable(offer, holder, in_force.rules)
        if rule.unit in SHOWN and not rule.hard and (team or rule.unit != "team_month")
    ]
    spending = Spending(0, None, actor.id, site.id, team.id if team else None, site.time_zone)
    lasting = [rule for rule in rules if rule.unit != "incident"]
    answers = judge(offer, holder, rules, budgets.usage(lasting, spending, now)).windows
    found = {answer.unit: answer for answer in answers}
    if not found:
        return None
    return Allowance(
        month=_row(found.get("employee_month"), _("My month")),
        pool=_row(found.get("team_month"), _("Our pool, %(team)s", team=team.name if team else "")),
        incident=found.get("incident"),
        last_day=last_day(month_of(now, site.time_zone), site.time_zone),
        version_ref=in_force.version.ref,
    )


def _row(answer: WindowAnswer | None, name: str) -> WindowRow | None:
    if answer is None:
        return None

    def money(minor: int) -> Money:
        return Money(minor, answer.currency)

    note = _("clause %(clause)s", clause=answer.clause)
    return WindowRow(
        name, money(answer.limit_minor), money(answer.settled_minor), money(answer.reserved_minor), note=note
    )


def last_day(month: str, time_zone: str) -> datetime:
    """Return noon of the last day of a month on the wall of a zone. Worked value: "2026-02" is 28 February."""
    year, number = (int(part) for part in month.split("-"))
    following = datetime(year + number // 12, number % 12 + 1, 1, 12, tzinfo=ZoneInfo(time_zone))
    return following - timedelta(days=1)
