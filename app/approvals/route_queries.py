"""The route of a request before and while it runs: its steps by name, and how long such a route takes at this hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.approvals import matrix_queries, matrix_rules, roster_queries, rules
from app.approvals.matrix_rules import Ask, Route
from app.approvals.models import ExceptionRequest
from app.approvals.queries import COUNT_MIN, WAIT_DAYS, WAIT_ROWS_MAX, RequestRow, Waits
from app.approvals.rules import RequestFacts, Roster
from app.approvals.step_models import ExceptionRoute
from app.calendars import queries as calendars
from app.calendars import rules as hours
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.people import queries as people

HOURS_AROUND = 1
NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """A route with the version of the matrix that it follows."""

    route: Route
    matrix_id: int | None
    matrix_number: int | None
    fallback_id: int | None = None

    @property
    def is_possible(self) -> bool:
        """Somebody can decide every step: different people, or the site's fallback decider where nobody else is."""
        return not self.route.is_beyond and (self.route.is_staffed or self.fallback_id is not None)


@dataclass(frozen=True, slots=True)
class Expected:
    """How long answers of this route took: at this hour of the day where that is known, else at any."""

    waits: Waits
    is_at_hour: bool

    @property
    def is_known(self) -> bool:
        return self.waits.count >= COUNT_MIN


@dataclass(frozen=True, slots=True)
class Preview:
    """What the asker sees before a request is sent."""

    planned: Planned
    names: dict[int, str]
    expected: Expected

    @property
    def steps(self) -> tuple[matrix_rules.RouteStep, ...]:
        return self.planned.route.steps

    @property
    def first_ids(self) -> tuple[int, ...]:
        """Who is asked first."""
        return (self.steps[0].present_ids or self.steps[0].decider_ids) if self.steps else ()

    def who(self, step: matrix_rules.RouteStep) -> str:
        """Name who could take a step, the nearest first."""
        shown = (step.present_ids or step.decider_ids)[:NAMES_SHOWN]
        return ", ".join(self.names[one] for one in shown if one in self.names)

    def more(self, step: matrix_rules.RouteStep) -> int:
        return max(0, len(step.present_ids or step.decider_ids) - NAMES_SHOWN)

    @property
    def fallback(self) -> str:
        return self.names.get(self.planned.fallback_id or 0, "")


def plan(ask: Ask, facts: RequestFacts, roster: Roster, now: datetime) -> Planned:
    """Compute the route of a request from the matrix in force."""
    matrix = matrix_queries.in_force()
    barred = rules.barred(roster, facts)
    found = matrix_rules.route(
        ask, matrix.rows if matrix else (), roster_queries.candidates(roster, facts), now, barred=barred
    )
    fallback = roster.fallbacks.get(ask.site_id)
    is_free = fallback is not None and roster.humans.get(fallback, fallback) not in barred
    return Planned(
        found, matrix.id if matrix else None, matrix.number if matrix else None, fallback if is_free else None
    )


def ask_of(row: RequestRow) -> Ask:
    """What the matrix looks at in a request that exists."""
    asker = people.person(row.requested_by_id)
    return Ask(
        kind=row.kind,
        amount_minor=row.amount_minor,
        currency=row.currency,
        site_id=row.site_id,
        team_id=row.team_id,
        category_id=row.category_id,
        asker_role=asker.role if asker else "",
        asker_title=asker.job_title if asker else "",
    )


def preview(case: Case, kind: str, amount: Money, actor: Actor, now: datetime) -> Preview | None:
    """Compute the route that a request by `actor` would go, as it would be written down if it were sent now."""
    asker = people.person(actor.id) if actor.id is not None else None
    if asker is None:
        return None
    ask = Ask(
        kind, amount.minor, amount.currency, case.site_id, case.team_id, case.category_id,
        asker_role=asker.role, asker_title=asker.job_title,
    )  # fmt: skip
    email = (
        db.session.scalar(select(Customer.email).where(Customer.id == case.customer_id)) if case.customer_id else None
    )
    facts = RequestFacts(
        asker.id, case.owner_id, case.site_id, case.team_id, "waiting", now + timedelta(hours=1), email,
        amount.minor, amount.currency,
    )  # fmt: skip
    planned = plan(ask, facts, roster_queries.roster(now), now)
    named = {
        identity for step in planned.route.steps for identity in (step.present_ids or step.decider_ids)[:NAMES_SHOWN]
    }
    expected = expected_wait(planned.route.key, case.site_id, now)
    return Preview(planned, people.names([*named, planned.fallback_id]), expected)


def expected_wait(key: str, site_id: int, now: datetime) -> Expected:
    """Measure decided requests of the same route at a site in WAIT_DAYS, around this local hour if there are enough.

    At this hour: asked at most HOURS_AROUND hours earlier or later in the day, at least COUNT_MIN of them.
    """
    rows = db.session.execute(
        select(ExceptionRequest.asked_at, ExceptionRequest.ended_at, ExceptionRoute.local_hour)
        .join(ExceptionRoute, ExceptionRoute.exception_id == ExceptionRequest.id)
        .where(
            ExceptionRoute.key == key,
            ExceptionRequest.site_id == site_id,
            ExceptionRequest.state.in_(("approved", "declined")),
            ExceptionRequest.asked_at >= now - timedelta(days=WAIT_DAYS),
        )
        .order_by(ExceptionRequest.asked_at.desc(), ExceptionRequest.id.desc())
        .limit(WAIT_ROWS_MAX)
    ).all()
    hour = local_hour(site_id, now)
    near = [row for row in rows if (row.local_hour - hour + HOURS_AROUND) % 24 <= 2 * HOURS_AROUND]
    chosen = near if len(near) >= COUNT_MIN else rows
    waits = Waits.of(int((row.ended_at - row.asked_at).total_seconds()) for row in chosen)
    return Expected(waits, is_at_hour=chosen is near)


def local_hour(site_id: int, now: datetime) -> int:
    return now.astimezone(ZoneInfo(people.site(site_id).time_zone)).hour


def is_staffed(site_id: int, now: datetime) -> bool:
    """Tell whether a site is in its working hours; one without hours is always."""
    version = calendars.newest_version_id(people.site(site_id).calendar_id)
    return hours.is_open(now, calendars.calendar_of(version))
