"""Freeze a decision with all that it depended on, and judge it again from that alone. Pure.

A receipt holds the rules that applied, what their windows held, the rates, who gave what: whole numbers, codes and
references, no names and no free text. So it needs no table to be judged again, and nothing in it has to be erased.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import orjson

from app.audit.rules import canonical
from app.kernel.money import Money
from app.kernel.time import iso, parse_instant
from app.policies.answer_rules import Decision
from app.policies.rate_rules import Rate, Rates
from app.policies.rules import Holder, Offer, Rule, Used, judge

FORM = 1


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the judge was asked with."""

    offer: Offer
    holder: Holder
    rules: tuple[Rule, ...]
    used: Mapping[int, Used]
    rates: Rates

    def judge(self) -> Decision:
        return judge(self.offer, self.holder, self.rules, self.used, self.rates)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What judging again gave. is_whole: the content still has its hash; is_same: the answer is the stored one."""

    is_whole: bool
    is_same: bool
    stored: dict[str, Any]
    again: dict[str, Any]

    @property
    def holds(self) -> bool:
        return self.is_whole and self.is_same


def freeze(inputs: Inputs, decision: Decision, said: Mapping[str, Any]) -> bytes:
    """Write a receipt as canonical JSON; `said` adds what it is about (references, policy version and its hash)."""
    return canonical(
        {
            "form": FORM,
            "about": dict(said),
            "offer": _plain(inputs.offer),
            "holder": _plain(inputs.holder),
            "rules": [_plain(rule) for rule in inputs.rules],
            "used": {str(rule_id): _plain(used) for rule_id, used in inputs.used.items()},
            "rates": _plain(inputs.rates),
            "decision": decision.json(),
        }
    )


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def thaw(content: str | bytes) -> Inputs:
    """Read a receipt's inputs; a part that later code has added gets its default."""
    found = orjson.loads(content)
    assert found["form"] == FORM, "a receipt of a form that this code doesn't know"
    offer = {**found["offer"], "amount": Money(**found["offer"]["amount"]), "at": _instant(found["offer"].get("at"))}
    holder = {**found["holder"], "certificates": frozenset(found["holder"].get("certificates", ()))}
    rates = found["rates"]
    by_currency = {
        code: Rate(row["millionths"], date.fromisoformat(row["on"])) for code, row in rates["by_currency"].items()
    }
    day = date.fromisoformat(rates["day"]) if rates["day"] else None
    return Inputs(
        offer=Offer(**_known(Offer, offer)),
        holder=Holder(**_known(Holder, holder)),
        rules=tuple(_rule(row) for row in found["rules"]),
        used={int(rule_id): Used(**row) for rule_id, row in found["used"].items()},
        rates=Rates(day, by_currency, rates["days_max"]),
    )


def replay(content: str | bytes, content_hash: str) -> Verdict:
    """Judge a receipt again and compare; a worked value stands in tests/remedies/receipts.json, to be read for ever."""
    raw = content.encode() if isinstance(content, str) else content
    stored: dict[str, Any] = orjson.loads(raw)["decision"]
    again = orjson.loads(canonical(thaw(raw).judge().json()))
    # What later code says beside it does not count; what was said then has to be said again.
    return Verdict(hash_of(raw) == content_hash, _contains(again, stored), stored, again)


def _contains(again: Any, stored: Any) -> bool:
    if isinstance(stored, dict):
        return isinstance(again, dict) and all(key in again and _contains(again[key], stored[key]) for key in stored)
    if isinstance(stored, list):
        same_length = isinstance(again, list) and len(again) == len(stored)
        return same_length and all(_contains(one, other) for one, other in zip(again, stored, strict=True))
    return bool(again == stored)


def _plain(value: Any) -> Any:
    """Turn a value of the judge into JSON: instants as ISO, sets sorted, dataclasses as their fields."""
    if isinstance(value, Money):
        return {"minor": value.minor, "currency": value.currency}
    if hasattr(value, "__dataclass_fields__"):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in sorted(value.items())}
    return value


def _rule(row: dict[str, Any]) -> Rule:
    limits = {"valid_from": _instant(row.get("valid_from")), "valid_to": _instant(row.get("valid_to"))}
    return Rule(**_known(Rule, {**row, **limits}))


def _known(kind: Any, row: dict[str, Any]) -> dict[str, Any]:
    names = {part.name for part in fields(kind)}
    return {name: value for name, value in row.items() if name in names}


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None
