"""A migration lets the code of the release before go on working: what it knew is still there, and what is new asks nothing of it.

The rule holds from 0022 on, one step at a time. A migration that can't keep it says "Contract:" and why in its first lines, and
is named in docs/operations.md with what it costs: a stop.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app import create_app
from app.kernel.database import db
from app.kernel.migrations import alembic_config, upgrade
from tests.architecture.source import ROOT
from tests.conftest import settings_for

FROM = "0021"
Columns = dict[str, "Column"]


@dataclass(frozen=True)
class Column:
    kind: str
    may_be_left_out: bool


def tables() -> dict[str, Columns]:
    found = inspect(db.engine)
    return {
        table: {
            column["name"]: Column(
                str(column["type"]),
                bool(column["nullable"]) or column["default"] is not None or bool(column.get("primary_key")),
            )
            for column in found.get_columns(table)
        }
        for table in found.get_table_names()
    }


def troubles(before: dict[str, Columns], after: dict[str, Columns]) -> list[str]:
    """What the code of the release before would run into."""
    found = [f"{table} is gone" for table in before if table not in after]
    for table in before.keys() & after.keys():
        old, new = before[table], after[table]
        found += [f"{table}.{name} is gone" for name in old if name not in new]
        found += [f"{table}.{name} is another kind" for name in old if name in new and new[name].kind != old[name].kind]
        found += [
            f"{table}.{name} must be given"
            for name, column in new.items()
            if not column.may_be_left_out and (name not in old or old[name].may_be_left_out)
        ]
    return sorted(found)


def test_each_migration_only_adds_or_says_why_it_takes_away(tmp_path: Path) -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    steps = list(reversed(list(scripts.walk_revisions(FROM, "head"))))
    assert steps[0].revision == FROM and len(steps) > 5
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    silent, untrue = {}, []
    with create_app(settings_for(f"sqlite:///{tmp_path}/steps.db", tmp_path), TESTING=True).app_context():
        upgrade(db.engine, FROM)
        before = tables()
        for step in steps[1:]:
            upgrade(db.engine, step.revision)
            after = tables()
            found, says_so = troubles(before, after), "Contract:" in (step.doc or "") + (step.longdoc or "")
            if found and not (says_so and f"`{step.revision}`" in operations):
                silent[step.revision] = found
            if says_so and not found:
                untrue.append(step.revision)
            before = after
        db.session.remove()
        db.engine.dispose()
    assert (silent, untrue) == ({}, [])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({}, {"name": Column("TEXT", False)}, ["t.name must be given"]),
        ({}, {"name": Column("TEXT", True)}, []),
        ({"name": Column("TEXT", True)}, {}, ["t.name is gone"]),
        ({"name": Column("TEXT", True)}, {"name": Column("TEXT", False)}, ["t.name must be given"]),
        ({"name": Column("TEXT", False)}, {"name": Column("INTEGER", False)}, ["t.name is another kind"]),
    ],
)
def test_what_old_code_would_run_into_is_found(old: Columns, new: Columns, said: list[str]) -> None:
    assert troubles({"t": old}, {"t": new}) == said
