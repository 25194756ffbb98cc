"""Which customers may be one, with the reasons that a person can check. Pure; a person decides each time."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from app.customers.rules import name_key

NAME_RATIO_MIN = 0.85
PHONE_DIGITS = 8  # how people say a number without its country and its first zero
REASONS = ("email", "phone", "same_name", "near_name")


@dataclass(frozen=True, slots=True)
class Known:
    """What of a customer is compared."""

    id: int
    name: str
    email: str | None
    phone: str | None
    site_id: int | None


def phone_tail(phone: str | None) -> str | None:
    """The last digits of a telephone number; None for one that is too short to tell people apart.

    Worked value: "+44 20 7946 0018" and "020 7946 0018" both give "79460018".
    """
    digits = "".join(mark for mark in phone or "" if mark.isdigit())
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS else None


def reasons(one: Known, other: Known) -> tuple[str, ...]:
    """Say why two customers may be one; empty when nothing speaks for it.

    email, phone: the same contact. same_name: the same words in any order; near_name: nearly the same letters. A name alone
    says something only where both are known at one site, or one of them everywhere.
    """
    found = []
    if one.email and one.email == other.email:
        found.append("email")
    tail = phone_tail(one.phone)
    if tail and tail == phone_tail(other.phone):
        found.append("phone")
    alike = _names(one.name, other.name)
    is_near = one.site_id is None or other.site_id is None or one.site_id == other.site_id
    if alike and (found or is_near):
        found.append(alike)
    return tuple(found)


def _names(one: str, other: str) -> str | None:
    mine, hers = sorted(name_key(one).split()), sorted(name_key(other).split())
    if mine == hers:
        return "same_name"
    if min(len(mine), len(hers)) < 2:
        return None  # a first name alone is too little
    ratio = SequenceMatcher(None, " ".join(mine), " ".join(hers), autojunk=False).ratio()
    return "near_name" if ratio >= NAME_RATIO_MIN else None


def strength(found: tuple[str, ...]) -> int:
    """Order pairs: a contact in common before a name, both before one of them."""
    weights = {"email": 4, "phone": 3, "same_name": 2, "near_name": 1}
    return sum(weights[reason] for reason in found)
