"""Keep the remedy catalogue. Drafts, reviews and publication are beside, and reached through here."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound
from app.kernel.transactions import transaction
from app.people import permissions
from app.policies.document_actions import (
    AlreadyPublished,
    Discarded,
    change_details,
    change_limits,
    discard_draft,
    draft_document,
    draft_version,
    duplicate_version,
    put_clause,
    put_rule,
    remove_clause,
    remove_rule,
)
from app.policies.models import RemedyKind
from app.policies.packs import KINDS
from app.policies.review_actions import (
    HasErrors,
    NotReviewed,
    OwnReview,
    ask_review,
    publish_version,
    review_version,
)

__all__ = [
    "AlreadyPublished",
    "Discarded",
    "HasErrors",
    "NotReviewed",
    "OwnReview",
    "add_default_kinds",
    "add_kind",
    "ask_review",
    "change_details",
    "change_kind",
    "change_limits",
    "discard_draft",
    "draft_document",
    "draft_version",
    "duplicate_version",
    "publish_version",
    "put_clause",
    "put_rule",
    "remove_clause",
    "remove_rule",
    "review_version",
]

KIND_ADDED = audit.declare("remedy-kind:add", "code", "name", sentence=_l("added a kind of remedy"))
KIND_CHANGED = audit.declare("remedy-kind:change", "before", "after", sentence=_l("changed a kind of remedy"))


def add_default_kinds(*, actor: Actor, now: datetime) -> None:
    """Fill an empty catalogue with the standard kinds of remedy."""
    with transaction():
        if db.session.scalar(select(RemedyKind.id).limit(1)) is not None:
            return
        for code, name, monetary in KINDS:
            add_kind(code=code, name=name, monetary=monetary, actor=actor, now=now)


def add_kind(*, code: str, name: str, monetary: bool, actor: Actor, now: datetime) -> RemedyKind:
    """Add a kind of remedy to the catalogue."""
    permissions.require(actor, "catalogue.write")
    cleaned, tag = " ".join(name.split()), code.strip().lower()
    errors: dict[str, list[str]] = {}
    if not cleaned or len(cleaned) > 80:
        errors["name"] = [str(_l("Type a name of at most 80 characters."))]
    if not tag.replace("-", "").isalnum() or len(tag) > 40 or not tag.isascii():
        errors["code"] = [str(_l("Use letters, digits and hyphens, at most 40."))]
    elif db.session.scalar(select(RemedyKind.id).where(RemedyKind.code == tag)):
        errors["code"] = [str(_l("This code is taken."))]
    if errors:
        raise BadInput(errors)
    with transaction():
        kind = RemedyKind(code=tag, name=cleaned, monetary=monetary, active=True, version=1)
        db.session.add(kind)
        db.session.flush()
        audit.record(KIND_ADDED, subject=f"remedy-kind:{tag}", actor=actor, at=now, code=tag, name=cleaned)
        return kind


def change_kind(*, kind_id: int, version: int, name: str, active: bool, actor: Actor, now: datetime) -> None:
    """Rename or retire a kind of remedy as it was at `version`; given remedies keep it."""
    permissions.require(actor, "catalogue.write")
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 80:
        raise BadInput({"name": [str(_l("Type a name of at most 80 characters."))]})
    with transaction():
        before = db.session.get(RemedyKind, kind_id)
        if before is None:
            raise NotFound
        was = {"name": before.name, "active": before.active}
        done = db.session.execute(
            update(RemedyKind)
            .where(RemedyKind.id == kind_id, RemedyKind.version == version)
            .values(name=cleaned, active=active, version=RemedyKind.version + 1)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict
        audit.record(
            KIND_CHANGED, subject=f"remedy-kind:{before.code}", actor=actor, at=now, before=was,
            after={"name": cleaned, "active": active},
        )  # fmt: skip
