"""A case as it stood at some moment, rebuilt from its entries and nothing else. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Happened:
    """One entry as far as a replay needs it; said is None once the entry's readable part was erased."""

    type: str
    subject: str
    at: datetime
    said: Mapping[str, Any] | None


@dataclass(slots=True)
class Thing:
    """A remedy, exception or promise of the case. amount: as the API writes it, or None."""

    ref: str
    noun: str
    state: str
    since: datetime
    amount: dict[str, str] | None = None
    what: str = ""


@dataclass(slots=True)
class Replayed:
    """What the entries up to some moment say. values: by field; has_gaps: an erased entry may hide some of them."""

    values: dict[str, Any] = field(default_factory=dict)
    things: dict[str, Thing] = field(default_factory=dict)
    count: int = 0
    has_gaps: bool = False


# Of these the entry's type alone tells the state.
_STATES = {
    "remedy:request": "requested",
    "remedy:offer": "reserved",
    "remedy:approve": "reserved",
    "remedy:accept": "settled",
    "remedy:decline": "declined",
    "remedy:withdraw": "withdrawn",
    "remedy:release": "released",
    "remedy:unchosen": "released",
    "remedy:expire": "expired",
    "remedy:reverse": "reversed",
    "exception:ask": "waiting",
    "exception:approve": "approved",
    "exception:decline": "declined",
    "exception:withdraw": "withdrawn",
    "exception:expire": "expired",
    "promise:make": "open",
    "promise:keep": "kept",
    "promise:break": "late",
    "promise:withdraw": "withdrawn",
}
_CASE_STATES = {
    "case:log": "open",
    "case:wait": "waiting",
    "case:resume": "open",
    "case:reopen": "open",
    "case:resolve": "resolved",
    "case:close": "closed",
}
_LOGGED = ("summary", "severity", "category", "channel", "customer", "owner", "team")
_FIELD_NAMES: dict[str, str] = {
    "category_id": "category",
    "customer_id": "customer",
    "owner_id": "owner",
    "team_id": "team",
}


def replay(entries: Iterable[Happened], until: datetime) -> Replayed:
    """Fold the entries, given in the order in which they were recorded, whose deed was done at `until` or before."""
    found = Replayed()
    for one in entries:
        if one.at > until:
            continue
        found.count += 1
        found.has_gaps = found.has_gaps or one.said is None
        said = one.said or {}
        if one.type.startswith("case:"):
            _case(found.values, one.type, said)
        elif one.type in _STATES or one.type in ("remedy:amend", "remedy:drop", "exception:amend"):
            _thing(found.things, one, said)
    return found


def _case(values: dict[str, Any], entry_type: str, said: Mapping[str, Any]) -> None:
    if entry_type in ("case:log", "case:import"):
        values.update({name: said[name] for name in _LOGGED if name in said})
    if entry_type == "case:import":
        values["state"] = said.get("state")
    elif entry_type in ("case:change", "case:assign"):
        after = said.get("after")
        if isinstance(after, dict):
            # A field's column and its entry's key differ for ids only.
            values.update({_FIELD_NAMES.get(name) or name: value for name, value in after.items()})
    elif entry_type in _CASE_STATES:
        values["state"] = _CASE_STATES[entry_type]
        values["waiting_for"] = said.get("waiting_for") if entry_type == "case:wait" else None
        if entry_type == "case:resolve":
            values.update(outcome=said.get("outcome"), root_cause=said.get("root_cause"))
        elif entry_type == "case:reopen":
            values.update(outcome=None, root_cause=None)


def _thing(things: dict[str, Thing], one: Happened, said: Mapping[str, Any]) -> None:
    noun = one.type.partition(":")[0]
    thing = things.setdefault(one.subject, Thing(one.subject, noun, "", one.at))
    state = _STATES.get(one.type) or (said.get("state") if one.type == "remedy:drop" else None)
    if state and state != thing.state:
        thing.state, thing.since = str(state), one.at
    amount = _amount(said)
    if amount:
        thing.amount = amount
    thing.what = str(said.get("kind") or said.get("what") or thing.what)


def _amount(said: Mapping[str, Any]) -> dict[str, str] | None:
    amount = said.get("amount")
    if isinstance(amount, dict):
        return {str(key): str(value) for key, value in amount.items()}
    minor, currency = said.get("amount_minor"), said.get("currency")
    return {"minor": str(minor), "currency": str(currency)} if isinstance(minor, int) and currency else None
