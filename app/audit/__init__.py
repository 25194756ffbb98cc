"""The trail: append-only, hash-chained entries, their types with exact keys, verification and the trail pages."""
