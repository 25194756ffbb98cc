"""Written authority: versioned rules, the remedy catalogue, clauses, and the one judge."""
