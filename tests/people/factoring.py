"""A second factor for tests: an authenticator that shows codes at any instant."""

from dataclasses import dataclass, field
from datetime import datetime

import pyotp
from flask.testing import FlaskClient

from app.kernel.database import db
from app.kernel.sealing import seal
from app.kernel.transactions import transaction
from app.people import factor_actions as factors
from app.people.factor_rules import step_of
from app.people.models import RecoveryCode, SecondFactor
from app.people.queries import PersonRow
from tests.people.builders import sign_in


@dataclass
class Authenticator:
    """What somebody holds in their hand."""

    secret: str
    codes: list[str] = field(default_factory=list)

    def code(self, now: datetime, step: int = 0) -> str:
        return pyotp.TOTP(self.secret).generate_otp(step_of(now) + step)


def give_factor(person: PersonRow, now: datetime, *, with_codes: bool = False) -> Authenticator:
    """Let a person have a second factor from before now; recovery codes only where a test needs them."""
    made = Authenticator(pyotp.random_base32())
    sealed = seal(made.secret, about=f"second_factor.secret|{person.ref}", secrets_=factors._secrets())
    codes, rows = factors.new_codes(person.id, now) if with_codes else ([], [])
    with transaction():
        db.session.add(SecondFactor(employee_id=person.id, secret=sealed, last_step=step_of(now) - 10, added_at=now))
        db.session.add_all(rows)
        factors.audit.record(factors.FACTOR_ADDED, subject=person.ref, actor=person.actor, at=now, sessions_ended=0)
    made.codes = codes
    return made


def codes_of(person: PersonRow) -> int:
    found: int = db.session.query(RecoveryCode).filter_by(employee_id=person.id, used_at=None).count()
    return found


def sign_in_proved(client: FlaskClient, person: PersonRow, *, now: datetime) -> FlaskClient:
    """Sign in as somebody who has just proved their second factor."""
    return sign_in(client, person, now=now, is_proved=True)
