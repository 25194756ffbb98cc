"""What happened to a customer, as far as the flags about her ask."""

from collections.abc import Sequence

from sqlalchemy import select

from app.cases.models import Case, Category
from app.cases.queries import visible_to
from app.customers.care_rules import Failure
from app.kernel.database import db
from app.kernel.references import ref
from app.people.permissions import Scope

FAILURES_MAX = 200


def failures_of(customer_ids: Sequence[int], scope: Scope) -> tuple[Failure, ...]:
    """The newest cases of a customer that this reader may open."""
    rows = db.session.execute(
        select(Case.id, Category.name, Case.root_cause, Case.severity, Case.attribution, Case.occurred_at)
        .join(Category, Category.id == Case.category_id)
        .where(Case.customer_id.in_(customer_ids), visible_to(scope))
        .order_by(Case.id.desc())
        .limit(FAILURES_MAX)
    )
    return tuple(Failure(ref("case", row[0]), *row[1:]) for row in rows)
