"""The first page of each person, and search over cases and customers. Pages all through: nothing is kept here."""
