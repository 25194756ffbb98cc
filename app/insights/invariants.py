"""What must always hold of drafts in the shadow, of accepted proposals and of pulses."""

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
invariants.declare_queries(
    "pulse",
    {
        "nobody answered a pulse more often than was asked": (
            "SELECT g.id FROM pulse_group g WHERE g.asked_count < "
            "(SELECT COUNT(*) FROM pulse_answer a WHERE a.group_id = g.id) + "
            "(SELECT COUNT(*) FROM pulse_ballot b WHERE b.group_id = g.id)"
        ),
        "a pulse that was called off holds no answer": (
            "SELECT a.id FROM pulse_answer a JOIN pulse_group g ON g.id = a.group_id "
            "JOIN pulse p ON p.id = g.pulse_id WHERE p.called_off_at IS NOT NULL"
        ),
        "a pulse that was swept or called off has no ballot": (
            "SELECT b.employee_id FROM pulse_ballot b JOIN pulse p ON p.id = b.pulse_id "
            "WHERE p.swept_at IS NOT NULL OR p.called_off_at IS NOT NULL"
        ),
        "there are as many answers of a pulse as the trail took": (
            "SELECT p.id FROM pulse p WHERE p.called_off_at IS NULL AND "
            "(SELECT COUNT(*) FROM pulse_answer a JOIN pulse_group g ON g.id = a.group_id WHERE g.pulse_id = p.id) <> "
            "(SELECT COUNT(*) FROM audit_entry e WHERE e.type = 'pulse:answer' AND e.subject = 'PS-' || p.id)"
        ),
    },
)
