"""What a person reads of an entry's payload: which keys, in which order, as what kind of value. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from app.audit.key_rules import LABELS, VALUES
from app.kernel.money import Money
from app.kernel.references import PREFIXES, ref
from app.kernel.time import parse_instant

FACTS_MAX = 8

# Employee ids under these keys are shown as names.
PEOPLE_KEYS = frozenset(
    {
        "requested_by",
        "owner",
        "owner_id",
        "employee",
        "employee_id",
        "manager_id",
        "supervisor_id",
        "successor_id",
        "decided_by",
        "to_owner",
        "stand_in",
        "keeper",
        "resolver",
        "same_as",
        "coach",
        "reader",
        "receiver",
        "reviewer",
        "person",
        "told",
    }
)

# Record ids under these keys are shown as references.
REFERENCE_KEYS = {
    "calendar": "calendar",
    "case": "case",
    "category": "category",
    "customer": "customer",
    "exception": "exception",
    "message": "message",
    "into": "customer",
    "remedy": "remedy",
    "root": "customer",
    "rerun": "rerun",
    "site": "site",
    "survey": "survey",
    "team": "team",
}

# For machines: whole in the raw view, noise in a sentence.
_MACHINE_KEYS = frozenset(
    {
        "currency",
        "terms_hash",
        "fingerprint",
        "intent",
        "intent_key",
        "content_hash",
        "decision",
        "transfer",
        "over",
        "windows",
        "weights",
        "charter",
        "content",
        "digest",
        "facts",
        "receipt",
        "sha256",
    }
)

ICONS = {
    "case": "plus",
    "remedy": "gift",
    "exception": "approve",
    "clock": "running",
    "sla": "running",
    "purse": "purse",
    "ledger": "purse",
    "customer": "person",
    "employee": "people",
    "team": "team",
    "site": "building",
    "session": "sign-in",
    "policy": "scale",
    "import": "upload",
    "token": "key",
    "calendar": "calendar",
    "category": "tag",
    "audit": "seal",
    "inbox": "inbox",
    "attachment": "upload",
    "backup": "download",
    "clause": "book",
    "link": "key",
    "mail": "mail",
    "message": "mail",
    "metrics": "chart",
    "payout": "swap",
    "promise": "promise",
    "person": "people",
    "redress": "scale",
    "report": "globe",
    "review": "search",
    "survey": "star",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing an entry says. shown_as: money, instant, people (a list of ids) or text."""

    label: Any
    shown_as: str
    value: Any


def facts(payload: dict[str, Any] | None) -> list[Fact]:
    """Choose what people read of a payload; empty values and keys for machines are left to the raw view."""
    if not payload:
        return []
    currency = payload.get("currency")
    found = []
    for key in sorted(payload, key=lambda key: (key not in ("amount_minor", "asked_minor"), key == "reason", key)):
        value = payload[key]
        if key.startswith("_") or key in _MACHINE_KEYS or value is None or value in ("", [], {}):
            continue
        if value is False:
            continue
        fact = _fact(key, value, currency if isinstance(currency, str) else None)
        if fact:
            found.append(fact)
    return found[:FACTS_MAX]


def _fact(key: str, value: Any, currency: str | None) -> Fact | None:
    if _is_money(value):
        return Fact(_label(key), "money", Money.of(Decimal(value["amount"]), value["currency"]))
    if key.endswith("_minor") and isinstance(value, int):
        return Fact(_label(key[:-6]), "money", Money(value, currency)) if currency else None
    if key in PEOPLE_KEYS and _are_people(value):
        return Fact(_label(key.removesuffix("_id")), "people", [value] if isinstance(value, int) else value)
    if key.endswith("_minor_max") and isinstance(value, int):
        return Fact(_label(f"{key[:-10]}_max"), "money", Money(value, currency)) if currency else None
    if key.endswith("_at") and isinstance(value, str) and (instant := _instant(value)):
        return Fact(_label(key[:-3]), "instant", instant)
    noun = REFERENCE_KEYS.get(key.removesuffix("_id"))
    if noun and isinstance(value, int) and value > 0:
        return Fact(_label(key.removesuffix("_id")), "text", ref(noun, value))
    return Fact(_label(key.removesuffix("_id")), "text", _words(value))


def _are_people(value: Any) -> bool:
    """Tell an id or a list of ids; booleans are none."""
    return type(value) is int or (isinstance(value, list) and bool(value) and all(type(one) is int for one in value))


def _is_money(value: Any) -> bool:
    """Tell the API's form of an amount, which is never negative in an entry."""
    if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
        return False
    return isinstance(value["amount"], str) and re.fullmatch(r"[0-9]{1,16}(\.[0-9]{1,3})?", value["amount"]) is not None


def _instant(text: str) -> datetime | None:
    try:
        return parse_instant(text)
    except ValueError:
        return None


def _label(key: str) -> Any:
    return LABELS.get(key, key.replace("_", " "))


def has_words(key: str) -> bool:
    """Tell whether people read this key in words, or never outside of the raw view."""
    is_for_people = key not in _MACHINE_KEYS
    ends = ("_minor", "_at", "_id", "_minor_max")
    bare = next(
        (key.removesuffix(end) + ("_max" if end == "_minor_max" else "") for end in ends if key.endswith(end)), key
    )
    return not is_for_people or key in LABELS or bare in LABELS


def _named(key: str, value: Any) -> str:
    """Say an id inside a value by its reference."""
    noun = "employee" if key in PEOPLE_KEYS else REFERENCE_KEYS.get(key.removesuffix("_id"))
    return ref(noun, value) if noun and type(value) is int and value > 0 else _words(value)


def _words(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, dict):
        return ", ".join(f"{_label(key.removesuffix('_id'))}: {_named(key, inner)}" for key, inner in value.items())
    if isinstance(value, list):
        # Of a list of rows the first cell names each; the rest is in the raw view.
        return ", ".join(_words(inner[0]) if isinstance(inner, list) and inner else _words(inner) for inner in value)
    return str(VALUES.get(value, value))


def people_in(payload: dict[str, Any] | None) -> set[int]:
    """Collect the employees that a payload names, for one look-up over a page of entries."""
    found: set[int] = set()
    for key, value in (payload or {}).items():
        if key in PEOPLE_KEYS and _are_people(value):
            found |= {value} if isinstance(value, int) else set(value)
    return found


def icon(entry_type: str) -> str:
    """Choose the picture of an entry's subject."""
    return ICONS.get(entry_type.split(":")[0], "trail")


def doer(label: str) -> Any:
    """Say who acted when it was nobody: "rule:sla-sweep@1" and "command:import"."""
    kind, _colon, name = label.partition(":")
    if kind == "rule":
        bare, _at, version = name.partition("@")
        return _l("The rule %(name)s (version %(version)s)", name=bare, version=version)
    if kind == "customer":
        return _l("The customer, %(name)s", name=name)
    return _l("The command %(name)s", name=name) if kind == "command" else label


def noun_of(reference: str) -> str | None:
    """Return what kind of record a reference names, e.g. "case" for MG-12."""
    prefix = reference.split("-")[0]
    return next((noun for noun, known in PREFIXES.items() if known == prefix), None)
