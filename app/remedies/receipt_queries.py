"""Reads over receipts of decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from app.kernel.database import db
from app.policies import queries as policies
from app.remedies.receipt_models import DecisionReceipt
from app.remedies.receipt_rules import Verdict, replay, thaw


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A receipt with what judging it again gives: from itself alone, and by the published version in the database."""

    id: int
    remedy_id: int
    occasion: str
    at: datetime
    policy_version_id: int
    policy_hash: str
    content: str
    content_hash: str
    verdict: Verdict
    is_same_policy: bool

    @property
    def about(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.content)["about"]
        return found

    @property
    def holds(self) -> bool:
        return self.verdict.holds and self.is_same_policy

    @property
    def is_protected(self) -> bool:
        """Inside the policy of its time and with a reason: it can't be held against anybody later."""
        is_inside = self.verdict.stored["outcome"] == "allowed" or self.occasion == "approval"
        return self.holds and is_inside and bool(self.about["has_reason"])


def receipts_of(remedy_id: int) -> tuple[ReceiptRow, ...]:
    """A remedy's receipts, oldest first, each judged again; the caller has checked the scope."""
    return tuple(_row(row) for row in _rows(DecisionReceipt.remedy_id == remedy_id))


def receipts_of_many(remedy_ids: list[int], limit: int = 2_000) -> tuple[ReceiptRow, ...]:
    """The receipts of several remedies in one query, oldest first, each judged again."""
    return tuple(_row(row) for row in _rows(DecisionReceipt.remedy_id.in_(remedy_ids), limit))


def receipts_after(receipt_id: int, limit: int) -> tuple[ReceiptRow, ...]:
    """The next receipts of all, to judge every one of them again."""
    return tuple(_row(row) for row in _rows(DecisionReceipt.id > receipt_id, limit))


def _rows(condition: Any, limit: int = 50) -> list[DecisionReceipt]:
    return list(db.session.scalars(select(DecisionReceipt).where(condition).order_by(DecisionReceipt.id).limit(limit)))


def _row(row: DecisionReceipt) -> ReceiptRow:
    verdict = replay(row.content, row.content_hash)
    return ReceiptRow(
        row.id, row.remedy_id, row.occasion, row.at, row.policy_version_id, row.policy_hash, row.content,
        row.content_hash, verdict, _is_same_policy(row),
    )  # fmt: skip


def _is_same_policy(row: DecisionReceipt) -> bool:
    """The version is still what it was then, and holds every rule that the receipt names, unchanged."""
    found = policies.published(row.policy_version_id)
    if found is None or found.version.content_hash != row.policy_hash:
        return False
    known = {rule.id: rule for rule in found.rules}
    return all(known.get(rule.id) == rule for rule in thaw(row.content).rules)
