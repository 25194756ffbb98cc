"""What must always hold of money."""

from app.budgets.checks import CHECKS
from app.kernel import invariants

invariants.declare_queries("money", CHECKS)
