"""Have a draft reviewed by a second person, and publish it for good."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, Refusal
from app.kernel.references import parse_ref
from app.kernel.transactions import transaction
from app.notifications import actions as notifications
from app.notifications.rules import declare
from app.people import permissions
from app.policies import check_rules, document_queries
from app.policies.document_actions import AlreadyPublished, editable, move_on
from app.policies.document_models import PolicyReview
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import rule_columns
from app.policies.models import AuthorityRule, PolicyVersion

ASKED = audit.declare("policy:ask-review", "number", "content", sentence=_l("asked for the review of a policy draft"))
REVIEWED = audit.declare(
    "policy:review", "number", "outcome", "note", "content", sentence=_l("reviewed a policy draft")
)
PUBLISHED = audit.declare(
    "policy:publish", "number", "valid_from", "content", sentence=_l("published a policy version")
)
ASK_LINE = declare("policy:ask-review", _l("The draft “%(title)s” asks for your review."))
ANSWER_LINES = {
    "approved": declare("policy:approved", _l("Your draft “%(title)s” is approved as it stands.")),
    "returned": declare("policy:returned", _l("Your draft “%(title)s” was sent back with a note.")),
}


class NotReviewed(Refusal):
    """Nothing is published that a second person hasn't read as it stands."""

    code = "not-reviewed"
    sentence = _l(
        "A second person has to approve this draft as it stands now. Any change makes an earlier review void."
    )


class OwnReview(Refusal):
    """Who wrote in a draft doesn't review it."""

    code = "own-review"
    sentence = _l("You wrote in this draft. Somebody who didn't has to review it.")


class HasErrors(Refusal):
    """A draft with errors goes no further; its findings say what to do."""

    status = 422
    code = "has-errors"
    sentence = _l("The draft has errors. Put right what the findings marked as errors say, then try again.")


def ask_review(*, version_id: int, version: int, reviewer_ids: Sequence[int], actor: Actor, now: datetime) -> None:
    """Say that a draft without errors is ready, and tell these people."""
    permissions.require(actor, "policies.write")
    with transaction():
        row = editable(version_id)
        _refuse_errors(row)
        move_on(row, version, actor, now, asked_at=now)
        audit.record(ASKED, subject=row.ref, actor=actor, at=now, number=row.number, content=row.document.hash)
        _tell([identity for identity in reviewer_ids if identity != actor.id], ASK_LINE, row, now)


def review_version(
    *, version_id: int, outcome: str, note: str, actor: Actor, now: datetime, version: int | None = None
) -> None:
    """Approve or return a draft as it stands at `version`; who wrote in it may not."""
    permissions.require(actor, "policies.review")
    if outcome == "returned" and not note.strip():
        raise BadInput({"note": [str(_l("Say what has to change."))]})
    with transaction():
        row = editable(version_id)
        if actor.label in row.authors:
            raise OwnReview
        if version is not None and version != row.version:
            raise Conflict
        if outcome == "approved":
            _refuse_errors(row)
        db.session.add(
            PolicyReview(
                version_id=version_id,
                document_version=row.version,
                content_hash=row.document.hash,
                outcome=outcome,
                note=note.strip(),
                reviewer=actor.label,
                at=now,
            )
        )
        audit.record(
            REVIEWED, subject=row.ref, actor=actor, at=now, number=row.number, outcome=outcome, note=note.strip(),
            content=row.document.hash,
        )  # fmt: skip
        _tell([parse_ref("employee", label) for label in row.authors], ANSWER_LINES[outcome], row, now)


def publish_version(
    *, version_id: int, actor: Actor, now: datetime, version: int | None = None, valid_from: datetime | None = None
) -> None:
    """Publish a reviewed draft for good, from now or a later instant on; old decisions keep the version that was in force.

    valid_from: None starts when the draft says, at the earliest now. It never lies in the past, or the policy of
    decisions made since then would change behind them.
    """
    permissions.require(actor, "policies.publish")
    with transaction():
        row = editable(version_id)
        if version is not None and version != row.version:
            raise Conflict
        if valid_from is not None and valid_from < now:
            raise BadInput(
                {"valid_from": [str(_l("A version can't start in the past: decisions were made since then."))]}
            )
        review = row.review
        if review is None or review.outcome != "approved" or review.reviewer in row.authors:
            raise NotReviewed
        _refuse_errors(row)
        start = valid_from or max(now, row.valid_from)
        db.session.execute(
            insert(AuthorityRule), [{**rule_columns(rule), "version_id": version_id} for rule in row.document.rules]
        )
        done = db.session.execute(
            update(PolicyVersion)
            .where(PolicyVersion.id == version_id, PolicyVersion.state == "draft")
            .values(state="published", published_at=now, valid_from=start, content_hash=row.document.hash)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise AlreadyPublished
        audit.record(
            PUBLISHED, subject=row.ref, actor=actor, at=now, number=row.number, valid_from=start.isoformat(),
            content=row.document.hash,
        )  # fmt: skip
        db.session.expire_all()


def _tell(employee_ids: Sequence[int | None], line: str, row: DocumentRow, now: datetime) -> None:
    notifications.notify(
        employee_ids=employee_ids,
        kind="policy",
        subject=row.ref,
        url=f"/policies/{row.ref}",
        text_key=line,
        params={"title": row.document.title},
        at=now,
    )


def _refuse_errors(row: DocumentRow) -> None:
    findings = check_rules.findings(row.document, document_queries.known())
    wrong = [finding for finding in findings if finding.is_error]
    if wrong:
        raise HasErrors(findings=[finding.code for finding in wrong])
