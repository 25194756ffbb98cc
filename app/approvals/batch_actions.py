"""Decide several requests with one press: each by the same action, in its own transaction, with its own entry and check."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.approvals import batch_rules, bound_queries, queries, rules
from app.approvals.batch_rules import PICKS_MAX
from app.approvals.bound_models import DecisionBatch
from app.approvals.queries import RequestRow
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted, Refusal
from app.kernel.transactions import transaction
from app.people import permissions

BEGUN = audit.declare("exception:batch", "batch", "outcome", "picks", sentence=_l("decided several exceptions at once"))
ENDED = audit.declare("exception:batch-end", "batch", "results", sentence=_l("came to the end of several exceptions"))

# (request, terms) -> decide it; raises a Refusal.
Deed = Callable[[RequestRow, str], Any]


class NotOneBatch(Refusal):
    status = 422
    code = "not-one-batch"
    sentence = _l("Only requests under the same rule, each up to the cap, can be decided together. Look again.")


class TooFast(Refusal):
    status = 422
    code = "too-fast"
    sentence = _l("Read them first: that was faster than anybody can. Press again.")


def decide_batch(
    *,
    terms: Mapping[int, str],
    outcome: str,
    shown_at: datetime,
    intent: str,
    deed: Deed,
    actor: Actor,
    now: datetime,
) -> int:
    """Decide each picked request by `deed`, and return the batch's id; one that fails doesn't stop the others.

    terms: what the decider has read of each, by the request's id. The same intent again returns the first batch, also
    while it is under way. Raises NotOneBatch, TooFast, BadInput before anything is decided.
    """
    assert outcome in ("approved", "declined") and actor.id is not None
    if not permissions.has(actor, "exceptions.decide"):
        raise NotPermitted
    known = _known(intent, actor.id)
    if known is not None:
        return known
    rows = _picked(sorted(terms), actor, now)
    if batch_rules.wait_for(len(rows), shown_at, now):
        raise TooFast
    batch_id = _begin(intent, outcome, rows, actor, now)
    if batch_id is None:  # pressed twice: the other press is at work
        found = _known(intent, actor.id)
        assert found is not None
        return found
    results = [_decide_one(row, terms[row.id], outcome, deed) for row in rows]
    with transaction():
        batch = db.session.get(DecisionBatch, batch_id)
        assert batch is not None
        batch.results = results
        said = [{key: result[key] for key in ("ref", "done", "code")} for result in results]
        audit.record(ENDED, subject=f"batch-{batch_id}", actor=actor, at=now, batch=batch_id, results=said)
    return batch_id


def _picked(ids: Sequence[int], actor: Actor, now: datetime) -> list[RequestRow]:
    """Read the picked requests; all under one rule, each waiting, within reach and at or below the cap."""
    if not 1 <= len(ids) <= PICKS_MAX:
        raise BadInput({"pick": [_("Pick 1 to %(count)d requests.", count=PICKS_MAX)]})
    scope = permissions.scope_of(actor, "exceptions.decide")
    rows = sorted(queries.request_rows(ids), key=lambda row: (row.due_at, row.id))
    standing = queries.standing(rows, now)
    is_seen = all(
        (scope is not None and scope.covers(site_id=row.site_id, team_id=row.team_id))
        or isinstance(standing.answer(row.id, actor), rules.Allowed)
        for row in rows
    )
    if len(rows) != len(ids) or not is_seen:
        raise NotFound
    cap = bound_queries.bounds(rows[0].currency).batch_max
    if cap is None or not batch_rules.are_of_one_rule(rows) or any(row.amount > cap for row in rows):
        raise NotOneBatch
    return rows


def _known(intent: str, actor_id: int) -> int | None:
    found: int | None = db.session.scalar(
        select(DecisionBatch.id).where(DecisionBatch.made_by_id == actor_id, DecisionBatch.intent == intent)
    )
    return found


def _begin(intent: str, outcome: str, rows: Sequence[RequestRow], actor: Actor, now: datetime) -> int | None:
    """Claim the intent; None when another press has."""
    picks = [row.id for row in rows]
    try:
        with transaction():
            batch = DecisionBatch(intent=intent, made_by_id=actor.id, at=now, outcome=outcome, picks=picks)
            db.session.add(batch)
            db.session.flush()
            refs = [row.ref for row in rows]
            subject = f"batch-{batch.id}"
            audit.record(BEGUN, subject=subject, actor=actor, at=now, batch=batch.id, outcome=outcome, picks=refs)
            return batch.id
    except IntegrityError:
        return None


def _decide_one(row: RequestRow, terms: str, outcome: str, deed: Deed) -> dict[str, Any]:
    """Decide one request and say what happened; a refusal is a result, not an end."""
    result: dict[str, Any] = {"ref": row.ref, "amount": row.amount.json()}
    try:
        decided = deed(row, terms)
    except BadInput as mistake:
        sentence = " ".join(text for texts in mistake.errors.values() for text in texts)
        return {**result, "done": "refused", "code": mistake.code, "why": sentence}
    except Refusal as refusal:
        return {**result, "done": "refused", "code": refusal.code, "why": str(refusal)}
    return {**result, "done": outcome if decided.state != "waiting" else "agreed", "code": "", "why": ""}


def batch_of(batch_id: int, actor: Actor) -> DecisionBatch:
    """Return one's own batch; anybody else's is not found."""
    batch = db.session.get(DecisionBatch, batch_id)
    if batch is None or batch.made_by_id != actor.id:
        raise NotFound
    return batch
