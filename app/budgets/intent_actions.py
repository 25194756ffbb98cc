"""Do a deed once per intent key and keep its answer: money is never paid twice, and a refusal stays one."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select

from app.budgets.models import Intent
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted, Refusal
from app.kernel.transactions import transaction
from app.kernel.turns import lock_number

KEY_CHARACTERS = (8, 120)
WAIT_SECONDS = 1.0


class IntentReused(Refusal):
    """The same key came with other content."""

    status = 422
    code = "intent-reused"
    sentence = _l("This form was used for something else already. Open the case again and start anew.")


class IntentInFlight(Refusal):
    """The same key is being worked on right now; its answer is not known yet."""

    code = "intent-in-flight"
    sentence = _l("This was sent a moment ago and is still being done. Open the case again to see how it went.")


class ReplayedRefusal(Refusal):
    """The same intent was refused before; a stored refusal is replayed."""

    status = 422


def once(
    *,
    name: str,
    key: str,
    fingerprint: str,
    actor: Actor,
    now: datetime,
    deed: Callable[[], int],
    on_refusal: Callable[[Refusal], None],
) -> int:
    """Run the deed called `name` and keep the id it returns under (actor, key), or keep its refusal and raise it.

    The same key with the same fingerprint gets the stored answer; with another one IntentReused; while the first is
    under way IntentInFlight. Mistakes of input and of rights are not kept, so the same form may be sent again.
    `on_refusal` writes the audit entry of a refusal, which stays although the deed is undone.
    """
    if not KEY_CHARACTERS[0] <= len(key) <= KEY_CHARACTERS[1]:
        raise BadInput({"intent": [str(_l("Open the case again: the form has lost its key."))]})
    with transaction():
        _claim(actor, key)
        known = _stored(actor, key, fingerprint)
        if known is not None:
            return known
        try:
            with db.session.begin_nested():
                result = deed()
                _keep(actor, key, fingerprint, now, {"deed": name, "result": result})
                return result
        except (BadInput, NotFound, NotPermitted):
            raise
        except Refusal as refusal:
            said = {"code": refusal.code, "status": refusal.status, "sentence": str(refusal)}
            _keep(actor, key, fingerprint, now, {"deed": name, "refusal": {**said, "details": refusal.details}})
            on_refusal(refusal)
            stored = refusal
    raise stored


def once_for_form(*, name: str, key: str | None, actor: Actor, now: datetime, deed: Callable[[], int]) -> int:
    """Do what a form says once per key of the form with its words (`OnceForm.key`), and return the id of what came of it.

    No refusal is kept, so that the form may be sent again. key None: a program sent it, and it is done each time.
    """
    if key is None:
        with transaction():
            return deed()

    def refused(refusal: Refusal) -> None:
        raise refusal

    return once(name=name, key=key, fingerprint=key, actor=actor, now=now, deed=deed, on_refusal=refused)


def deed_of(actor: Actor, key: str) -> str | None:
    """Which deed a key was used for already, so that the same form sent again means the same."""
    answer = db.session.scalar(select(Intent.answer).where(Intent.actor == actor.label, Intent.key == key))
    return None if answer is None else str(answer["deed"])


def _claim(actor: Actor, key: str) -> None:
    """Let one of several at a time work on a key. SQLite has one writer anyway."""
    if db.session.get_bind().dialect.name == "sqlite":
        return
    number = lock_number(actor.label, key)
    until = time.monotonic() + WAIT_SECONDS
    while not db.session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        if time.monotonic() > until:
            raise IntentInFlight
        time.sleep(0.02)


def _stored(actor: Actor, key: str, fingerprint: str) -> int | None:
    row = db.session.execute(
        select(Intent.fingerprint, Intent.answer).where(Intent.actor == actor.label, Intent.key == key)
    ).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise IntentReused
    if "refusal" in row.answer:
        kept = row.answer["refusal"]
        refusal = ReplayedRefusal(kept["sentence"], **kept["details"])
        refusal.code, refusal.status = kept["code"], kept["status"]
        raise refusal
    return int(row.answer["result"])


def _keep(actor: Actor, key: str, fingerprint: str, now: datetime, answer: dict[str, Any]) -> None:
    db.session.execute(
        insert(Intent).values(actor=actor.label, key=key, fingerprint=fingerprint, answer=answer, at=now)
    )
