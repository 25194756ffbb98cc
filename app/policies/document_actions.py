"""Write policy drafts, have them reviewed by a second person, and publish them for good."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.notifications import actions as notifications
from app.people import permissions
from app.policies import check_rules, document_queries
from app.policies.document_models import PolicyDocument, PolicyReview
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import (
    RULES_MAX,
    TITLE_MAX,
    WORDS_MAX,
    Clause,
    Document,
    clause_order,
    rule_columns,
    rule_of_values,
    rule_values,
    rules_of_values,
    with_clauses_of,
)
from app.policies.models import AuthorityRule, PolicyVersion

DRAFTED = audit.declare("policy:draft", "number", "title", "rules", "content", sentence=_l("drafted a policy version"))
CHANGED = audit.declare(
    "policy:change", "number", "part", "before", "after", "content", sentence=_l("changed a policy draft")
)
DISCARDED = audit.declare("policy:discard", "number", sentence=_l("discarded a policy draft"))
ASKED = audit.declare("policy:ask-review", "number", "content", sentence=_l("asked for the review of a policy draft"))
REVIEWED = audit.declare(
    "policy:review", "number", "outcome", "note", "content", sentence=_l("reviewed a policy draft")
)
PUBLISHED = audit.declare(
    "policy:publish", "number", "valid_from", "content", sentence=_l("published a policy version")
)


class AlreadyPublished(Refusal):
    """A published version never changes."""

    code = "already-published"
    sentence = _l("This version is published and never changes. Draft a new one.")


class Discarded(Refusal):
    code = "discarded"
    sentence = _l("This draft was discarded. Make a copy of it to go on.")


class TooOld(Refusal):
    """A draft of before drafts could be changed."""

    code = "too-old"
    sentence = _l("This draft is of an earlier release. Make a copy of it to go on.")


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


def draft_version(
    *,
    title: str,
    source: str,
    rules: Sequence[Mapping[str, Any]],
    valid_from: datetime,
    actor: Actor,
    now: datetime,
    clauses: Sequence[Clause] = (),
    rationale: str = "",
) -> PolicyVersion:
    """Draft the next version from rows of rule parts, e.g. of a pack or of a proposal; a part not said is any."""
    if not rules:
        raise BadInput({"rules": [str(_l("A policy needs at least one rule."))]})
    document = with_clauses_of(Document(title, source, rationale, tuple(clauses), rules_of_values(rules)))
    return draft_document(document=document, valid_from=valid_from, actor=actor, now=now)


def draft_document(*, document: Document, valid_from: datetime, actor: Actor, now: datetime) -> PolicyVersion:
    """Draft the next version from a whole document, e.g. a file."""
    permissions.require(actor, "policies.write")
    document = _clean(document)
    with transaction():
        number = (db.session.scalar(select(func.max(PolicyVersion.number))) or 0) + 1
        version = PolicyVersion(
            number=number,
            title=document.title,
            source=document.source,
            state="draft",
            valid_from=valid_from,
            created_at=now,
            created_by_id=actor.id,
            content_hash=document.hash,
        )
        db.session.add(version)
        db.session.flush()
        db.session.execute(
            insert(PolicyDocument).values(
                version_id=version.id,
                content=document.content,
                authors=[actor.label],
                version=1,
                changed_at=now,
                changed_by=actor.label,
            )
        )  # fmt: skip
        audit.record(
            DRAFTED, subject=ref("policy", version.id), actor=actor, at=now, number=number, title=document.title,
            rules=len(document.rules), content=document.hash,
        )  # fmt: skip
        return version


def duplicate_version(*, version_id: int, actor: Actor, now: datetime) -> PolicyVersion:
    """Draft a copy of any version, to be changed without touching it."""
    permissions.require(actor, "policies.write")
    with transaction():
        row = _row(version_id)
        return draft_document(
            document=replace(row.document, rationale=""), valid_from=max(now, row.valid_from), actor=actor, now=now
        )


def change_details(
    *, version_id: int, version: int, title: str, source: str, rationale: str, valid_from: datetime, actor: Actor, now: datetime
) -> None:  # fmt: skip
    """Change a draft's words and its intended start."""

    def edit(document: Document) -> tuple[Document, Any, Any]:
        after = replace(document, title=title, source=source, rationale=rationale)
        return after, {"title": document.title}, {"title": after.title, "valid_from": valid_from.isoformat()}

    _change(version_id, version, "details", edit, actor=actor, now=now, valid_from=valid_from)


