"""What must always hold of requests, their steps and says, their decisions, and the money that waits for them."""

# ruff: noqa: S608  the queries are put together from this file alone

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
        "a request that has ended has no clock that runs": (
            "SELECT c.id FROM exception_request r JOIN clock c ON c.subject = 'EX-' || r.id "
            "WHERE c.milestone = 'approval' AND c.stopped_at IS NULL AND c.cancelled_at IS NULL AND r.state <> 'waiting'"
        ),
        "every request is named by the trail": (
            "SELECT r.id FROM exception_request r WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_entry e WHERE e.subject = 'EX-' || r.id)"
        ),
    },
)

# Whoever acts through a second account is one person.
_HUMAN = "coalesce((SELECT s.same_as_id FROM second_account s WHERE s.employee_id = {0}), {0})"
_ROUND = "JOIN exception_route o ON o.exception_id = r.id"
_SAYS = (
    "(SELECT count(*) FROM exception_vote v WHERE v.exception_id = r.id AND v.round = o.round "
    "AND v.number = t.number AND v.outcome = 'approved')"
)

invariants.declare_queries(
    "exception steps",
    {
        "nobody said anything about their own request, in no account of theirs and on nobody's behalf": (
            "SELECT v.id FROM exception_vote v JOIN exception_request r ON r.id = v.exception_id "
            f"WHERE {_HUMAN.format('r.requested_by_id')} IN "
            f"(v.human_id, {_HUMAN.format('v.decided_by_id')}, {_HUMAN.format('coalesce(v.on_behalf_of_id, 0)')})"
        ),
        "nobody speaks twice in a round, as themselves or as a stand-in": (
            "SELECT a.id, b.id FROM exception_vote a JOIN exception_vote b "
            "ON b.exception_id = a.exception_id AND b.round = a.round AND b.id > a.id "
            "WHERE a.human_id = b.human_id OR a.decided_by_id IN (b.decided_by_id, coalesce(b.on_behalf_of_id, 0)) "
            "OR coalesce(a.on_behalf_of_id, -1) IN (b.decided_by_id, coalesce(b.on_behalf_of_id, 0))"
        ),
        "nothing is said after the end": (
            "SELECT v.id FROM exception_vote v JOIN exception_request r ON r.id = v.exception_id WHERE v.at > r.ended_at"
        ),
        "nobody speaks in a round that is still to come": (
            "SELECT v.id FROM exception_vote v JOIN exception_route o ON o.exception_id = v.exception_id "
            "WHERE v.round > o.round"
        ),
        "a waiting request has exactly one open step": (
            f"SELECT r.id FROM exception_request r {_ROUND} WHERE r.state = 'waiting' AND 1 <> "
            "(SELECT count(*) FROM exception_step t WHERE t.exception_id = r.id AND t.round = o.round "
            "AND t.opened_at IS NOT NULL AND t.done_at IS NULL)"
        ),
        "an approved request has all the says that every step of its round needs": (
            f"SELECT r.id, t.number FROM exception_request r {_ROUND} "
            "JOIN exception_step t ON t.exception_id = r.id AND t.round = o.round "
            f"WHERE r.state = 'approved' AND {_SAYS} < t.needed"
        ),
        "a step is done exactly when it has its says or a refusal": (
            f"SELECT r.id, t.number FROM exception_request r {_ROUND} "
            "JOIN exception_step t ON t.exception_id = r.id AND t.round = o.round "
            f"WHERE (t.done_at IS NOT NULL) <> ({_SAYS} >= t.needed OR EXISTS (SELECT 1 FROM exception_vote v "
            "WHERE v.exception_id = r.id AND v.round = o.round AND v.number = t.number AND v.outcome = 'declined'))"
        ),
        "a refused request has one refusal, and a waiting or approved one none": (
            f"SELECT r.id FROM exception_request r {_ROUND} WHERE r.state IN ('waiting', 'approved', 'declined') AND "
            "(SELECT count(*) FROM exception_vote v WHERE v.exception_id = r.id AND v.round = o.round "
            "AND v.outcome = 'declined') <> CASE WHEN r.state = 'declined' THEN 1 ELSE 0 END"
        ),
        "nothing is granted beyond the least that was said, or beyond what was asked": (
            f"SELECT r.id FROM exception_request r {_ROUND} JOIN exception_decision d ON d.exception_id = r.id "
            "WHERE d.amount_minor > r.amount_minor OR d.amount_minor > (SELECT min(v.amount_minor) "
            "FROM exception_vote v WHERE v.exception_id = r.id AND v.round = o.round)"
        ),
    },
)

invariants.declare_queries(
    "exception holds",
    {
        "what waits for an answer holds nothing yet": (
            "SELECT m.id FROM remedy m JOIN exception_request r ON r.id = m.exception_id "
            "WHERE r.state = 'waiting' AND m.state <> 'requested'"
        ),
        "what was approved is held, given, or was let go by a deed of its own": (
            "SELECT m.id FROM remedy m JOIN exception_request r ON r.id = m.exception_id "
            "WHERE r.state = 'approved' AND m.state = 'requested'"
        ),
        "what was not approved holds nothing": (
            "SELECT m.id FROM remedy m JOIN exception_request r ON r.id = m.exception_id "
            "WHERE r.state IN ('declined', 'withdrawn', 'expired') AND m.state IN ('requested', 'reserved', 'settled')"
        ),
        "a remedy and its request know each other": (
            "SELECT r.id FROM exception_request r LEFT JOIN remedy m ON m.id = r.remedy_id "
            "WHERE r.remedy_id IS NOT NULL AND (m.id IS NULL OR coalesce(m.exception_id, 0) <> r.id)"
        ),
    },
)
