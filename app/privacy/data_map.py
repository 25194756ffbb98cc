"""The data map: what every table holds, of whom, what for, and what becomes of it. Everything here asks it.

A new table or text column is red in the tests until it stands in one of the lists named below.
"""

from functools import cache

from app.kernel.database import db
from app.privacy.case_tag_rules import CASES, CUSTOMERS, MONEY
from app.privacy.people_tag_rules import MACHINERY, PEOPLE, RULES
from app.privacy.tag_rules import Holding

HOLDINGS: tuple[Holding, ...] = (*CUSTOMERS, *CASES, *MONEY, *PEOPLE, *RULES, *MACHINERY)


@cache
def by_table() -> dict[str, Holding]:
    found = {one.table: one for one in HOLDINGS}
    assert len(found) == len(HOLDINGS), "a table stands in the map twice"
    return found


def gaps() -> list[str]:
    """Say what the map leaves out and what it names that isn't there; empty when it is true."""
    wrong: list[str] = []
    known = by_table()
    for table in db.metadata.sorted_tables:
        holding = known.get(table.name)
        if holding is None:
            wrong.append(f"{table.name} stands nowhere in the map")
            continue
        texts = {column.name for column in table.c if is_text(column)}
        wrong += [f"{table.name}.{name} has no tag" for name in sorted(texts - set(holding.tags))]
        wrong += [f"{table.name}.{name} is tagged and isn't there" for name in sorted(set(holding.tags) - texts)]
        wrong += [f"{table.name}.{path.column} isn't there" for path in holding.of if path.column not in table.c]
    wrong += [f"{name} isn't there" for name in sorted(set(known) - set(db.metadata.tables))]
    return wrong


def is_text(column: object) -> bool:
    """Tell whether a column can hold words: text of any length and JSON."""
    kind = type(getattr(column, "type", None)).__name__
    return kind in ("String", "Text", "JSONText", "LargeBinary", "JSON")