def put_clause(*, version_id: int, version: int, clause: Clause, was: str | None, actor: Actor, now: datetime) -> None:
    """Add a clause, or change the one numbered `was`; rules that name it follow its number."""

    def edit(document: Document) -> tuple[Document, Any, Any]:
        if clause.code != was and document.clause(clause.code):
            raise BadInput({"code": [str(_l("There is a clause of this number already."))]})
        kept = tuple(one for one in document.clauses if one.code != was)
        rules = (replace(rule, clause=clause.code) if rule.clause == was else rule for rule in document.rules)
        clauses = tuple(sorted((*kept, clause), key=lambda one: clause_order(one.code)))
        return replace(document, clauses=clauses).with_rules(rules), {"clause": was}, {"clause": clause.code}

    _change(version_id, version, "clause", edit, actor=actor, now=now)


def remove_clause(*, version_id: int, version: int, code: str, actor: Actor, now: datetime) -> None:
    """Take a clause out that no rule names."""

    def edit(document: Document) -> tuple[Document, Any, Any]:
        if any(rule.clause == code for rule in document.rules):
            raise BadInput({"code": [str(_l("Rules still name this clause. Give them another one first."))]})
        return replace(document, clauses=tuple(one for one in document.clauses if one.code != code)), code, None

    _change(version_id, version, "clause", edit, actor=actor, now=now)


def put_rule(
    *, version_id: int, version: int, place: int | None, values: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    """Add a rule (place None), or put another one in its place."""

    def edit(document: Document) -> tuple[Document, Any, Any]:
        if place is None:
            added = rule_of_values(len(document.rules) + 1, values)
            return document.with_rules((*document.rules, added)), None, rule_values(added)
        before = document.rule(place)
        if before is None:
            raise NotFound
        after = rule_of_values(place, values)
        rules = (after if rule.id == place else rule for rule in document.rules)
        return document.with_rules(rules), rule_values(before), rule_values(after)

    _change(version_id, version, "rule", edit, actor=actor, now=now)


def remove_rule(*, version_id: int, version: int, place: int, actor: Actor, now: datetime) -> None:
    """Take a rule out; the ones behind it move up."""

    def edit(document: Document) -> tuple[Document, Any, Any]:
        before = document.rule(place)
        if before is None:
            raise NotFound
        rules = (rule for rule in document.rules if rule.id != place)
        return document.with_rules(rules), rule_values(before), None

    _change(version_id, version, "rule", edit, actor=actor, now=now)


def change_limits(*, version_id: int, version: int, limits: Mapping[int, int], actor: Actor, now: datetime) -> None:
    """Change the limits of several rules at once; limits: place → minor units, or a number of remedies."""

    def edit(document: Document) -> tuple[Document, Any, Any]:
        changed = {
            rule.id: rule for rule in document.rules if limits.get(rule.id, rule.limit_minor) != rule.limit_minor
        }
        after = document.with_rules(
            replace(rule, limit_minor=limits[rule.id]) if rule.id in changed else rule for rule in document.rules
        )
        before = {str(place): rule.limit_minor for place, rule in changed.items()}
        return after, before, {str(place): limits[place] for place in changed}

    _change(version_id, version, "limits", edit, actor=actor, now=now)


def discard_draft(*, version_id: int, version: int, actor: Actor, now: datetime) -> None:
    """Give a draft up. It stays readable, and can be copied."""
    permissions.require(actor, "policies.write")
    with transaction():
        row = _editable(version_id)
        _move_on(row, version, actor, now, discarded_at=now, discarded_by=actor.label)
        audit.record(DISCARDED, subject=row.ref, actor=actor, at=now, number=row.number)


def ask_review(*, version_id: int, version: int, reviewer_ids: Sequence[int], actor: Actor, now: datetime) -> None:
    """Say that a draft without errors is ready, and tell these people."""
    permissions.require(actor, "policies.write")
    with transaction():
        row = _editable(version_id)
        _refuse_errors(row)
        _move_on(row, version, actor, now, asked_at=now)
        audit.record(ASKED, subject=row.ref, actor=actor, at=now, number=row.number, content=row.document.hash)
        notifications.notify(
            employee_ids=[identity for identity in reviewer_ids if identity != actor.id],
            kind="policy",
            subject=row.ref,
            url=f"/policies/{row.ref}",
            text_key=_l("The draft “%(title)s” asks for your review."),  # type: ignore[arg-type]
            params={"title": row.document.title},
            at=now,
        )


def review_version(
    *, version_id: int, outcome: str, note: str, actor: Actor, now: datetime, version: int | None = None
) -> None:
    """Approve or return a draft as it stands at `version`; who wrote in it may not."""
    permissions.require(actor, "policies.review")
    if outcome == "returned" and not note.strip():
        raise BadInput({"note": [str(_l("Say what has to change."))]})
    with transaction():
        row = _editable(version_id)
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
            )  # fmt: skip
        )
        audit.record(
            REVIEWED, subject=row.ref, actor=actor, at=now, number=row.number, outcome=outcome, note=note.strip(),
            content=row.document.hash,
        )  # fmt: skip


