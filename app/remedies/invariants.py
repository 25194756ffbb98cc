"""What must always hold of remedies."""

from app.kernel import invariants

invariants.declare_queries(
    "remedies",
    {
        "a case was given what its remedies say": (
            "SELECT c.id FROM case_file c LEFT JOIN (SELECT case_id, sum(amount_minor) AS given FROM remedy "
            "WHERE state = 'settled' AND nature = 'goodwill' GROUP BY case_id) r ON r.case_id = c.id "
            "WHERE c.given_minor <> coalesce(r.given, 0)"
        ),
        "no approved remedy is above what was approved": (
            "SELECT m.id FROM remedy m JOIN exception_decision d ON d.exception_id = m.exception_id "
            "WHERE m.state IN ('reserved', 'settled') AND m.amount_minor > coalesce(d.amount_minor, 0)"
        ),
        "every remedy is named by the trail": (
            "SELECT m.id FROM remedy m WHERE NOT m.historic AND NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.subject = 'RM-' || m.id)"
        ),
    },
)
