"""Make and change customers."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.customers import identity_queries
from app.customers.identity_actions import changed_columns, index_anew, keep_identity
from app.customers.merge_queries import root_of
from app.customers.models import Customer
from app.customers.rules import EMAIL_MAX, NAME_MAX, PHONE_MAX, email_key, is_email, phone_key
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.texts import one_line
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.people import permissions

MADE = audit.declare("customer:make", "name", "email", "phone", sentence=_l("added a customer"))
CHANGED = audit.declare("customer:change", "before", "after", sentence=_l("changed a customer's details"))


class Erased(Refusal):
    """Nothing that names this customer is left, and nothing is added to it."""

    code = "erased"
    sentence = _l("This customer was erased. Add the person as a new customer.")


def find_or_make(
    *,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    customer_id: int | None = None,
    language: str | None = None,
    site_id: int | None,
    actor: Actor,
    now: datetime,
) -> Customer:
    """Return the chosen customer, the one with this e-mail address, or a new one.

    A name alone never merges two people: without an id or an address a new customer is made.
    """
    permissions.require(actor, "customers.write", site_id=site_id)
    with transaction():
        if customer_id is not None:
            return _chosen(customer_id, actor)
        address = email_key(email)
        if address:
            one_at_a_time("customer", address)  # two desks that type the same new address make one customer
            if known := _with_email(address, site_id):
                return known
        return make(name=name, email=email, phone=phone, language=language, site_id=site_id, actor=actor, now=now)


def make(
    *,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    language: str | None = None,
    site_id: int | None,
    actor: Actor,
    now: datetime,
) -> Customer:
    """Add a customer. Raises BadInput for a missing or too long name, or something that is no e-mail address."""
    permissions.require(actor, "customers.write", site_id=site_id)
    name = one_line(name)
    _check(name, email, phone)
    with transaction():
        customer = Customer(language=language, site_id=site_id, created_at=now, version=1)
        db.session.add(customer)
        db.session.flush()
        said = {"name": name, "email": email_key(email), "phone": phone_key(phone)}
        keep_identity(customer, name=name, email=said["email"], phone=said["phone"])
        audit.record(
            MADE,
            subject=ref("customer", customer.id),
            actor=actor,
            at=now,
            site_id=site_id,
            name=said["name"],
            email=said["email"],
            phone=said["phone"],
        )
        return customer


def change(
    *,
    customer_id: int,
    version: int,
    name: str,
    email: str | None,
    phone: str | None,
    language: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Change a customer's details as they were at `version`; raises Conflict when somebody was faster, and Erased."""
    name = one_line(name)
    _check(name, email, phone)
    with transaction():
        before = _chosen(customer_id, actor)
        customer_id = before.id
        after = {
            "name": name,
            "email": email_key(email),
            "phone": phone_key(phone),
            "language": language or None,
        }
        was = {key: getattr(before, key) for key in after}
        kept = changed_columns(before, name=name, email=after["email"], phone=after["phone"])
        done = db.session.execute(
            update(Customer)
            .where(Customer.id == customer_id, Customer.version == version)
            .values(**kept, language=after["language"], version=Customer.version + 1)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict
        db.session.refresh(before)
        index_anew(before)
        audit.record(
            CHANGED,
            subject=ref("customer", customer_id),
            actor=actor,
            at=now,
            site_id=before.site_id,
            before=was,
            after=after,
        )


def _chosen(customer_id: int, actor: Actor) -> Customer:
    customer = db.session.get(Customer, root_of(customer_id))
    if customer is None:
        raise NotFound
    permissions.require(actor, "customers.write", site_id=customer.site_id)
    if customer.data_key is None:
        raise Erased
    return customer


def _with_email(address: str, site_id: int | None) -> Customer | None:
    statement = select(Customer).where(identity_queries.has_email([address])).order_by(Customer.id)
    for customer in db.session.scalars(statement):
        if customer.email == address and (customer.site_id is None or customer.site_id == site_id):
            return db.session.get_one(Customer, root_of(customer.id))
    return None


def _check(name: str, email: str | None, phone: str | None) -> None:
    errors: dict[str, list[str]] = {}
    if not name:
        errors["name"] = [str(_l("Type the customer's name."))]
    elif len(name) > NAME_MAX:
        errors["name"] = [str(_l("A name has at most %(count)d characters.", count=NAME_MAX))]
    if email and email.strip() and (not is_email(email) or len(email.strip()) > EMAIL_MAX):
        errors["email"] = [str(_l("This is not an e-mail address."))]
    if len(phone_key(phone) or "") > PHONE_MAX:
        errors["phone"] = [str(_l("A telephone number has at most %(count)d digits.", count=PHONE_MAX))]
    if errors:
        raise BadInput(errors)
