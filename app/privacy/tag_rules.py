"""How a table says what it holds of whom: one line per table, every text column tagged. Pure.

Tags of a column: `text` (free words), `name` (who somebody is, or how they are reached), `code` (a word of ours, a reference
or a hash that tells nothing by itself), `secret` (never given out: keys, hashes of secrets).
"""

from dataclasses import dataclass, field
from typing import Literal

Tag = Literal["text", "name", "code", "secret"]
Erase = Literal["overwrite", "delete", "keep"]
# Rows of a customer's case, or of a record of a colleague's, whose words are as much about the colleague: they go with either.
ABOUT_COLLEAGUES = frozenset({"kudos", "customer_thanks", "coaching_note", "review_text", "conduct_item"})


@dataclass(frozen=True, slots=True)
class Path:
    """How a row is found to be somebody's.

    kind: `customer`, `case` or `employee`: the column holds that number; `via`: the row belongs to whom the row of `table`
    belongs to that the column names by its key; `file`: an attachment, by the kind and number of what it is attached to;
    `address`: an e-mail address of theirs.
    """

    kind: Literal["customer", "case", "employee", "via", "file", "address"]
    column: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one table holds. of: empty when no row is about one person. erase: what becomes of a row whose person goes."""

    table: str
    purpose: str
    keep: str
    of: tuple[Path, ...] = ()
    erase: Erase = "keep"
    tags: dict[str, Tag] = field(default_factory=dict)
    why: str = ""  # why rows of a person stay as they are

    def columns(self, *tags: Tag) -> tuple[str, ...]:
        return tuple(name for name, tag in self.tags.items() if tag in tags)

    def spares(self, kind: str) -> bool:
        """Tell whether a row stays as it is when an employee goes, being a customer's as well."""
        return kind == "employee" and self.of_customers and self.table not in ABOUT_COLLEAGUES

    @property
    def of_customers(self) -> bool:
        return any(path.kind != "employee" for path in self.of)


def path_of(said: str) -> Path:
    """Read "case_id>case", "customer_id>customer", "employee_id>employee", "survey_id>survey.id" or "subject_id>file"."""
    column, _, target = said.partition(">")
    if target in ("customer", "case", "employee", "file", "address"):
        return Path(target, column)  # type: ignore[arg-type]
    return Path("via", column, target)


def holds(
    table: str,
    purpose: str,
    keep: str,
    *,
    of: str = "",
    erase: Erase = "keep",
    text: str = "",
    name: str = "",
    code: str = "",
    hidden: str = "",
    why: str = "",
) -> Holding:
    """Say what one table holds; each argument names columns with blanks between, and none may be named twice."""
    tags: dict[str, Tag] = {}
    pairs: tuple[tuple[Tag, str], ...] = (("text", text), ("name", name), ("code", code), ("secret", hidden))
    for tag, columns in pairs:
        for column in columns.split():
            assert column not in tags, f"{table}.{column} is tagged twice"
            tags[column] = tag
    return Holding(table, purpose, keep, tuple(path_of(one) for one in of.split()), erase, tags, why)
