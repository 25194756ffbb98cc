"""A policy as a document: its words, its clauses and its rules, as values. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from app.audit.rules import canonical
from app.kernel.money import Money
from app.kernel.time import iso
from app.policies.rules import NO_CURRENCY, UNITS, Rule

TITLE_MAX, CLAUSE_MAX, CLAUSE_TITLE_MAX, WORDS_MAX = 120, 40, 120, 4_000
RULES_MAX = 2_000
MEASURES = ("amount", "count")
PERIODS = ("customer_day", "customer_days", "employee_month", "team_month", "site_month")
SINGLES = ("remedy", "incident", "customer_incident")
assert set(PERIODS) | set(SINGLES) == set(UNITS)

# What a rule's row says, in the order in which people read it; a part left out is any, or the default.
PARTS: tuple[str, ...] = tuple(field.name for field in fields(Rule) if field.name != "id")
SCOPE = (
    "role", "level_min", "certificate", "site_id", "team_id", "kind", "category_id", "severity_min", "severity_max",
    "segment", "valid_from", "valid_to",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = dict.fromkeys(PARTS) | {
    "severity_min": 0,
    "severity_max": 4,
    "hard": False,
    "measure": "amount",
    "clause": "",
}
_INSTANTS = ("valid_from", "valid_to")


@dataclass(frozen=True, slots=True)
class Clause:
    """A numbered sentence of the policy that rules refer to."""

    code: str
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy as people write it. The rules' ids are their places, from 1."""

    title: str
    source: str = ""
    rationale: str = ""
    clauses: tuple[Clause, ...] = ()
    rules: tuple[Rule, ...] = ()

    def clause(self, code: str) -> Clause | None:
        return next((clause for clause in self.clauses if clause.code == code), None)

    def rule(self, place: int) -> Rule | None:
        return self.rules[place - 1] if 1 <= place <= len(self.rules) else None

    def with_rules(self, rules: Iterable[Rule]) -> "Document":
        """Return the document with these rules, numbered by their places."""
        return replace(self, rules=tuple(replace(rule, id=place) for place, rule in enumerate(rules, start=1)))

    @property
    def content(self) -> dict[str, Any]:
        """The document as plain values: what is stored, hashed and reviewed."""
        return {
            "title": self.title,
            "source": self.source,
            "rationale": self.rationale,
            "clauses": [{"code": one.code, "title": one.title, "text": one.text} for one in self.clauses],
            "rules": [rule_values(rule) for rule in self.rules],
        }

    @property
    def hash(self) -> str:
        """Name the content: equal documents have equal hashes, on every machine."""
        return hashlib.sha256(canonical(self.content)).hexdigest()


def document_of(content: Mapping[str, Any]) -> Document:
    """Read stored content back; the inverse of `Document.content`."""
    return Document(
        title=content["title"],
        source=content["source"],
        rationale=content["rationale"],
        clauses=tuple(Clause(**clause) for clause in content["clauses"]),
        rules=rules_of_values(content["rules"]),
    )


def rules_of_values(values: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Turn rows of rule parts into rules, numbered by their places."""
    return tuple(rule_of_values(place, row) for place, row in enumerate(values, start=1))


def rule_of_values(place: int, row: Mapping[str, Any]) -> Rule:
    """Turn one row of rule parts into a rule; a part that is not said has its default."""
    unknown = set(row) - set(PARTS)
    assert not unknown, f"a rule has no {sorted(unknown)}"
    filled = {**_DEFAULTS, **row}
    for part in _INSTANTS:
        if isinstance(filled[part], str):
            filled[part] = datetime.fromisoformat(filled[part])
    if filled["measure"] == "count":
        filled["currency"] = NO_CURRENCY
    return Rule(id=place, **filled)


def rule_values(rule: Rule) -> dict[str, Any]:
    """Say a rule by the parts that differ from the default, as JSON holds them."""
    said: dict[str, Any] = {}
    for part in PARTS:
        value = getattr(rule, part)
        if value != _DEFAULTS[part] or part in ("unit", "limit_minor", "currency", "clause"):
            said[part] = iso(value) if part in _INSTANTS and value is not None else value
    return said


def rule_columns(rule: Rule) -> dict[str, Any]:
    """Say a rule by all its columns, as the table of published rules takes them."""
    return {part: getattr(rule, part) for part in PARTS}


def limit_of(rule: Rule) -> Money | int:
    """A rule's limit: money, or a number of remedies."""
    return rule.limit_minor if rule.measure == "count" else Money(rule.limit_minor, rule.currency)


def window_of(rule: Rule) -> tuple[Any, ...]:
    """What makes two limits rivals: only rules of one window displace each other."""
    return (rule.unit, rule.days, rule.measure, rule.hard, rule.currency)


def scope_of(rule: Rule) -> tuple[Any, ...]:
    """To whom and to what a rule applies."""
    return tuple(getattr(rule, part) for part in SCOPE)


def with_clauses_of(document: Document) -> Document:
    """Give every clause that a rule names a place in the list, in the clauses' own order."""
    named = {rule.clause for rule in document.rules if rule.clause} - {clause.code for clause in document.clauses}
    clauses = (*document.clauses, *(Clause(code) for code in named))
    return replace(document, clauses=tuple(sorted(clauses, key=lambda clause: clause_order(clause.code))))


def clause_order(code: str) -> tuple[Any, ...]:
    """Sort clauses as people number them: 4.2 before 4.10, and numbers before words."""
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in code.split("."))
