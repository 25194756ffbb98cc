"""What must always hold of surveys and follow-ups."""

from app.kernel import invariants

invariants.declare_queries(
    "feedback",
    {
        "a survey is answered exactly when it has an answer": (
            "SELECT s.id FROM survey s LEFT JOIN survey_answer a ON a.survey_id = s.id "
            "WHERE (s.state = 'answered') <> (a.id IS NOT NULL)"
        ),
        "every unhappy answer has its follow-up, but those of imported history, and no other has": (
            "SELECT a.id FROM survey_answer a JOIN survey s ON s.id = a.survey_id JOIN case_file c ON c.id = s.case_id "
            "LEFT JOIN follow_up f ON f.survey_id = a.survey_id "
            "WHERE (NOT c.historic AND (COALESCE(a.csat, 5) <= 2 OR COALESCE(a.nps, 10) <= 6)) <> (f.id IS NOT NULL)"
        ),
        "no case is resolved while a follow-up waits": (
            "SELECT f.id FROM follow_up f JOIN case_file c ON c.id = f.case_id "
            "WHERE f.closed_at IS NULL AND c.resolved_at IS NOT NULL"
        ),
        "every answer is named by the trail": (
            "SELECT a.id FROM survey_answer a WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.subject = 'SV-' || a.survey_id AND e.type IN ('survey:answer', 'survey:import'))"
        ),
    },
)
