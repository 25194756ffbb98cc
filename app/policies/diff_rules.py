"""What changed between two versions of a policy, by clause. Pure."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.policies.document_rules import PARTS, Clause, Document, clause_order, scope_of, window_of
from app.policies.rules import Rule


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that came, went or changed. parts: what differs, when it changed."""

    kind: Literal["added", "removed", "changed"]
    before: Rule | None
    after: Rule | None
    parts: tuple[str, ...] = ()

    @property
    def rule(self) -> Rule:
        """The rule as it is now, or as it was when it went."""
        rule = self.after or self.before
        assert rule is not None
        return rule

    @property
    def ratio(self) -> float | None:
        """How the limit changed, new to old; None where the two can't be compared."""
        if self.before is None or self.after is None or not self.before.limit_minor:
            return None
        if (self.before.measure, self.before.currency) != (self.after.measure, self.after.currency):
            return None
        return self.after.limit_minor / self.before.limit_minor


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """What changed under one clause: its words and its rules."""

    code: str
    before: Clause | None
    after: Clause | None
    changes: tuple[Change, ...]

    @property
    def words_changed(self) -> bool:
        return self.before != self.after

    @property
    def title(self) -> str:
        clause = self.after or self.before
        return clause.title if clause else ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that two versions don't share. words: (part, before, after) of the document itself."""

    words: tuple[tuple[str, str, str], ...]
    clauses: tuple[ClauseChange, ...]
    kept_count: int

    @property
    def is_empty(self) -> bool:
        return not self.words and not self.clauses

    def count(self, kind: str) -> int:
        return sum(change.kind == kind for clause in self.clauses for change in clause.changes)


def difference(before: Document, after: Document) -> Difference:
    """Compare two documents: same window and scope is the same rule, whatever its place or limit."""
    changes, kept_count = _changes(before.rules, after.rules)
    by_clause: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        by_clause[change.rule.clause].append(change)
    codes = set(by_clause) | {one.code for one in set(before.clauses) ^ set(after.clauses)}
    words = tuple(
        (part, getattr(before, part), getattr(after, part))
        for part in ("title", "source", "rationale")
        if getattr(before, part) != getattr(after, part)
    )
    clauses = tuple(
        ClauseChange(code, before.clause(code), after.clause(code), tuple(by_clause[code]))
        for code in sorted(codes, key=clause_order)
    )
    return Difference(words, clauses, kept_count)


def _changes(before: Sequence[Rule], after: Sequence[Rule]) -> tuple[list[Change], int]:
    old, new = list(before), list(after)
    pairs: list[tuple[Rule, Rule]] = []
    # The same rule first; then one whose scope was changed under the same clause, for the same people and window.
    for key in (_whole, _same, _alike):
        pairs += _take_pairs(old, new, key)
    changes = [
        Change("changed", one, other, parts)
        for one, other in pairs
        if (parts := tuple(part for part in PARTS if getattr(one, part) != getattr(other, part)))
    ]
    kept_count = len(pairs) - len(changes)
    changes += [Change("added", None, rule) for rule in new]
    changes += [Change("removed", rule, None) for rule in old]
    return sorted(changes, key=lambda change: (change.after or change.rule).id), kept_count


def _take_pairs(old: list[Rule], new: list[Rule], key: Callable[[Rule], Any]) -> list[tuple[Rule, Rule]]:
    """Take out of both lists what has the same key, in the order of the new one."""
    waiting: dict[Any, list[Rule]] = defaultdict(list)
    for rule in old:
        waiting[key(rule)].append(rule)
    pairs = []
    for rule in list(new):
        if waiting[key(rule)]:
            partner = waiting[key(rule)].pop(0)
            pairs.append((partner, rule))
            old.remove(partner)
            new.remove(rule)
    return pairs


def _whole(rule: Rule) -> Any:
    return tuple(getattr(rule, part) for part in PARTS)


def _same(rule: Rule) -> Any:
    return window_of(rule), scope_of(rule)


def _alike(rule: Rule) -> Any:
    return rule.clause, rule.role, rule.site_id, rule.unit, rule.measure, rule.hard
