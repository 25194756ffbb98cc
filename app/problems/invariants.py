"""What must always hold of causes and the notes about them."""

from app.kernel import invariants

invariants.declare_queries(
    "problems",
    {
        "a case of a site's cause is of that site": (
            "SELECT l.id FROM cause_case l JOIN cause c ON c.id = l.cause_id JOIN case_file f ON f.id = l.case_id "
            "WHERE l.unlinked_at IS NULL AND c.site_id IS NOT NULL AND c.site_id <> f.site_id"
        ),
        "customers were told of a fix of that very cause, not before it": (
            "SELECT t.id FROM cause_telling t LEFT JOIN cause_fix x ON x.id = t.fix_id AND x.cause_id = t.cause_id "
            "WHERE x.id IS NULL OR t.told_at < x.at OR (x.undone_at IS NOT NULL AND t.told_at > x.undone_at)"
        ),
        "a note was owed by a telling of its cause": (
            "SELECT n.id FROM cause_note n LEFT JOIN cause_telling t ON t.id = n.telling_id AND t.cause_id = n.cause_id "
            "WHERE t.id IS NULL OR n.queued_at <> t.told_at"
        ),
        "every telling and every note is named by the trail": (
            "SELECT n.id FROM cause_note n WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.subject = 'CU-' || n.customer_id AND e.type = 'cause:note') "
            "UNION ALL SELECT t.id FROM cause_telling t WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.subject = 'RC-' || t.cause_id AND e.type = 'cause:tell')"
        ),
        "every note that waits is owed by the outbox": (
            "SELECT n.id FROM cause_note n WHERE n.ended_at IS NULL AND NOT EXISTS "
            "(SELECT 1 FROM outbox_message o WHERE o.channel = 'cause-note' "
            "AND o.key = 'cause-note:' || n.id || ':' || n.telling_id)"
        ),
    },
)
