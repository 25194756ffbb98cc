"""Whether owner, team, category and customer fit a case; asked inside its deed."""

from flask_babel import lazy_gettext as _l

from app.cases.models import Category
from app.customers.actions import Erased
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.people import permissions
from app.people import queries as people


def check_places(site_id: int, team_id: int | None, owner_id: int | None, category_id: int | None) -> None:
    """Raise BadInput, by field, for what does not belong to the site or is not there. None is not asked about."""
    errors: dict[str, list[str]] = {}
    if team_id is not None and all(team.id != team_id for team in people.teams(site_id)):
        errors["team_id"] = [str(_l("This team is not at the case's site."))]
    if owner_id is not None:
        owner = people.person(owner_id)
        reaches = owner is not None and owner.reaches(site_id)
        if owner is None or not owner.is_active or not reaches:
            errors["owner_id"] = [str(_l("Choose somebody who works at the case's site."))]
    if category_id is not None and db.session.get(Category, category_id) is None:
        errors["category_id"] = [str(_l("Choose a category."))]
    if errors:
        raise BadInput(errors)


def check_customer(customer_id: int | None, actor: Actor) -> None:
    """A case names only a customer whom its writer may see; raises NotFound for any other, and Erased."""
    if customer_id is None:
        return
    # Shared with everybody who writes about them, but not with who erases them.
    customer = db.session.get(Customer, customer_id, with_for_update={"read": True, "key_share": True})
    if customer is None:
        raise NotFound
    permissions.require(actor, "customers.read", site_id=customer.site_id)
    if customer.data_key is None:
        raise Erased
