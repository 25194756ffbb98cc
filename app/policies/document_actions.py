"""Write policy drafts. Nothing here is in force before a second person has read it and it is published."""

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
from app.people import permissions
from app.policies import check_rules, document_queries
from app.policies.document_models import PolicyDocument
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import (
    RULES_MAX,
    TITLE_MAX,
    WORDS_MAX,
    Clause,
    Document,
    clause_order,
    rule_of_values,
    rule_values,
    rules_of_values,
    with_clauses_of,
)
from app.policies.models import PolicyVersion

DRAFTED = audit.declare("policy:draft", "number", "title", "rules", "content", sentence=_l("drafted a policy version"))
CHANGED = audit.declare(
    "policy:change", "number", "part", "before", "after", "content", sentence=_l("changed a policy draft")
)
DISCARDED = audit.declare("policy:discard", "number", sentence=_l("discarded a policy draft"))


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
        row = editable(version_id)
        move_on(row, version, actor, now, discarded_at=now, discarded_by=actor.label)
        audit.record(DISCARDED, subject=row.ref, actor=actor, at=now, number=row.number)


Edit = Callable[[Document], tuple[Document, Any, Any]]


def _change(
    version_id: int, version: int, part: str, edit: Edit, *, actor: Actor, now: datetime, valid_from: datetime | None = None
) -> None:  # fmt: skip
    """Run one edit of a draft as it was shown at `version`; a review of what stood there before is void after it."""
    permissions.require(actor, "policies.write")
    with transaction():
        row = editable(version_id)
        document, before, after = edit(row.document)
        document = _clean(document)
        authors = [*row.authors, *([] if actor.label in row.authors else [actor.label])]
        move_on(row, version, actor, now, content=document.content, authors=authors, asked_at=None)
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


def editable(version_id: int) -> DocumentRow:
    """Return a draft that may be changed, reviewed or published now, one deed after the other."""
    db.session.execute(
        select(PolicyDocument.version_id).where(PolicyDocument.version_id == version_id).with_for_update()
    )
    row = _row(version_id)
    if row.state == "published":
        raise AlreadyPublished
    if row.discarded_at is not None:
        raise Discarded
    if not row.is_editable:
        raise TooOld
    return row


def move_on(row: DocumentRow, version: int, actor: Actor, now: datetime, **values: Any) -> None:
    """Change the document as it was at `version`, in the statement that compares it."""
    done = db.session.execute(
        update(PolicyDocument)
        .where(PolicyDocument.version_id == row.id, PolicyDocument.version == version)
        .values(version=version + 1, changed_at=now, changed_by=actor.label, **values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict


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
    # A clause's number is a part of its page's address.
    if any("/" in clause.code or not clause.code.strip(".") for clause in document.clauses):
        errors["code"] = [str(_l("A clause's number has a letter or digit, and no slash."))]
    for rule in document.rules:
        for field, sentences in check_rules.shape_errors(rule).items():
            errors.setdefault(field, []).extend(sentences)
    if errors:
        raise BadInput(errors)
    return replace(document, title=title, source=document.source.strip(), rationale=document.rationale.strip())