def publish_version(
    *, version_id: int, actor: Actor, now: datetime, version: int | None = None, valid_from: datetime | None = None
) -> None:
    """Publish a reviewed draft for good, from now or a later instant on; old decisions keep the version that was in force.

    valid_from: None starts when the draft says, at the earliest now. It never lies in the past, or the policy of
    decisions made since then would change behind them.
    """
    permissions.require(actor, "policies.publish")
    with transaction():
        row = _editable(version_id)
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
        db.session.execute(
            update(PolicyVersion)
            .where(PolicyVersion.id == version_id, PolicyVersion.state == "draft")
            .values(state="published", published_at=now, valid_from=start, content_hash=row.document.hash)
            .execution_options(synchronize_session=False)
        )
        audit.record(
            PUBLISHED, subject=row.ref, actor=actor, at=now, number=row.number, valid_from=start.isoformat(),
            content=row.document.hash,
        )  # fmt: skip
        db.session.expire_all()


Edit = Callable[[Document], tuple[Document, Any, Any]]


def _change(
    version_id: int, version: int, part: str, edit: Edit, *, actor: Actor, now: datetime, valid_from: datetime | None = None
) -> None:  # fmt: skip
    """Run one edit of a draft as it was shown at `version`; a review of what stood there before is void after it."""
    permissions.require(actor, "policies.write")
    with transaction():
        row = _editable(version_id)
        document, before, after = edit(row.document)
        document = _clean(document)
        authors = [*row.authors, *([] if actor.label in row.authors else [actor.label])]
        _move_on(row, version, actor, now, content=document.content, authors=authors, asked_at=None)
        start = {"valid_from": valid_from} if valid_from is not None else {}
        db.session.execute(
            update(PolicyVersion)
            .where(PolicyVersion.id == version_id)
            .values(title=document.title, source=document.source, content_hash=document.hash, **start)
            .execution_options(synchronize_session=False)
        )
        audit.record(
            CHANGED, subject=row.ref, actor=actor, at=now, number=row.number, part=part, before=before, after=after,
            content=document.hash,
        )  # fmt: skip
        db.session.expire_all()


def _row(version_id: int) -> DocumentRow:
    row = document_queries.document(version_id)
    if row is None:
        raise NotFound
    return row


def _editable(version_id: int) -> DocumentRow:
    row = _row(version_id)
    if row.state == "published":
        raise AlreadyPublished
    if row.discarded_at is not None:
        raise Discarded
    if not row.is_editable:
        raise TooOld
    return row


def _move_on(row: DocumentRow, version: int, actor: Actor, now: datetime, **values: Any) -> None:
    """Change the document as it was at `version`, in the statement that compares it."""
    done = db.session.execute(
        update(PolicyDocument)
        .where(PolicyDocument.version_id == row.id, PolicyDocument.version == version)
        .values(version=version + 1, changed_at=now, changed_by=actor.label, **values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict


def _refuse_errors(row: DocumentRow) -> None:
    findings = check_rules.findings(row.document, document_queries.known())
    wrong = [finding for finding in findings if finding.is_error]
    if wrong:
        raise HasErrors(findings=[finding.code for finding in wrong])


def _clean(document: Document) -> Document:
    """Refuse what can't be stored; what is merely wrong is a finding and may stay in a draft."""
    title = " ".join(document.title.split())
    errors: dict[str, list[str]] = {}
    if not title or len(title) > TITLE_MAX:
        errors["title"] = [str(_l("Type a title of at most 120 characters."))]
    for part in ("source", "rationale"):
        if len(getattr(document, part)) > WORDS_MAX:
            errors[part] = [str(_l("Type at most 4,000 characters."))]
    if len(document.rules) > RULES_MAX:
        errors["rules"] = [str(_l("A policy has at most 2,000 rules."))]
    for rule in document.rules:
        for field, sentences in check_rules.shape_errors(rule).items():
            errors.setdefault(field, []).extend(sentences)
    if errors:
        raise BadInput(errors)
    return replace(document, title=title, source=document.source.strip(), rationale=document.rationale.strip())
