"""The last day on which somebody's look at a customer's details was recorded, so that a day's second look is no second entry."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

# What differs between the databases: whole numbers, days, and what stands after a table.
TYPES = {
    "sqlite": {"whole": "INTEGER", "day": "TEXT", "strict": " STRICT"},
    "postgresql": {"whole": "BIGINT", "day": "DATE", "strict": ""},
}
TABLE = """
    CREATE TABLE customer_look (
        customer_id {whole} NOT NULL,
        employee_id {whole} NOT NULL,
        day {day} NOT NULL,
        CONSTRAINT pk_customer_look PRIMARY KEY (customer_id, employee_id),
        CONSTRAINT fk_customer_look_customer_id_customer FOREIGN KEY(customer_id) REFERENCES customer (id),
        CONSTRAINT fk_customer_look_employee_id_employee FOREIGN KEY(employee_id) REFERENCES employee (id)
    ){strict}
"""


def upgrade() -> None:
    op.execute(TABLE.format(**TYPES[op.get_bind().dialect.name]))


def downgrade() -> None:
    op.execute("DROP TABLE customer_look")
