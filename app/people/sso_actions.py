"""Sign-in with the company's account: an answer counts once, and an issuer's subject is bound to one employee."""

from datetime import datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit import actions as audit
from app.kernel.actor import Actor, rule
from app.kernel.database import db
from app.kernel.errors import NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import hooks, queries
from app.people.models import Employee, ProvisionedPerson, SignInIdentity, UsedState
from app.people.permissions import require
from app.people.queries import PersonRow
from app.people.rules import Throttle, clean_email, hash_token
from app.people.session_actions import end_all_sessions, may_come_in
from app.people.sso_rules import Identity
from app.people.throttle_actions import count
from config import Settings

BOUND = audit.declare("person:bind", "issuer", "way", sentence=_l("took the company's account as this person's"))
UNBOUND = audit.declare(
    "person:unbind", "issuer", "sessions_ended", sentence=_l("took the company's account away from this person")
)
REFUSED = audit.declare("session:refuse", "why", sentence=_l("refused a sign-in with the company's account"))
ANSWERS_HERE = Throttle(60, timedelta(minutes=15))
_STATES_KEPT = timedelta(days=1)

SENTENCES = {
    "state": _l("This sign-in was begun in another browser, or too long ago. Begin again."),
    "replayed": _l("This sign-in was answered already. Begin again."),
    "denied": _l("Your company's sign-in let nobody in. Begin again, or sign in another way."),
    "unknown": _l("Nobody here has this account. Ask your administrator to add you with the e-mail address of it."),
    "unverified": _l("Your company's sign-in hasn't verified your e-mail address, so we can't tell who you are here."),
    "other": _l("Somebody else's account of your company is known for this e-mail address. Ask your administrator."),
    "closed": _l("This account is closed. Ask your administrator if that is a mistake."),
}
_UNTRUSTED = _l("Your company's sign-in gave an answer that can't be trusted. Nobody was signed in. Begin again.")


class SignInRefused(Refusal):
    """why: in one word, for the trail; person: whom it was about, where that is known."""

    status = 403
    code = "sign-in-refused"

    def __init__(self, why: str, person: PersonRow | None = None) -> None:
        super().__init__(SENTENCES.get(why, _UNTRUSTED))
        self.why = why
        self.person = person
        self.status = 400 if why in ("state", "replayed") else 403


def count_answer(*, address: str | None, now: datetime) -> None:
    """Count an answer of one address, right or wrong. Raises TooManyAttempts."""
    count({hash_token(f"company|{address}"): ANSWERS_HERE}, now)


def use_state(*, state: str, now: datetime) -> None:
    """Take the state of a sign-in, which counts once, in whichever process it comes back. Raises SignInRefused."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    with transaction():
        db.session.execute(delete(UsedState).where(UsedState.used_at < now - _STATES_KEPT))
        statement = insert(UsedState).values(state_hash=hash_token(state), used_at=now)  # type: ignore[operator]
        first = statement.on_conflict_do_nothing(index_elements=["state_hash"]).returning(UsedState.state_hash)
        if db.session.execute(first).first() is None:
            raise SignInRefused("replayed")


def note_refusal(*, refusal: SignInRefused, request_id: str | None, address: str | None, now: datetime) -> None:
    """Keep in the trail that a sign-in was refused, and why."""
    actor = rule("company-sign-in").through(request_id or "", address)
    subject = refusal.person.ref if refusal.person else "sign-in"
    with transaction():
        audit.record(REFUSED, subject=subject, actor=actor, at=now, why=refusal.why)


def person_of(*, identity: Identity, issuer: str, now: datetime) -> PersonRow:
    """Return whose account this is. Nobody is made by it: the first time it is bound to somebody who is here already.

    That is whom provisioning named by this very subject, else whoever has the verified e-mail address. Raises
    SignInRefused.
    """
    with transaction():
        bound = select(SignInIdentity.employee_id).where(
            SignInIdentity.issuer == issuer, SignInIdentity.subject == identity.subject
        )
        employee_id = db.session.scalar(bound)
        if employee_id is not None:
            return _open(employee_id)
        employee_id, way = _provisioned(identity.subject), "provisioning"
        if employee_id is None:
            employee_id, way = _by_email(identity), "email"
        person = _open(employee_id)
        has_other = select(SignInIdentity.id).where(
            SignInIdentity.issuer == issuer, SignInIdentity.employee_id == person.id
        )
        if db.session.scalar(has_other) is not None:
            raise SignInRefused("other", person)
        db.session.add(
            SignInIdentity(employee_id=person.id, issuer=issuer, subject=identity.subject, way=way, bound_at=now)
        )
        audit.record(
            BOUND, subject=person.ref, actor=person.actor, at=now, site_id=person.site_id, issuer=issuer, way=way
        )  # fmt: skip
        hooks.tell_of_access("company-account", person.id, now)
    return person


def unbind(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """Forget which account of the company is somebody's; they are signed out, and the next sign-in binds anew."""
    require(actor, "people.write")
    with transaction():
        found = db.session.scalars(select(SignInIdentity).where(SignInIdentity.employee_id == employee_id)).all()
        if not found:
            raise NotFound
        ended = end_all_sessions(employee_id=employee_id, now=now)
        for row in found:
            db.session.delete(row)
            audit.record(
                UNBOUND, subject=ref("employee", employee_id), actor=actor, at=now, issuer=row.issuer,
                sessions_ended=ended,
            )  # fmt: skip


def bound_at(employee_id: int) -> datetime | None:
    """Return since when an account of the company is somebody's, or None."""
    return db.session.scalar(select(func.max(SignInIdentity.bound_at)).where(SignInIdentity.employee_id == employee_id))


def _provisioned(subject: str) -> int | None:
    """Whom provisioning knows by this subject: one only, and nobody with a role that it couldn't have given."""
    settings: Settings = current_app.extensions["makegood_settings"]
    given = {ours for _theirs, ours in settings.scim_roles}
    rows = db.session.execute(
        select(Employee.id, Employee.role)
        .join(ProvisionedPerson, ProvisionedPerson.employee_id == Employee.id)
        .where(ProvisionedPerson.external_id == subject, ProvisionedPerson.deleted_at.is_(None))
        .limit(2)
    ).all()
    return rows[0].id if len(rows) == 1 and rows[0].role in given else None


def _by_email(identity: Identity) -> int:
    found = db.session.scalar(select(Employee.id).where(func.lower(Employee.email) == clean_email(identity.email)))
    if not identity.email or found is None:
        raise SignInRefused("unknown")
    if not identity.is_verified:
        raise SignInRefused("unverified", queries.person(found))
    return int(found)


def _open(employee_id: int) -> PersonRow:
    person = queries.person(employee_id)
    if person is None or not may_come_in(employee_id):
        raise SignInRefused("closed", person)
    return person
