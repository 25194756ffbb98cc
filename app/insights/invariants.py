"""What must always hold of drafts in the shadow and of accepted proposals."""

from app.kernel import invariants

invariants.declare_queries(
    "learning",
    {
        "a draft in the shadow answers only what was asked while it ran": (
            "SELECT a.id FROM shadow_answer a JOIN shadow_run r ON r.id = a.run_id "
            "WHERE a.at < r.started_at OR a.at > r.stopped_at"
        ),
        "an answer in the shadow stands at the moment of its question": (
            "SELECT a.id FROM shadow_answer a JOIN remedy m ON m.id = a.remedy_id WHERE a.at <> m.created_at"
        ),
        "every shadow run is named by the trail": (
            "SELECT r.id FROM shadow_run r WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.type = 'shadow:start' AND e.subject = 'PO-' || r.version_id)"
        ),
        "every accepted proposal is named by the trail": (
            "SELECT p.id FROM limit_proposal p WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.type = 'proposal:accept' AND e.subject = 'PO-' || p.version_id)"
        ),
    },
)
