"""Append-only tables, held by the database itself on both engines.

SQLite's REPLACE deletes without firing delete triggers, so an insert over an existing key is refused as well.
PostgreSQL's row triggers do not see TRUNCATE, so a statement trigger stands beside them.
"""

from collections.abc import Sequence

from sqlalchemy import DDL, Table, event

# What stands in place of words that were erased; the triggers that allow it name it, so it never changes.
ERASED = "[erased]"
PG_FUNCTION = (
    "CREATE OR REPLACE FUNCTION makegood_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$"
)


def append_only(table: Table, *, keys: Sequence[str] = ("id",), update_allowed_when: str | None = None) -> None:
    """Refuse UPDATE, DELETE, TRUNCATE and REPLACE on a table, when it is created.

    keys: every unique column, one by one. update_allowed_when: an SQL condition over OLD and NEW that an update must meet.
    """
    for dialect, statements in (
        ("sqlite", sqlite_statements(table.name, keys, update_allowed_when)),
        ("postgresql", postgresql_statements(table.name, update_allowed_when)),
    ):
        for statement in statements:
            event.listen(table, "after_create", DDL(statement.replace("%", "%%")).execute_if(dialect=dialect))


def only_erased(columns: Sequence[str], word: str) -> str:
    """Return the condition of an update that only puts ERASED into one column; `columns` are all the others."""
    kept = [f"coalesce(CAST(NEW.{name} AS TEXT), '') = coalesce(CAST(OLD.{name} AS TEXT), '')" for name in columns]
    return " AND ".join([*kept, f"NEW.{word} = '{ERASED}'"])


def only_sealed(columns: Sequence[str], word: str) -> str:
    """Return the condition of an update that seals the words of a column, once, and changes nothing else (see 0031)."""
    kept = [f"coalesce(CAST(NEW.{name} AS TEXT), '') = coalesce(CAST(OLD.{name} AS TEXT), '')" for name in columns]
    once = (
        f"OLD.{word}_sealed IS NULL AND NEW.{word}_sealed IS NOT NULL AND OLD.{word} <> '{ERASED}' AND NEW.{word} = ''"
    )
    return " AND ".join([*kept, once])


def frozen_when(table: Table, condition: str, *, update_allowed_when: str | None = None) -> None:
    """Refuse UPDATE and DELETE of the rows that meet `condition` (over OLD), e.g. a published version."""
    name = table.name
    for dialect, statements in (
        ("sqlite", sqlite_frozen_statements(name, condition, update_allowed_when)),
        ("postgresql", postgresql_frozen_statements(name, condition, update_allowed_when)),
    ):
        for statement in statements:
            event.listen(table, "after_create", DDL(statement.replace("%", "%%")).execute_if(dialect=dialect))


def sqlite_statements(name: str, keys: Sequence[str], update_allowed_when: str | None = None) -> list[str]:
    unless = f" WHEN NOT ({update_allowed_when})" if update_allowed_when else ""
    taken = " OR ".join(f"EXISTS (SELECT 1 FROM {name} WHERE {key} = NEW.{key})" for key in keys)
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    return [
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name}{unless} {refuse}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} {refuse}",
        f"CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name} WHEN {taken} {refuse}",
    ]


def postgresql_statements(name: str, update_allowed_when: str | None = None) -> list[str]:
    unless = f" WHEN (NOT ({update_allowed_when}))" if update_allowed_when else ""
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        PG_FUNCTION,
        f"CREATE TRIGGER {name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW{unless} {run}",
        f"CREATE TRIGGER {name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    ]


def sqlite_frozen_statements(name: str, condition: str, update_allowed_when: str | None = None) -> list[str]:
    changed = f"({condition}) AND NOT ({update_allowed_when})" if update_allowed_when else condition
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
    frozen_row = condition.replace("OLD.", f"{name}.")
    return [
        f"CREATE TRIGGER {name}_frozen_update BEFORE UPDATE ON {name} WHEN {changed} {refuse}",
        f"CREATE TRIGGER {name}_frozen_delete BEFORE DELETE ON {name} WHEN {condition} {refuse}",
        f"CREATE TRIGGER {name}_frozen_replace BEFORE INSERT ON {name} "
        f"WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id AND {frozen_row}) {refuse}",
    ]


def postgresql_frozen_statements(name: str, condition: str, update_allowed_when: str | None = None) -> list[str]:
    changed = f"({condition}) AND NOT ({update_allowed_when})" if update_allowed_when else condition
    run = "EXECUTE FUNCTION makegood_refuse()"
    return [
        PG_FUNCTION,
        f"CREATE TRIGGER {name}_frozen_update BEFORE UPDATE ON {name} FOR EACH ROW WHEN ({changed}) {run}",
        f"CREATE TRIGGER {name}_frozen_delete BEFORE DELETE ON {name} FOR EACH ROW WHEN ({condition}) {run}",
        f"CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name} FOR EACH STATEMENT {run}",
    ]
