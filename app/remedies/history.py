"""Amounts that were paid before: kept as settled, outside any purse, window or ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import permissions
from app.remedies import precedent_actions as precedents
from app.remedies.models import Remedy

IMPORTED = audit.declare(
    "remedy:import", "kind", "nature", "amount_minor", "currency", "at", sentence=_l("brought in an amount paid before")
)


@dataclass(frozen=True, slots=True)
class PastRemedy:
    """What was paid in a past case. `at`: when it was paid, or when the case came in where nothing else is known."""

    case_id: int
    site_id: int
    team_id: int | None
    kind: str
    nature: str
    amount: Money
    at: datetime


def log_history(remedies: Sequence[PastRemedy], *, actor: Actor, now: datetime) -> list[int]:
    """Keep a batch as settled, one audit entry per remedy; returns the ids in the given order."""
    permissions.require(actor, "cases.import")
    if not remedies:
        return []
    with transaction():
        ids = list(
            db.session.execute(
                insert(Remedy).returning(Remedy.id, sort_by_parameter_order=True),
                [_row(remedy) for remedy in remedies],
            ).scalars()
        )
        entries = [_entry(remedy_id, remedy) for remedy_id, remedy in zip(ids, remedies, strict=True)]
        audit.record_many(entries, actor=actor, at=now)
        precedents.note_history(ids)
        return ids


def _row(remedy: PastRemedy) -> dict[str, Any]:
    return {
        "case_id": remedy.case_id,
        "site_id": remedy.site_id,
        "team_id": remedy.team_id,
        "kind": remedy.kind,
        "nature": remedy.nature,
        "amount_minor": remedy.amount.minor,
        "currency": remedy.amount.currency,
        "state": "settled",
        "reason": "",
        "created_at": remedy.at,
        "ended_at": remedy.at,
        "historic": True,
        "version": 1,
    }


def _entry(remedy_id: int, remedy: PastRemedy) -> audit.Entry:
    said = {
        "kind": remedy.kind,
        "nature": remedy.nature,
        "amount_minor": remedy.amount.minor,
        "currency": remedy.amount.currency,
        "at": iso(remedy.at),
    }
    return audit.Entry(IMPORTED, ref("remedy", remedy_id), said, remedy.case_id, remedy.site_id)
