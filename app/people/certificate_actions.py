"""Certificates: named once, granted for a time, revoked, and told about when they end."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import certificate_queries as queries
from app.people.certificate_models import Certificate, CertificateGrant
from app.people.models import Employee
from app.people.permissions import require

WARNING = timedelta(days=14)
LEVELS = range(10)
ADDED = audit.declare("certificate:add", "code", "name", "level", sentence=_l("added a certificate"))
CHANGED = audit.declare("certificate:change", "code", "before", "after", sentence=_l("changed a certificate"))
RETIRED = audit.declare(
    "certificate:retire", "code", "is_retired", sentence=_l("retired or brought back a certificate")
)
GRANTED = audit.declare("certificate:grant", "code", "level", "expires_at", sentence=_l("granted a certificate"))
REVOKED = audit.declare("certificate:revoke", "code", "reason", sentence=_l("revoked a certificate"))
WARNED = audit.declare("certificate:warn", "code", "expires_at", sentence=_l("warned that a certificate ends soon"))
LAPSED = audit.declare("certificate:lapse", "code", "level", sentence=_l("told that a certificate has ended"))


class GrantEnded(Refusal):
    """The certificate was revoked already."""

    code = "already-ended"
    sentence = _l("This certificate has ended already.")


@dataclass(frozen=True, slots=True)
class Ending:
    """A certificate that ends soon ("soon"), has run out ("ended"), or was revoked. level: what it gave."""

    what: Literal["soon", "ended", "revoked"]
    employee_id: int
    employee: str
    site_id: int
    team_id: int | None
    name: str
    level: int
    at: datetime


# What higher rooms do about it, in the same transaction: the inbox tells the person and the supervisor.
on_ending: list[Callable[[Ending, datetime], None]] = []


def add_certificate(*, code: str, name: str, level: int, actor: Actor, now: datetime) -> Certificate:
    """Add a certificate to what can be granted. level: the authority that it gives, 0 to 9."""
    require(actor, "people.write")
    tag, cleaned = code.strip().lower(), " ".join(name.split())
    errors: dict[str, list[str]] = {}
    if not tag.replace("-", "").isalnum() or not tag.isascii() or len(tag) > 40:
        errors["code"] = [str(_l("Use letters, digits and hyphens, at most 40."))]
    elif db.session.scalar(select(Certificate.id).where(Certificate.code == tag)):
        errors["code"] = [str(_l("This code is taken."))]
    if not cleaned or len(cleaned) > 100:
        errors["name"] = [str(_l("Type a name of at most 100 characters."))]
    if level not in LEVELS:
        errors["level"] = [str(_l("Choose a level from 0 to 9."))]
    if errors:
        raise BadInput(errors)
    with transaction():
        certificate = Certificate(code=tag, name=cleaned, level=level)
        db.session.add(certificate)
        db.session.flush()
        audit.record(
            ADDED, subject=f"certificate:{tag}", actor=actor, at=now, code=tag, name=cleaned, level=level
        )  # fmt: skip
        return certificate


def rename(*, certificate_id: int, name: str, actor: Actor, now: datetime) -> None:
    """Give a certificate another name. Its code and level stay: rules name the one, and holders were given the other."""
    require(actor, "people.write")
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 100:
        raise BadInput({"name": [str(_l("Type a name of at most 100 characters."))]})
    with transaction():
        certificate = _locked(certificate_id)
        before, certificate.name = certificate.name, cleaned
        db.session.flush()
        audit.record(
            CHANGED, subject=f"certificate:{certificate.code}", actor=actor, at=now, code=certificate.code,
            before={"name": before}, after={"name": cleaned},
        )  # fmt: skip


def retire(*, certificate_id: int, is_retired: bool, actor: Actor, now: datetime) -> None:
    """Grant a certificate to nobody any more, or bring it back; who holds it keeps it until its last day."""
    require(actor, "people.write")
    with transaction():
        certificate = _locked(certificate_id)
        if (certificate.retired_at is not None) == is_retired:
            return
        certificate.retired_at = now if is_retired else None
        db.session.flush()
        audit.record(
            RETIRED, subject=f"certificate:{certificate.code}", actor=actor, at=now, code=certificate.code,
            is_retired=is_retired,
        )  # fmt: skip


def _locked(certificate_id: int) -> Certificate:
    certificate = db.session.get(Certificate, certificate_id, with_for_update=True, populate_existing=True)
    if certificate is None:
        raise NotFound
    return certificate


def grant(
    *, employee_id: int, certificate_id: int, expires_at: datetime, actor: Actor, now: datetime
) -> CertificateGrant:
    """Let somebody hold a certificate until an instant; from now on it counts, and at that instant it stops."""
    require(actor, "people.write")
    if expires_at <= now:
        raise BadInput({"expires_at": [str(_l("Choose a day to come."))]})
    with transaction():
        person, certificate = db.session.get(Employee, employee_id), db.session.get(Certificate, certificate_id)
        if person is None:
            raise NotFound
        if certificate is None or certificate.retired_at is not None:
            raise BadInput({"certificate": [str(_l("Choose a certificate from the list."))]})
        granted = CertificateGrant(
            certificate_id=certificate.id, employee_id=person.id, granted_at=now, granted_by_id=actor.id,
            expires_at=expires_at,
        )  # fmt: skip
        db.session.add(granted)
        db.session.flush()
        audit.record(
            GRANTED, subject=ref("employee", person.id), actor=actor, at=now, site_id=person.site_id,
            code=certificate.code, level=certificate.level, expires_at=expires_at.isoformat(),
        )  # fmt: skip
        return granted


def revoke(*, grant_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """End a certificate before its day; what was given under it stays valid."""
    require(actor, "people.write")
    if not reason.strip():
        raise BadInput({"reason": [str(_l("Say why it is revoked."))]})
    with transaction():
        if db.session.get(CertificateGrant, grant_id) is None:
            raise NotFound
        if not _mark(grant_id, revoked_at=now, expires_after=now):
            raise GrantEnded
        ending = _ending(grant_id, "revoked", now)
        audit.record(
            REVOKED, subject=ref("employee", ending.employee_id), actor=actor, at=now, site_id=ending.site_id,
            code=_code(grant_id), reason=reason.strip(),
        )  # fmt: skip
        _tell(ending, now)


def tell_ending(*, grant_id: int, actor: Actor, now: datetime) -> bool:
    """Tell once that a certificate ends within 14 days, and once that it has; False when that was done already."""
    with transaction():
        row = db.session.get(CertificateGrant, grant_id)
        if row is None:
            return False
        has_ended = row.expires_at <= now
        done = _mark(grant_id, lapsed_at=now) if has_ended else _mark(grant_id, warned_at=now)
        if not done:
            return False
        ending = _ending(grant_id, "ended" if has_ended else "soon", row.expires_at)
        said: dict[str, Any] = {"level": ending.level} if has_ended else {"expires_at": row.expires_at.isoformat()}
        audit.record(
            LAPSED if has_ended else WARNED, subject=ref("employee", ending.employee_id), actor=actor, at=now,
            site_id=ending.site_id, code=_code(grant_id), **said,
        )  # fmt: skip
        _tell(ending, now)
        return True


def _mark(grant_id: int, *, expires_after: datetime | None = None, **instant: datetime) -> bool:
    """Set an instant once: the update names the state that it expects."""
    (name,) = instant
    column = getattr(CertificateGrant, name)
    statement = update(CertificateGrant).where(
        CertificateGrant.id == grant_id, column.is_(None), CertificateGrant.revoked_at.is_(None)
    )
    if expires_after is not None:
        statement = statement.where(CertificateGrant.expires_at > expires_after)
    done = db.session.execute(statement.values(instant).execution_options(synchronize_session=False))
    db.session.expire_all()
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def _code(grant_id: int) -> str:
    row = queries.grant(grant_id)
    assert row is not None
    return row.code


def _ending(grant_id: int, what: Literal["soon", "ended", "revoked"], at: datetime) -> Ending:
    row = queries.grant(grant_id)
    assert row is not None
    person = db.session.get(Employee, row.employee_id)
    assert person is not None
    return Ending(what, person.id, person.name, person.site_id, person.team_id, row.name, row.level, at)


def _tell(ending: Ending, now: datetime) -> None:
    for step in on_ending:
        step(ending, now)
