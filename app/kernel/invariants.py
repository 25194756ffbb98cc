"""What must always hold, asked of the database itself. Rooms declare their rules; `flask check --all` asks them all."""

from collections.abc import Callable, Mapping

from sqlalchemy import text

from app.kernel.database import db

SHOWN = 5  # rows named per broken rule
Check = Callable[[], list[str]]
_KNOWN: dict[str, list[Check]] = {}


def declare(part: str, check: Check) -> None:
    """Add a check to a part of the product, e.g. "money"; declaring it again changes nothing."""
    checks = _KNOWN.setdefault(part, [])
    if check not in checks:
        checks.append(check)


def declare_queries(part: str, rules: Mapping[str, str]) -> None:
    """Add rules as queries: each selects the rows that break its sentence, so an empty answer is a clean one."""
    declare(part, _Queries(part, rules))


class _Queries:
    """A room's rules as one check; two of the same part and sentences are the same."""

    def __init__(self, part: str, rules: Mapping[str, str]) -> None:
        self.part, self.rules = part, dict(rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Queries) and (self.part, self.rules) == (other.part, other.rules)

    def __hash__(self) -> int:
        return hash((self.part, tuple(self.rules)))

    def __call__(self) -> list[str]:
        found = []
        for sentence, query in self.rules.items():
            rows = db.session.execute(text(f"{query} LIMIT {SHOWN}")).all()
            if rows:
                found.append(f"{sentence}: {[tuple(row) for row in rows]}")
        return found


def parts() -> list[str]:
    return sorted(_KNOWN)


def violations(part: str) -> list[str]:
    """Return a sentence per rule of the part that is broken, with some of the rows that break it."""
    return [sentence for check in _KNOWN[part] for sentence in check()]
