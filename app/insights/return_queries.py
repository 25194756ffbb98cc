"""Customers who had a failure, with or without goodwill, and whether they stayed, from what was imported later."""

from collections import defaultdict

from sqlalchemy import func, select

from app.cases.models import Case
from app.customers.models import CustomerSegment
from app.insights.approval_rules import Outcome, matched_difference
from app.insights.outcome_models import LaterOutcome
from app.insights.queries import Part, in_team
from app.insights.return_rules import Return, recovery_return
from app.kernel.database import db
from app.kernel.money import NO_CURRENCY, precision
from app.remedies.models import Remedy

ROWS_MAX = 20_000


def returns(part: Part) -> list[Return]:
    """The return for each currency of the imported values; the newest word on each customer counts.

    Helped: got settled goodwill for a failure of the period. Others: had a failure and got none. Matched by the gravest
    severity and the segment. A value in no currency, or a remedy in another one, can't be set against each other.
    """
    gravest = (
        select(Case.customer_id, func.max(Case.severity).label("severity"))
        .where(Case.site_id.in_(part.site_ids), Case.resolved_at >= part.since, Case.resolved_at < part.until)
        .where(Case.severity > 0, Case.customer_id.is_not(None))
        .where(in_team(Case.team_id, part))
        .group_by(Case.customer_id)
        .subquery()
    )
    given = (
        select(Remedy.customer_id, Remedy.currency, func.sum(Remedy.amount_minor).label("minor"))
        .where(Remedy.nature == "goodwill", Remedy.state == "settled", Remedy.amount_minor > 0)
        .where(Remedy.site_id.in_(part.site_ids), Remedy.created_at >= part.since, Remedy.created_at < part.until)
        .group_by(Remedy.customer_id, Remedy.currency)
        .subquery()
    )
    newest = (
        select(LaterOutcome.customer_id, func.max(LaterOutcome.id).label("id"))
        .group_by(LaterOutcome.customer_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            gravest.c.severity, CustomerSegment.segment, LaterOutcome.has_stayed, LaterOutcome.value_millis,
            LaterOutcome.currency, given.c.currency.label("paid_in"), given.c.minor,
        )
        .select_from(LaterOutcome)
        .join(newest, newest.c.id == LaterOutcome.id)
        .join(gravest, gravest.c.customer_id == LaterOutcome.customer_id)
        .outerjoin(given, given.c.customer_id == LaterOutcome.customer_id)
        .outerjoin(CustomerSegment, CustomerSegment.customer_id == LaterOutcome.customer_id)
        .where(LaterOutcome.has_stayed.is_not(None), LaterOutcome.value_millis.is_not(None))
        .where(LaterOutcome.currency != NO_CURRENCY)
        .order_by(LaterOutcome.id.desc())
        .limit(ROWS_MAX)
    )  # fmt: skip
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    worth: dict[str, list[float]] = defaultdict(list)
    paid: dict[str, list[int]] = defaultdict(list)
    for severity, segment, has_stayed, millis, currency, paid_in, minor in rows:
        if paid_in not in (None, currency):
            continue
        outcomes[currency].append(Outcome((severity, segment), minor is not None, has_stayed))
        worth[currency].append(millis / 1_000 * 10 ** precision(currency))
        if minor is not None:
            paid[currency].append(int(minor))
    return [
        recovery_return(
            currency, matched_difference(outcomes[currency]), worth_minor=_mean(worth[currency]),
            remedy_minor=_mean(paid[currency]),
        )
        for currency in sorted(outcomes)
    ]  # fmt: skip


def _mean(values: list[float] | list[int]) -> float:
    return sum(values) / len(values) if values else 0.0
