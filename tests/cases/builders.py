"""Cases for tests, made through the same actions as a person's."""

from datetime import datetime
from typing import Any

from app.cases import actions as cases
from app.cases.category_actions import add_category
from app.cases.models import Case
from app.customers import actions as customers
from app.kernel.actor import command
from app.kernel.time import utc_now
from app.people.queries import PersonRow


def make_case(
    person: PersonRow, *, customer: str | None = "Cleo Marchetti", now: datetime | None = None, **changes: Any
) -> Case:
    """Log a case as `person` at their site; `changes` go to cases.log."""
    now = now or utc_now()
    category = add_category(name="Comfort", actor=command("test"), now=now)
    customer_id = None
    if customer:
        email = f"{customer.split()[0].lower()}@example.org"
        made = customers.find_or_make(name=customer, email=email, site_id=person.site_id, actor=person.actor, now=now)
        customer_id = made.id
    values: dict[str, Any] = {
        "site_id": person.site_id,
        "team_id": person.team_id,
        "owner_id": person.id,
        "customer_id": customer_id,
        "category_id": category.id,
        "severity": 3,
        "summary": "Air conditioning failed overnight, room 412",
        "description": "It was 29 degrees by four in the morning.",
        "attribution": "company",
        **changes,
    }
    return cases.log(actor=person.actor, now=now, **values)
