"""What must always hold of customers."""

from app.kernel import invariants

invariants.declare_queries(
    "customers",
    {
        "every customer who isn't erased is found while typing": (
            "SELECT id FROM customer c WHERE data_key IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM customer_token t WHERE t.customer_id = c.id)"
        ),
        "nothing is left by which an erased customer was found": (
            "SELECT c.id FROM customer_token t JOIN customer c ON c.id = t.customer_id WHERE c.data_key IS NULL"
        ),
        "every employee's address can be compared with customers'": (
            "SELECT id FROM employee p WHERE NOT EXISTS (SELECT 1 FROM employee_digest d WHERE d.employee_id = p.id) "
            "AND p.email NOT LIKE '%@erased.invalid'"
        ),
    },
)
