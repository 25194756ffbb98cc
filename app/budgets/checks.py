"""What must always hold of money, as functions over the database; `flask check --all` runs them."""

from app.kernel import invariants

# Each query returns the rows that break its rule; an empty answer is a clean one.
CHECKS = {
    "a transfer sums to zero in every purse": (
        "SELECT transfer_id, purse_id FROM ledger_entry GROUP BY transfer_id, purse_id HAVING sum(amount_minor) <> 0"
    ),
    "a purse equals its entries": (
        "SELECT p.key FROM purse p LEFT JOIN (SELECT purse_id, "
        "sum(CASE WHEN bucket = 'reserved' THEN amount_minor ELSE 0 END) AS reserved, "
        "sum(CASE WHEN bucket = 'settled' THEN amount_minor ELSE 0 END) AS settled, "
        "-sum(CASE WHEN bucket = 'granted' THEN amount_minor ELSE 0 END) AS approved "
        "FROM ledger_entry GROUP BY purse_id) e ON e.purse_id = p.id "
        "WHERE p.reserved_minor <> coalesce(e.reserved, 0) OR p.settled_minor <> coalesce(e.settled, 0) "
        "OR p.approved_minor <> coalesce(e.approved, 0)"
    ),
    "no window is overspent": (
        "SELECT key FROM purse WHERE unit NOT IN ('customer_days', 'customer_cause') "
        "AND reserved_minor + settled_minor > ceiling_minor + approved_minor"
    ),
    "settled and released together are at most what was reserved": (
        "SELECT r.id FROM ledger_transfer r JOIN ledger_transfer e ON e.resolves_id = r.id "
        "WHERE e.amount_minor > r.amount_minor OR r.kind <> 'reserve'"
    ),
    "a reversal takes back at most what was settled": (
        "SELECT r.id FROM ledger_transfer r JOIN ledger_transfer s ON s.id = r.reverses_id "
        "WHERE r.amount_minor > s.amount_minor OR s.kind <> 'settle'"
    ),
    "a hold is counted as its state says": (
        "SELECT id FROM hold WHERE (state = 'reserved' AND counted_minor <> amount_minor) "
        "OR (state IN ('released', 'expired', 'reversed') AND counted_minor <> 0)"
    ),
    "a rolling purse equals the shares of its holds": (
        "SELECT p.key FROM purse p LEFT JOIN (SELECT purse_id, sum(reserved_minor) AS reserved, sum(settled_minor) AS settled "
        "FROM hold_share GROUP BY purse_id) s ON s.purse_id = p.id WHERE p.unit IN ('customer_days', 'customer_cause') "
        "AND (p.reserved_minor <> coalesce(s.reserved, 0) OR p.settled_minor <> coalesce(s.settled, 0))"
    ),
    "a reservation has at most one end": (
        "SELECT resolves_id FROM ledger_transfer WHERE resolves_id IS NOT NULL GROUP BY resolves_id HAVING count(*) > 1"
    ),
}


def violations() -> list[str]:
    """Return a sentence per rule that is broken, with some of the rows that break it."""
    return invariants.violations("money")
