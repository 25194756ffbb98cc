"""Keeping a receipt of every decision, in the transaction of its deed."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert

from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import in_transaction
from app.policies.rules import Used, applicable
from app.remedies import receipt_rules
from app.remedies.models import Remedy
from app.remedies.queries import Judged
from app.remedies.receipt_models import DecisionReceipt
from app.remedies.receipt_rules import Inputs


def keep(*, remedy: Remedy, judged: Judged, occasion: str, now: datetime) -> str:
    """Freeze a decision and return the hash, which the deed's audit entry names."""
    assert in_transaction()
    version = judged.in_force.version
    said: dict[str, Any] = {
        "remedy": ref("remedy", remedy.id),
        "case": ref("case", remedy.case_id),
        "giver": ref("employee", remedy.employee_id) if remedy.employee_id else None,
        "occasion": occasion,
        "has_reason": bool(remedy.reason.strip()),
        "at": iso(now),
        "policy": {"id": version.id, "number": version.number, "hash": version.content_hash},
    }
    content = receipt_rules.freeze(inputs_of(judged), judged.decision, said)
    content_hash = receipt_rules.hash_of(content)
    db.session.execute(
        insert(DecisionReceipt).values(
            remedy_id=remedy.id, occasion=occasion, policy_version_id=version.id, policy_hash=version.content_hash,
            content=content.decode(), content_hash=content_hash, at=now,
        )
    )  # fmt: skip
    return content_hash


def inputs_of(judged: Judged) -> Inputs:
    """What the judge was asked with: the rules that applied, and what each window held."""
    used = {
        window.rule_id: Used(window.settled_minor, window.reserved_minor, window.approved_minor)
        for window in judged.decision.windows
    }
    rules = applicable(judged.offer, judged.holder, judged.rules)
    return Inputs(judged.offer, judged.holder, rules, used, judged.rates)
