"""Reads of passkeys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.kernel.database import db
from app.people.models import Passkey


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    id: int
    name: str
    added_at: datetime
    used_at: datetime | None


def passkeys_of(employee_id: int) -> tuple[PasskeyRow, ...]:
    """Return somebody's passkeys, the oldest first; they have a few at most."""
    wanted = select(Passkey.id, Passkey.name, Passkey.added_at, Passkey.used_at)
    rows = db.session.execute(wanted.where(Passkey.employee_id == employee_id).order_by(Passkey.id))
    return tuple(PasskeyRow(*row) for row in rows)
