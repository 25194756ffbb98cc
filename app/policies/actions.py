"""Write policy versions and keep the remedy catalogue."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select, update

from app.audit import actions as audit
from app.audit.rules import canonical
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions
from app.policies.models import AuthorityRule, PolicyVersion, RemedyKind
from app.policies.packs import KINDS

DRAFTED = audit.declare("policy:draft", "number", "title", "rules", "content", sentence=_l("drafted a policy version"))
PUBLISHED = audit.declare(
    "policy:publish", "number", "valid_from", "content", sentence=_l("published a policy version")
)
KIND_ADDED = audit.declare("remedy-kind:add", "code", "name", sentence=_l("added a kind of remedy"))
KIND_CHANGED = audit.declare("remedy-kind:change", "before", "after", sentence=_l("changed a kind of remedy"))

_DEFAULTS: dict[str, Any] = {
    "role": None,
    "site_id": None,
    "kind": None,
    "category_id": None,
    "severity_min": 0,
    "severity_max": 4,
    "days": None,
    "hard": False,
}


class AlreadyPublished(Refusal):
    """A published version never changes."""

    code = "already-published"
    sentence = _l("This version is published and never changes. Draft a new one.")


def draft_version(
    *, title: str, source: str, rules: Sequence[dict[str, Any]], valid_from: datetime, actor: Actor, now: datetime
) -> PolicyVersion:
    """Draft the next version with all its rules; a rule is never changed afterwards."""
    permissions.require(actor, "settings.write")
    if not rules:
        raise BadInput({"rules": [str(_l("A policy needs at least one rule."))]})
    with transaction():
        number = (db.session.scalar(select(func.max(PolicyVersion.number))) or 0) + 1
        filled = [{**_DEFAULTS, **rule} for rule in rules]
        content = hashlib.sha256(canonical(filled)).hexdigest()
        version = PolicyVersion(
            number=number,
            title=title.strip(),
            source=source,
            state="draft",
            valid_from=valid_from,
            created_at=now,
            created_by_id=actor.id,
            content_hash=content,
        )
        db.session.add(version)
        db.session.flush()
        db.session.execute(insert(AuthorityRule), [{**rule, "version_id": version.id} for rule in filled])
        audit.record(
            DRAFTED, subject=ref("policy", version.id), actor=actor, at=now, number=number, title=title.strip(),
            rules=len(filled), content=content,
        )  # fmt: skip
        return version


def publish_version(*, version_id: int, actor: Actor, now: datetime) -> None:
    """Publish a draft for good; old decisions keep the version that was in force."""
    permissions.require(actor, "settings.write")
    with transaction():
        version = db.session.get(PolicyVersion, version_id)
        if version is None:
            raise NotFound
        done = db.session.execute(
            update(PolicyVersion)
            .where(PolicyVersion.id == version_id, PolicyVersion.state == "draft")
            .values(state="published", published_at=now)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise AlreadyPublished
        audit.record(
            PUBLISHED, subject=ref("policy", version_id), actor=actor, at=now, number=version.number,
            valid_from=version.valid_from.isoformat(), content=version.content_hash,
        )  # fmt: skip
        db.session.expire_all()


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
