"""Adopting legal packs at sites. Clocks that run keep running when a pack ends."""

from collections.abc import Set
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.people.permissions import require
from app.sla.models import LegalPack

KEPT = audit.declare("legal-pack:keep", "code", "sites", sentence=_l("chose the sites that keep a legal clock"))


def keep(*, code: str, site_ids: Set[int], actor: Actor, now: datetime) -> None:
    """Let exactly these sites keep a pack from now on."""
    require(actor, "settings.write")
    with transaction():
        held = list(db.session.scalars(select(LegalPack).where(LegalPack.code == code, LegalPack.ended_at.is_(None))))
        for pack in held:
            if pack.site_id not in site_ids:
                pack.ended_at = now
        for site_id in sorted(site_ids - {pack.site_id for pack in held}):
            db.session.add(LegalPack(site_id=site_id, code=code, adopted_at=now))
        audit.record(KEPT, subject=f"legal:{code}", actor=actor, at=now, code=code, sites=sorted(site_ids))


def adopted() -> dict[str, set[int]]:
    """The sites that keep each pack now, by its code."""
    found: dict[str, set[int]] = {}
    for code, site_id in db.session.execute(
        select(LegalPack.code, LegalPack.site_id).where(LegalPack.ended_at.is_(None))
    ):
        found.setdefault(code, set()).add(site_id)
    return found
