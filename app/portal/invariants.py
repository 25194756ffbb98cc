"""What must always hold of customers' answers, messages and choices."""

from app.kernel import invariants

invariants.declare_queries(
    "portal",
    {
        "what a customer accepted was settled": (
            "SELECT a.id FROM customer_answer a JOIN remedy r ON r.id = a.remedy_id "
            "WHERE a.answer = 'accepted' AND r.state NOT IN ('settled','reversed')"
        ),
        "what a customer declined is free": (
            "SELECT a.id FROM customer_answer a JOIN remedy r ON r.id = a.remedy_id "
            "WHERE a.answer IN ('declined','disagreed') AND r.state <> 'declined'"
        ),
        "a customer answers about her own case": (
            "SELECT a.id FROM customer_answer a JOIN remedy r ON r.id = a.remedy_id WHERE r.case_id <> a.case_id"
        ),
        "of several offers at most one was taken": (
            "SELECT o.choice_id FROM remedy_option o JOIN remedy r ON r.id = o.remedy_id "
            "WHERE r.state = 'settled' GROUP BY o.choice_id HAVING COUNT(*) > 1"
        ),
        "a report's words are kept in its case": (
            "SELECT p.id FROM report p JOIN message m ON m.id = p.message_id WHERE m.case_id <> p.case_id"
        ),
    },
)
