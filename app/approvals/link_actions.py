"""The link of a mail that asks for a decision: signed for one person, one request and its terms, and used once.

It is no right of its own: its page asks for sign-in like any other, and the decision goes through the same action.
Looking at it uses nothing up; the decision made on its page does. It dies with its time, or when the request changes.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.approvals.actions import locked
from app.approvals.bound_models import UsedLink
from app.approvals.models import ExceptionRequest
from app.approvals.writing import ASKED_NOTICE
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound, Refusal
from app.kernel.references import parse_ref, ref
from app.kernel.signing import NotSignedHere, sign, verify
from app.kernel.transactions import transaction
from app.notifications.models import Notification
from config import Settings

PURPOSE = "decide"
LASTS = timedelta(days=3)
# The notices that ask somebody for a decision; the others only tell.
ASKING = (ASKED_NOTICE, "exception:remind", "exception:raise", "exception:answered", "exception:amended")

LINK_USED = audit.declare("exception:link", "digest", sentence=_l("decided by the link of a mail"))


class LinkUsed(Refusal):
    code = "link-used"
    sentence = _l("The link of this mail was used already. Look at what has become of the request.")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as its signature says. is_over: its time has passed."""

    digest: str
    employee_id: int
    exception_id: int
    terms: str
    is_over: bool


def path_for(line: Notification, now: datetime) -> str | None:
    """Make the link for a notice that asks for a decision; None for any other."""
    exception_id = parse_ref("exception", line.subject)
    if line.text_key not in ASKING or exception_id is None:
        return None
    request = db.session.get(ExceptionRequest, exception_id)
    if request is None or request.state != "waiting":
        return None
    said = {"e": exception_id, "n": line.id, "t": request.terms_hash[:16]}
    audience = ref("employee", line.employee_id)
    return "/decide/" + sign(PURPOSE, audience, said, expires_at=now + LASTS, secrets_=_secrets())


def read(token: str, now: datetime) -> Link:
    """Return what a link says; raises NotFound for what nobody here has signed for this purpose."""
    try:
        found = verify(token, PURPOSE, secrets_=_secrets())
    except NotSignedHere as forged:
        raise NotFound from forged
    employee_id = parse_ref("employee", found.audience)
    assert employee_id is not None
    digest = hashlib.sha256(token.encode()).hexdigest()
    return Link(digest, employee_id, int(found.said["e"]), str(found.said["t"]), found.is_over(now))


def is_used(link: Link) -> bool:
    return db.session.get(UsedLink, link.digest) is not None


@contextmanager
def using(token: str, *, exception_id: int, actor: Actor, now: datetime) -> Iterator[None]:
    """Use a link up in the transaction of the decision inside; without a token the decision is made as ever.

    What is forged, over, or meant for another person or request is no link at all, and changes nothing.
    """
    link = _own(token, exception_id, actor, now)
    if link is None:
        yield
        return
    with transaction():
        # The row of the link points at the request and shares its lock: two deciders would then wait for each other.
        locked(exception_id)
        try:
            with db.session.begin_nested():
                db.session.execute(
                    insert(UsedLink).values(
                        digest=link.digest, exception_id=exception_id, employee_id=actor.id, used_at=now
                    )
                )
        except IntegrityError as twice:
            raise LinkUsed from twice
        audit.record(LINK_USED, subject=ref("exception", exception_id), actor=actor, at=now, digest=link.digest[:16])
        yield


def _own(token: str, exception_id: int, actor: Actor, now: datetime) -> Link | None:
    try:
        link = read(token, now) if token else None
    except NotFound:
        return None
    is_own = link is not None and link.employee_id == actor.id and link.exception_id == exception_id
    return link if is_own and link is not None and not link.is_over else None


def _secrets() -> tuple[str, ...]:
    settings: Settings = current_app.extensions["makegood_settings"]
    return settings.secrets
