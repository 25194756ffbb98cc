"""Make, wrap anew and destroy the keys under which words about employees are sealed."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.kernel import personal
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import in_transaction
from app.people.key_models import EmployeeKey


class Forgotten(Refusal):
    code = "employee-erased"
    sentence = _l("This person's data is erased: nothing is written about them any more.")


class Erased(Refusal):
    code = "person-erased"
    sentence = _l("This person's data is erased, so nobody can come in under it. Add them as a new person instead.")


def key_of(employee_id: int) -> bytes:
    """Return an employee's key, made on its first use, inside the caller's transaction. Raises Forgotten."""
    assert in_transaction()
    secrets_, about = personal.configured(), f"employee|{employee_id}"
    wanted = select(EmployeeKey.data_key).where(EmployeeKey.employee_id == employee_id)
    row = db.session.execute(wanted).first()
    if row is None:
        made = {
            "employee_id": employee_id,
            "data_key": personal.wrap(personal.new_key(), about=about, secrets_=secrets_),
        }
        # Two may write the first words at once: whoever comes second takes the key that is there.
        db.session.execute(_insert().values(made).on_conflict_do_nothing(index_elements=["employee_id"]))
        row = db.session.execute(wanted).one()
    if row.data_key is None:
        raise Forgotten
    return personal.unwrap(row.data_key, about=about, secrets_=secrets_)


def refuse_erased(employee_id: int) -> None:
    """Raise Erased where somebody's key is destroyed: a name or a way in would say again whose deeds they were."""
    gone = select(EmployeeKey.employee_id).where(EmployeeKey.employee_id == employee_id, EmployeeKey.data_key.is_(None))
    if db.session.scalar(gone) is not None:
        raise Erased


def forget_keys(employee_ids: Sequence[int]) -> None:
    """Destroy the keys of employees: what is sealed under them opens nowhere any more, and nobody gets a new one.

    Repeating it changes nothing.
    """
    assert in_transaction()
    for employee_id in employee_ids:
        gone = _insert().values(employee_id=employee_id, data_key=None)
        db.session.execute(
            gone.on_conflict_do_update(index_elements=["employee_id"], set_={"data_key": None}),
            execution_options={"synchronize_session": False},
        )


def _insert() -> Any:
    dialect: Any = sqlite if db.session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(EmployeeKey)


def rewrap(after: int, limit: int) -> tuple[int | None, int]:
    """Put a batch of employees' keys under the newest secret (see personal.Rewrap)."""
    assert in_transaction()
    secrets_, done, last = personal.configured(), 0, None
    found = select(EmployeeKey).where(EmployeeKey.employee_id > after).order_by(EmployeeKey.employee_id).limit(limit)
    for row in db.session.scalars(found.with_for_update()).all():
        last, about = row.employee_id, f"employee|{row.employee_id}"
        if row.data_key is None or personal.is_wrapped_now(row.data_key, about=about, secrets_=secrets_):
            continue
        key = personal.unwrap(row.data_key, about=about, secrets_=secrets_)
        row.data_key = personal.wrap(key, about=about, secrets_=secrets_)
        done += 1
    return last, done


personal.REWRAPS["employees"] = rewrap
