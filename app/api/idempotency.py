"""One answer per key: a repeated request gets the first one's answer, never a second deed.

A key is claimed in a short transaction of its own (in flight: 409). The answer is stored in the transaction of the deed,
so both commit or neither does; a deed with its own intent key (money) stores it just after, since repeating it is harmless.
A claim that a crash left behind may be taken over after STALE_SECONDS: its deed did not commit, or is safe to repeat.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from flask_babel import gettext as _
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.api.models import IdempotencyAnswer
from app.api.problems import ApiProblem, refusal_document
from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.transactions import transaction

STALE_SECONDS = 60
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it was given: HTTP status and JSON text; replayed tells a repeat from the first."""

    status: int
    body: bytes
    replayed: bool = False


def key_of(header: str | None) -> str:
    """Return the request's key; a POST that writes must bring one."""
    if header is None:
        raise ApiProblem(400, "idempotency-key-missing", _("Send an Idempotency-Key header, a new one for each deed."))
    if not _KEY.fullmatch(header):
        raise ApiProblem(
            400, "idempotency-key-malformed", _("An Idempotency-Key has 1 to 200 visible ASCII characters.")
        )
    return header


def intent_of(key: str) -> str:
    """Return the key under which the action itself keeps its answer; of one length, apart from the keys of forms."""
    return "api:" + hashlib.sha256(key.encode()).hexdigest()


def fingerprint(method: str, path: str, body: Any) -> str:
    """Tell equal requests from different ones: same method, address and JSON value, whatever the order of its keys."""
    content = orjson.dumps([method, path, body], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


def answer_once(
    deed: Callable[[], tuple[int, Any]], *, actor_id: int, key: str, mark: str, has_intent: bool, now: datetime
) -> Stored:
    """Run the deed once for this key and return its answer, or the stored one.

    deed: returns (status, JSON body) or raises a Refusal, which is stored and replayed as well. mark: the fingerprint.
    """
    claim = secrets.token_hex(16)
    stored = _claim(actor_id, key, mark, claim, now)
    if stored is not None:
        return stored
    around: AbstractContextManager[None] = nullcontext() if has_intent else transaction()
    try:
        with around:
            status, body = deed()
            answer = Stored(status, orjson.dumps(body))
            _store(actor_id, key, claim, answer)
    except Refusal as refusal:
        problem = refusal_document(refusal)
        answer = Stored(int(problem["status"]), orjson.dumps(problem))
        _store(actor_id, key, claim, answer)
    except BaseException:
        _forget(actor_id, key, claim)
        raise
    return answer


def _claim(actor_id: int, key: str, mark: str, claim: str, now: datetime) -> Stored | None:
    """Take the key, or return what it was answered; 422 for other content, 409 while in flight."""
    known = _row(actor_id, key)
    if known is None:
        try:
            with transaction():
                db.session.add(
                    IdempotencyAnswer(actor_id=actor_id, key=key, fingerprint=mark, claim=claim, created_at=now)
                )
            return None
        except IntegrityError:
            known = _row(actor_id, key)
    if known is None:  # the other request failed and let go of the key in this very moment
        raise _in_flight()
    if known.fingerprint != mark:
        raise ApiProblem(
            422, "idempotency-key-reused", _("This Idempotency-Key was used for another request. Send a new one.")
        )
    if known.status is not None:
        return Stored(known.status, (known.body or "").encode(), replayed=True)
    if known.created_at >= now - timedelta(seconds=STALE_SECONDS):
        raise _in_flight()
    _take_over(actor_id, key, claim, now)
    return None


def _row(actor_id: int, key: str) -> Any:
    db.session.rollback()
    return db.session.execute(
        select(
            IdempotencyAnswer.fingerprint,
            IdempotencyAnswer.status,
            IdempotencyAnswer.body,
            IdempotencyAnswer.created_at,
        ).where(*_mine(actor_id, key))
    ).first()


def _in_flight() -> ApiProblem:
    return ApiProblem(
        409,
        "idempotency-key-in-flight",
        _("The first request with this Idempotency-Key is still at work. Try again with the same key."),
        headers={"Retry-After": "1"},
    )


def _take_over(actor_id: int, key: str, claim: str, now: datetime) -> None:
    """Claim a key whose request died; raises 409 when another one was faster."""
    with transaction():
        taken = db.session.execute(
            update(IdempotencyAnswer)
            .where(
                *_mine(actor_id, key),
                IdempotencyAnswer.status.is_(None),
                IdempotencyAnswer.created_at < now - timedelta(seconds=STALE_SECONDS),
            )
            .values(claim=claim, created_at=now)
        )
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            raise _in_flight()


def _store(actor_id: int, key: str, claim: str, answer: Stored) -> None:
    with transaction():
        kept = db.session.execute(
            update(IdempotencyAnswer)
            .where(*_mine(actor_id, key), IdempotencyAnswer.claim == claim)
            .values(status=answer.status, body=answer.body.decode())
        )
        if kept.rowcount == 0:  # type: ignore[attr-defined]  # taken over: this deed came too late and must not commit
            raise _in_flight()


def _forget(actor_id: int, key: str, claim: str) -> None:
    """Let go of a key whose deed failed for a reason that is not an answer."""
    with transaction():
        db.session.execute(
            delete(IdempotencyAnswer).where(
                *_mine(actor_id, key), IdempotencyAnswer.claim == claim, IdempotencyAnswer.status.is_(None)
            )
        )


def _mine(actor_id: int, key: str) -> tuple[Any, Any]:
    return IdempotencyAnswer.actor_id == actor_id, IdempotencyAnswer.key == key
