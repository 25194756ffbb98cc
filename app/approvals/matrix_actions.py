"""Writing a draft of the matrix and publishing it with four eyes. What is published stays as it is."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select

from app.approvals import matrix_queries
from app.approvals.matrix_document_rules import findings, rows_of
from app.approvals.matrix_models import ApprovalMatrix
from app.approvals.matrix_rules import MatrixRow
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Conflict, NotFound, Refusal
from app.kernel.transactions import transaction
from app.people import permissions

CHANGED = audit.declare("matrix:change", "rows", "what", sentence=_l("changed the draft of the authority matrix"))
DISCARDED = audit.declare("matrix:discard", "rows", sentence=_l("threw the draft of the authority matrix away"))
PUBLISHED = audit.declare("matrix:publish", "number", "rows", sentence=_l("published the authority matrix"))
SUBJECT = "authority-matrix"


class OwnMatrix(Refusal):
    """Who wrote in the draft doesn't publish it."""

    code = "own-matrix"
    sentence = _l("You wrote in this draft. Somebody who didn't has to publish it.")


class MatrixHasErrors(Refusal):
    """Rows with findings aren't published."""

    status = 422
    code = "has-errors"
    sentence = _l("Put right what the rows say first.")


def save_row(*, place: int | None, row: MatrixRow, version: int | None, actor: Actor, now: datetime) -> None:
    """Put a row into the draft, in the place of another or at the end; the first change starts a draft.

    version: the draft as the writer saw it, None where there was none. Raises Conflict.
    """
    permissions.require(actor, "policies.write")
    with transaction():
        draft = _draft(version, actor, now)
        rows = list(draft.rows)
        if place is None:
            rows.append(row.json())
        elif place < len(rows):
            rows[place] = row.json()
        else:
            raise NotFound
        _write(draft, rows, f"row {len(rows) if place is None else place + 1}", actor, now)


def remove_row(*, place: int, version: int | None, actor: Actor, now: datetime) -> None:
    """Take a row out of the draft."""
    permissions.require(actor, "policies.write")
    with transaction():
        draft = _draft(version, actor, now)
        if place >= len(draft.rows):
            raise NotFound
        rows = [row for number, row in enumerate(draft.rows) if number != place]
        _write(draft, rows, f"without row {place + 1}", actor, now)


def discard(*, version: int, actor: Actor, now: datetime) -> None:
    """Throw the draft away; the version in force stays."""
    permissions.require(actor, "policies.write")
    with transaction():
        draft = _draft(version, actor, now)
        audit.record(DISCARDED, subject=SUBJECT, actor=actor, at=now, rows=draft.rows)
        db.session.execute(delete(ApprovalMatrix).where(ApprovalMatrix.id == draft.id, ApprovalMatrix.state == "draft"))
        db.session.expunge(draft)


def publish(*, version: int, actor: Actor, now: datetime) -> int:
    """Let the draft be in force from now on, by somebody who didn't write in it. Requests in flight keep their route."""
    permissions.require(actor, "policies.publish")
    assert actor.id is not None, "a person publishes"
    with transaction():
        draft = db.session.scalars(select(ApprovalMatrix).where(ApprovalMatrix.state == "draft")).first()
        if draft is None or draft.version != version:
            raise Conflict
        if actor.id in draft.author_ids:
            raise OwnMatrix
        if findings(rows_of(draft.rows), matrix_queries.around().known):
            raise MatrixHasErrors
        number = (db.session.scalar(select(func.max(ApprovalMatrix.number))) or 0) + 1
        draft.state, draft.number, draft.published_by_id, draft.published_at = "published", number, actor.id, now
        draft.version += 1
        audit.record(PUBLISHED, subject=SUBJECT, actor=actor, at=now, number=number, rows=draft.rows)
        return number


def _draft(version: int | None, actor: Actor, now: datetime) -> ApprovalMatrix:
    """Return the draft as its writer saw it, or start one from the version in force."""
    assert actor.id is not None, "a person writes"
    draft = db.session.scalars(select(ApprovalMatrix).where(ApprovalMatrix.state == "draft")).first()
    if (draft.version if draft else None) != version:
        raise Conflict
    if draft is not None:
        return draft
    current = matrix_queries.in_force()
    draft = ApprovalMatrix(
        state="draft",
        rows=current.stored if current else [],
        author_ids=[],
        made_by_id=actor.id,
        made_at=now,
        version=0,
    )
    db.session.add(draft)
    db.session.flush()
    return draft


def _write(draft: ApprovalMatrix, rows: list[dict[str, object]], what: str, actor: Actor, now: datetime) -> None:
    assert actor.id is not None
    draft.rows, draft.version = rows, draft.version + 1
    draft.author_ids = sorted({*draft.author_ids, actor.id})
    draft.made_by_id, draft.made_at = actor.id, now
    audit.record(CHANGED, subject=SUBJECT, actor=actor, at=now, rows=rows, what=what)
