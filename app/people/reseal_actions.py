"""Put what is sealed under an older secret under the newest one, so that the older can be taken away."""

from sqlalchemy import select

from app.kernel import personal
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.sealing import is_newest, seal, unseal
from app.people.models import SecondFactor


def reseal_factors(after: int, limit: int) -> tuple[int | None, int]:
    """Seal a batch of second factors anew (see personal.Rewrap)."""
    secrets_, done, last = personal.configured(), 0, None
    found = select(SecondFactor).where(SecondFactor.employee_id > after).order_by(SecondFactor.employee_id).limit(limit)
    for factor in db.session.scalars(found.with_for_update()).all():
        last, about = factor.employee_id, f"second_factor.secret|{ref('employee', factor.employee_id)}"
        if not is_newest(factor.secret, about=about, secrets_=secrets_):
            opened = unseal(factor.secret, about=about, secrets_=secrets_)
            factor.secret = seal(opened, about=about, secrets_=secrets_)
            done += 1
    return last, done
