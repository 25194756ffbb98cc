"""What must always hold of cases."""

from app.kernel import invariants

invariants.declare_queries(
    "cases",
    {
        "every case is named by the trail": (
            "SELECT c.id FROM case_file c WHERE NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.case_id = c.id)"
        ),
        "no open case belongs to somebody who has left": (
            "SELECT c.id FROM case_file c JOIN employee p ON p.id = c.owner_id "
            "WHERE c.resolved_at IS NULL AND p.deactivated_at IS NOT NULL"
        ),
        "a case waits for somebody exactly while it is waiting": (
            "SELECT id FROM case_file WHERE (state = 'waiting') <> (waiting_for IS NOT NULL)"
        ),
        "nothing was resolved before it was received": "SELECT id FROM case_file WHERE resolved_at < received_at",
    },
)
