"""What was taken in about customers later, by source and day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, case, func, select

from app.insights.outcome_models import LaterOutcome
from app.insights.rules import Share, share
from app.kernel.database import db

SOURCES_MAX = 50


@dataclass(frozen=True, slots=True)
class Later:
    """One source on one day. value_millis: of all together, in thousandths; stayed: of those of whom it is known."""

    source: str
    on: date
    currency: str
    count: int
    known: int
    stayed: Share
    stayed_after_complaint: Share
    stayed_without: Share
    returned: Share
    value_millis: int
    value_count: int


def later() -> list[Later]:
    """Sources and days, the newest first, in one query."""
    table = LaterOutcome

    def counted(column: Any, *where: Any) -> tuple[Any, Any]:
        return (
            func.sum(case((and_(column.is_(True), *where), 1), else_=0)),
            func.sum(case((and_(column.is_not(None), *where), 1), else_=0)),
        )

    rows = db.session.execute(
        select(
            table.source, table.on_day, table.currency, func.count(), func.count(table.customer_id),
            *counted(table.has_stayed),
            *counted(table.has_stayed, table.had_complaint.is_(True)),
            *counted(table.has_stayed, table.had_complaint.is_(False)),
            *counted(table.has_returned),
            func.coalesce(func.sum(table.value_millis), 0), func.count(table.value_millis),
        )
        .group_by(table.source, table.on_day, table.currency)
        .order_by(table.on_day.desc(), table.source, table.currency)
        .limit(SOURCES_MAX)
    )  # fmt: skip
    found = []
    for row in rows:
        source, on, currency, count, known, *numbers = row
        *pairs, value, value_count = (int(number or 0) for number in numbers)
        all_of, after, without, returned = (share(pairs[at], pairs[at + 1]) for at in range(0, 8, 2))
        found.append(Later(source, on, currency, count, known, all_of, after, without, returned, value, value_count))
    return found
