"""Whether ratings treat groups of staff alike and gifts treat groups of customers alike; groups only, never a person.

The method is declared before anybody looks and printed on the page (METHOD names its version).
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from app.cases.models import Case
from app.customers.models import Customer
from app.customers.segment_models import CustomerSegment
from app.insights.equity_rules import AmountGap, Gap, Given, Group, amount_gaps, gaps
from app.kernel.database import db
from app.people.models import Employee, Team
from app.remedies.models import Remedy
from app.reviews import count_queries
from app.reviews.count_queries import Span
from app.reviews.figure_rules import expected_hits

METHOD = "fairness@1"
PERIOD = timedelta(days=365)
NEW_STAFF = timedelta(days=365)
PEOPLE_MIN = 5  # a group of fewer people would point at somebody
ROWS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class StaffGap:
    """A group of staff against the rest: satisfied of answers, and what their mix of cases led to expect."""

    gap: Gap
    people_count: int
    expected: float | None


def period(now: datetime) -> Span:
    return Span(now - PERIOD, now, now)


def staff(now: datetime) -> dict[str, list[StaffGap]]:
    """Satisfied customers by how long somebody has been here, and by team; frontline only."""
    span = period(now)
    counts = count_queries.counts("recovery", span, "frontline")
    wanted = expected_hits(counts)
    groups: dict[str, dict[Group, list[int]]] = {"tenure": defaultdict(list), "team": defaultdict(list)}
    rows = db.session.execute(
        select(Employee.id, Employee.active_from, Team.name)
        .outerjoin(Team, Team.id == Employee.team_id)
        .where(Employee.id.in_(list(counts)))
        .order_by(Employee.id)
    )
    for person, since, team in rows:
        groups["tenure"]["new" if since > span.since else "longer"].append(person)
        groups["team"][team or "–"].append(person)
    sums = {
        who: (sum(k for k, _ in strata.values()), sum(n for _, n in strata.values())) for who, strata in counts.items()
    }
    found = {}
    for by, members in groups.items():
        large = {group: who for group, who in members.items() if len(who) >= PEOPLE_MIN}
        totals = {
            group: (sum(sums[one][0] for one in who), sum(sums[one][1] for one in who)) for group, who in large.items()
        }
        found[by] = [
            StaffGap(gap, len(large[gap.group]), sum(wanted[one] for one in large[gap.group]) if gap.one.is_enough else None)
            for gap in gaps(totals)
        ] if len(totals) > 1 else []  # fmt: skip
    return found


def customers(now: datetime) -> dict[str, tuple[AmountGap, ...]]:
    """What goodwill customers were given, within the same kind, category and severity: by segment and by language."""
    span = period(now)
    rows = db.session.execute(
        select(
            CustomerSegment.segment, Customer.language, Remedy.kind, Case.category_id, Case.severity,
            Remedy.amount_minor, Remedy.currency,
        )
        .join(Case, Case.id == Remedy.case_id)
        .join(Customer, Customer.id == Remedy.customer_id)
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == Customer.id)
        .where(
            Remedy.created_at >= span.since, Remedy.created_at < span.until, Remedy.nature == "goodwill",
            Remedy.state == "settled", Remedy.amount_minor > 0, Remedy.historic.is_(False), Case.severity > 0,
        )
        .order_by(Remedy.id.desc())
        .limit(ROWS_MAX)
    )  # fmt: skip
    by: dict[str, dict[tuple[Group, str], Given]] = {"segment": {}, "language": {}}
    for segment, language, kind, category, severity, minor, currency in rows:
        given = ((kind, category, severity), minor)
        by["segment"].setdefault((segment or "–", currency), []).append(given)
        by["language"].setdefault((language or "–", currency), []).append(given)
    return {name: amount_gaps(amounts) for name, amounts in by.items()}
