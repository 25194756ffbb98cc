"""Keep who a customer is, sealed under a key of their own; wrap those keys anew; and forget a customer by destroying the key."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.customers.identity_models import EmployeeDigest, digest_employee
from app.customers.models import Customer, CustomerPreference, CustomerToken
from app.customers.rules import email_key, name_key, search_parts
from app.kernel import personal
from app.kernel.database import db
from app.kernel.transactions import in_transaction
from app.people.models import Employee


def keep_identity(customer: Customer, *, name: str, email: str | None, phone: str | None) -> None:
    """Give a new customer, who has an id already, their key and what is sealed under it."""
    secrets_, key = personal.configured(), personal.new_key()
    for column, value in sealed_columns(customer.id, key, name, email, phone, secrets_).items():
        setattr(customer, column, value)
    customer.data_key = personal.wrap(key, about=f"customer|{customer.id}", secrets_=secrets_)
    db.session.flush()
    db.session.execute(insert(CustomerToken), token_rows(customer.id, customer.site_id, name, email, phone, secrets_))


def changed_columns(customer: Customer, *, name: str, email: str | None, phone: str | None) -> dict[str, Any]:
    """The columns of a customer who goes by something else now, sealed under the key they have."""
    secrets_ = personal.configured()
    assert customer.data_key is not None
    key = personal.unwrap(customer.data_key, about=f"customer|{customer.id}", secrets_=secrets_)
    return sealed_columns(customer.id, key, name, email, phone, secrets_)


def index_anew(customer: Customer) -> None:
    """Let a customer be found by what they go by now, and by nothing else."""
    assert in_transaction()
    db.session.execute(delete(CustomerToken).where(CustomerToken.customer_id == customer.id))
    if customer.data_key is not None:
        said = (customer.name, customer.email, customer.phone)
        rows = token_rows(customer.id, customer.site_id, *said, personal.configured())
        db.session.execute(insert(CustomerToken), rows)


def forget_identity(customer_ids: Sequence[int]) -> None:
    """Destroy the keys of customers, with all that is sealed under them, all digests they are found by, and their wishes.

    Inside the caller's transaction, which writes the audit entry; repeating it changes nothing.
    """
    assert in_transaction()
    ids = sorted(set(customer_ids))
    db.session.execute(
        update(Customer)
        .where(Customer.id.in_(ids), Customer.data_key.is_not(None))
        .values(
            data_key=None, name_sealed=None, email_sealed=None, phone_sealed=None, name_digest=None, email_digest=None,
            phone_digest=None, version=Customer.version + 1,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    db.session.execute(delete(CustomerToken).where(CustomerToken.customer_id.in_(ids)))
    db.session.execute(
        update(CustomerPreference).where(CustomerPreference.customer_id.in_(ids)).values(wishes="")
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    for known in db.session.identity_map.values():
        if isinstance(known, Customer | CustomerPreference):
            db.session.expire(known)


def sealed_columns(
    customer_id: int, key: bytes, name: str, email: str | None, phone: str | None, secrets_: Sequence[str]
) -> dict[str, Any]:
    """Name, e-mail and telephone sealed for this row, with the digests that they are looked up by."""
    columns: dict[str, Any] = {"name_digest": personal.digest(f"name:{name_key(name)}", secrets_)}
    for field, value in (("name", name), ("email", email), ("phone", phone)):
        about = f"customer.{field}|{customer_id}"
        columns[f"{field}_sealed"] = None if value is None else personal.seal_field(key, value, about=about)
        if field != "name":
            columns[f"{field}_digest"] = None if value is None else personal.digest(f"{field}:{value}", secrets_)
    return columns


def token_rows(
    customer_id: int, site_id: int | None, name: str, email: str | None, phone: str | None, secrets_: Sequence[str]
) -> list[dict[str, int]]:
    """The digests by which a customer is found while typing; at least one, since everybody has a name."""
    parts = search_parts(name, email, phone) or {"w:"}
    found = {personal.digest(part, secrets_) for part in parts}
    return [{"digest": one, "customer_id": customer_id, "site_id": site_id or 0} for one in sorted(found)]


def rewrap(after: int, limit: int) -> tuple[int | None, int]:
    """Put a batch of customers' keys, and the digests they are found by, under the newest secret (see personal.Rewrap)."""
    assert in_transaction()
    secrets_, done, last = personal.configured(), 0, None
    found = select(Customer).where(Customer.id > after).order_by(Customer.id).limit(limit)
    for customer in db.session.scalars(found.with_for_update()).all():
        last, about, wrapped = customer.id, f"customer|{customer.id}", customer.data_key
        if wrapped is None or personal.is_wrapped_now(wrapped, about=about, secrets_=secrets_):
            continue
        key = personal.unwrap(wrapped, about=about, secrets_=secrets_)
        said = (customer.name, customer.email, customer.phone)
        for column, value in sealed_columns(customer.id, key, *said, secrets_).items():
            setattr(customer, column, value)
        customer.data_key = personal.wrap(key, about=about, secrets_=secrets_)
        db.session.flush()
        index_anew(customer)
        done += 1
    return last, done


def digest_employees_anew(after: int, limit: int) -> tuple[int | None, int]:
    """Make the digests of employees' addresses under the newest secret (see personal.Rewrap)."""
    found = select(Employee.id, Employee.email, EmployeeDigest.digest).where(Employee.id > after)
    found = (
        found.outerjoin(EmployeeDigest, EmployeeDigest.employee_id == Employee.id).order_by(Employee.id).limit(limit)
    )
    rows = db.session.execute(found).all()
    old = [row for row in rows if row.digest != personal.digest(f"email:{email_key(row.email)}", personal.configured())]
    for row in old:
        digest_employee(db.session, row.id, row.email)
    return (rows[-1].id if rows else None), len(old)
