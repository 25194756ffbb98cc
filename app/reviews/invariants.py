"""What must always hold of reviews."""

from app.kernel import invariants
from app.kernel.personal import WordsChanged
from app.reviews import queries
from app.reviews.sealing import doesnt_open


def words() -> list[str]:
    """Sealed words open, and closed reviews say what was signed."""
    found = doesnt_open()
    try:
        return found + queries.signed_otherwise()
    except WordsChanged:  # they are named already
        return found


invariants.declare("reviews", words)

invariants.declare_queries(
    "reviews",
    {
        "a closed review is signed by both sides in its last round, or its person has left": (
            "SELECT r.id FROM review r WHERE r.state = 'closed' AND (SELECT count(*) FROM review_signature s "
            "WHERE s.review_id = r.id AND s.round = r.round) <> 2 AND NOT EXISTS (SELECT 1 FROM audit_entry e "
            "WHERE e.subject = 'RW-' || r.id AND e.type = 'review:end')"
        ),
        "nobody who has left has a running review": (
            "SELECT r.id FROM review r JOIN employee e ON e.id = r.employee_id "
            "WHERE r.state <> 'closed' AND e.deactivated_at IS NOT NULL"
        ),
        "both sides of a round signed the same": (
            "SELECT s.review_id FROM review_signature s GROUP BY s.review_id, s.round "
            "HAVING count(DISTINCT s.content_hash) > 1"
        ),
        "nobody wrote notes before the self-assessment": (
            "SELECT t.id FROM review_text t WHERE t.kind = 'notes' AND NOT EXISTS (SELECT 1 FROM review_text a "
            "WHERE a.review_id = t.review_id AND a.kind = 'self_assessment' AND a.id < t.id)"
        ),
        "every conduct item rests on a case": (
            "SELECT i.id FROM conduct_item i WHERE NOT EXISTS (SELECT 1 FROM conduct_case c WHERE c.item_id = i.id)"
        ),
        "conduct is held against a published charter only": (
            "SELECT i.id FROM conduct_item i JOIN charter_version v ON v.id = i.charter_version_id "
            "WHERE v.state <> 'published'"
        ),
        "every word about an employee is sealed (run `flask personal seal`)": (
            "SELECT said.place, said.id FROM (SELECT 'review_text' AS place, id FROM review_text WHERE text <> '[erased]' "
            "AND text_sealed IS NULL UNION ALL SELECT 'conduct_item', id FROM conduct_item WHERE text <> '[erased]' "
            "AND text_sealed IS NULL UNION ALL SELECT 'coaching_note', id FROM coaching_note WHERE (saw <> '[erased]' "
            "AND saw_sealed IS NULL) OR (next_step <> '[erased]' AND next_step_sealed IS NULL)) AS said"
        ),
        "what is sealed has its key": (
            "SELECT t.id FROM review_text t JOIN review r ON r.id = t.review_id LEFT JOIN employee_key k "
            "ON k.employee_id = r.employee_id WHERE t.text_sealed IS NOT NULL AND k.data_key IS NULL"
        ),
        "every signature is named by the trail": (
            "SELECT s.id FROM review_signature s WHERE NOT EXISTS (SELECT 1 FROM audit_entry e "
            "WHERE e.subject = 'RW-' || s.review_id AND e.type = 'review:sign' AND e.actor_id = s.employee_id)"
        ),
    },
)
