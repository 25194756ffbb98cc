"""What must always hold of requests and their decisions."""

from app.kernel import invariants

invariants.declare_queries(
    "exceptions",
    {
        "nobody decided their own request": (
            "SELECT r.id FROM exception_request r JOIN exception_decision d ON d.exception_id = r.id "
            "WHERE r.requested_by_id IN (d.decided_by_id, d.on_behalf_of_id)"
        ),
        "nobody decided what the customer of their own case was offered by themselves": (
            "SELECT r.id FROM exception_request r JOIN exception_decision d ON d.exception_id = r.id "
            "JOIN remedy m ON m.id = r.remedy_id WHERE m.employee_id = d.decided_by_id"
        ),
        "a request is decided exactly when it has a decision": (
            "SELECT r.id FROM exception_request r LEFT JOIN exception_decision d ON d.exception_id = r.id "
            "WHERE (r.state IN ('approved', 'declined')) <> (d.id IS NOT NULL) "
            "OR (d.id IS NOT NULL AND d.outcome <> r.state)"
        ),
        "every request is named by the trail": (
            "SELECT r.id FROM exception_request r WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.subject = 'EX-' || r.id)"
        ),
    },
)
