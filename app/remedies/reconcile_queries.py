"""Compare what was settled, what the ledger says, and what was paid out; every difference by its name.

Each query returns (remedy, payout or NULL) of the rows that disagree; an empty answer is agreement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, text

from app.kernel.database import UTCDateTime, db
from app.kernel.references import ref

SILENT_HOURS, SHOWN_MAX = 24, 100

DIFFERENCES: Mapping[str, str] = {
    "settled, and owed to nobody": (
        "SELECT r.id, NULL FROM remedy r LEFT JOIN payout p ON p.remedy_id = r.id "
        "WHERE r.state = 'settled' AND r.amount_minor > 0 AND r.historic = :no AND p.id IS NULL "
        "AND EXISTS (SELECT 1 FROM decision_receipt d WHERE d.remedy_id = r.id)"
    ),
    "paid out, and not settled": (
        "SELECT r.id, p.id FROM payout p JOIN remedy r ON r.id = p.remedy_id "
        "WHERE p.state IN ('pending','sent','confirmed','failed','given_up') AND r.state NOT IN ('settled','reversed')"
    ),
    "the payout is of another amount": (
        "SELECT r.id, p.id FROM payout p JOIN remedy r ON r.id = p.remedy_id "
        "WHERE p.amount_minor <> r.amount_minor OR p.currency <> r.currency OR p.site_id <> r.site_id"
    ),
    "settled goodwill, and the ledger counts another amount": (
        "SELECT r.id, NULL FROM remedy r LEFT JOIN hold h ON h.remedy_id = r.id "
        "WHERE r.state = 'settled' AND r.nature = 'goodwill' AND r.amount_minor > 0 AND r.historic = :no "
        "AND (h.id IS NULL OR h.state <> 'settled' OR h.counted_minor <> r.amount_minor OR h.currency <> r.currency)"
    ),
    "the ledger counts it as settled, and the remedy isn't": (
        "SELECT r.id, NULL FROM hold h JOIN remedy r ON r.id = h.remedy_id "
        "WHERE h.state = 'settled' AND r.state <> 'settled'"
    ),
    "reversed after it was sent: get it back": (
        "SELECT r.id, p.id FROM payout p JOIN remedy r ON r.id = p.remedy_id "
        "WHERE r.state = 'reversed' AND p.state IN ('sent','confirmed')"
    ),
    "paid by hand and by the provider: get one back": (
        "SELECT p.remedy_id, p.id FROM payout p WHERE EXISTS "
        "(SELECT 1 FROM payout_event e WHERE e.payout_id = p.id AND e.what = 'twice')"
    ),
    "to be sent, and the outbox doesn't know": (
        "SELECT p.remedy_id, p.id FROM payout p WHERE (p.connector = 'webhook' OR p.payment_ref IS NOT NULL) "
        "AND p.connector <> 'manual' AND p.state IN ('pending','sent') AND NOT EXISTS "
        "(SELECT 1 FROM outbox_message m WHERE m.channel = 'payout' AND m.key = p.key || '-' || p.round)"
    ),
    "sent, and no end heard for a day": (
        "SELECT p.remedy_id, p.id FROM payout p WHERE p.state = 'sent' AND p.changed_at < :silent"
    ),
    "given up: prove it or reverse the remedy": (
        "SELECT p.remedy_id, p.id FROM payout p JOIN remedy r ON r.id = p.remedy_id "
        "WHERE p.state = 'given_up' AND r.state = 'settled'"
    ),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that disagrees."""

    what: str
    remedy: str
    payout: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """states: how many payouts stand how; open ones are nobody's mistake, somebody has them to do."""

    differences: tuple[Difference, ...]
    states: Mapping[str, int]
    amounts: Mapping[str, int]

    @property
    def agrees(self) -> bool:
        return not self.differences

    def json(self) -> dict[str, Any]:
        return {
            "agrees": self.agrees,
            "differences": [{"what": one.what, "remedy": one.remedy, "payout": one.payout} for one in self.differences],
            "payouts": dict(self.states),
            "confirmed_minor": dict(self.amounts),
        }


def reconcile(now: datetime) -> Report:
    """Look for differences, at most SHOWN_MAX of each kind."""
    found: list[Difference] = []
    for what, query in DIFFERENCES.items():
        values: dict[str, Any] = {}
        statement = text(f"{query} ORDER BY 1 LIMIT {SHOWN_MAX}")
        if ":no" in query:
            values["no"] = False
        if ":silent" in query:
            statement = statement.bindparams(bindparam("silent", type_=UTCDateTime))
            values["silent"] = now - timedelta(hours=SILENT_HOURS)
        found += [
            Difference(what, ref("remedy", remedy_id), ref("payout", payout_id) if payout_id else None)
            for remedy_id, payout_id in db.session.execute(statement, values)
        ]
    states = db.session.execute(text("SELECT state, count(*) FROM payout GROUP BY state ORDER BY state"))
    amounts = db.session.execute(
        text("SELECT currency, sum(amount_minor) FROM payout WHERE state = 'confirmed' GROUP BY currency ORDER BY 1")
    )
    return Report(
        tuple(found), {str(state): int(count) for state, count in states},
        {str(currency): int(total) for currency, total in amounts},
    )  # fmt: skip
