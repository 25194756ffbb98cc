"""Add, rename and retire categories."""

import re
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.audit import actions as audit
from app.cases.models import Category
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions

ADDED = audit.declare("category:add", "code", "name", sentence=_l("added a category"))
CHANGED = audit.declare("category:change", "before", "after", sentence=_l("changed a category"))


def code_of(name: str) -> str:
    """Return a short code made of a name. Worked value: "Air conditioning" gives "air-conditioning"."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:80] or "category"


def add_category(*, name: str, actor: Actor, now: datetime, code: str | None = None, active: bool = True) -> Category:
    """Add a category, or return the one that has the code already."""
    permissions.require(actor, "catalogue.write")
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 160:
        raise BadInput({"name": [str(_l("Type a name of at most 160 characters."))]})
    with transaction():
        wanted = (code or code_of(cleaned))[:80]
        known = db.session.scalars(select(Category).where(Category.code == wanted)).first()
        if known:
            return known
        category = Category(code=wanted, name=cleaned, active=active, version=1)
        db.session.add(category)
        db.session.flush()
        audit.record(ADDED, subject=ref("category", category.id), actor=actor, at=now, code=wanted, name=cleaned)
        return category


def change_category(*, category_id: int, version: int, name: str, active: bool, actor: Actor, now: datetime) -> None:
    """Rename or retire a category as it was at `version`. Old cases keep it."""
    permissions.require(actor, "catalogue.write")
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 160:
        raise BadInput({"name": [str(_l("Type a name of at most 160 characters."))]})
    with transaction():
        before = db.session.get(Category, category_id)
        was = {"name": before.name, "active": before.active} if before else {}
        done = db.session.execute(
            update(Category)
            .where(Category.id == category_id, Category.version == version)
            .values(name=cleaned, active=active, version=Category.version + 1)
            .execution_options(synchronize_session=False)
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict
        audit.record(
            CHANGED,
            subject=ref("category", category_id),
            actor=actor,
            at=now,
            before=was,
            after={"name": cleaned, "active": active},
        )
