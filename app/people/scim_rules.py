"""What a provisioning program's words about somebody mean here. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.people.role_rules import LEAST

Roles = Sequence[tuple[str, str]]  # what the program may call a role, and which it then is


@dataclass(frozen=True, slots=True)
class Wanted:
    """A person as the program wants them. None: nothing was said, so it stays; role: one of ours.

    Nothing said of `active` neither closes nor opens anybody's access.
    """

    user_name: str
    external_id: str | None
    name: str | None
    email: str
    role: str | None
    job_title: str
    is_active: bool | None
    manager: str | None  # the reference of an employee
    said: Mapping[str, Any]


class UnknownRole(ValueError):
    """A role that provisioning gives to nobody."""


def name_of(said: Mapping[str, Any]) -> str | None:
    """Say what somebody is called: the display name, else the whole name, else its parts."""
    parts = said.get("name") or {}
    whole = " ".join(one for one in (parts.get("givenName"), parts.get("familyName")) if one)
    return said.get("displayName") or parts.get("formatted") or whole or None


def email_of(said: Mapping[str, Any]) -> str:
    """Choose the address that counts: the primary one, else the one of work, else the first."""
    emails = [one for one in said.get("emails") or () if one.get("value")]
    chosen = next((one for one in emails if one.get("primary")), None)
    chosen = chosen or next((one for one in emails if one.get("type") == "work"), None) or (emails or [{}])[0]
    return str(chosen.get("value", "")).strip().lower()


def role_of(said: Mapping[str, Any], roles: Roles) -> str | None:
    """Return which role is meant, or None when nothing was said of it. Raises UnknownRole.

    Of several the one that stands last in the setting counts, so it is written from the least to the most.
    """
    named = [str(one.get("value")) for one in said.get("roles") or () if one.get("value")]
    if not named:
        return None
    known = {theirs.casefold(): place for place, (theirs, _ours) in enumerate(roles)}
    unknown = [one for one in named if one.casefold() not in known]
    if unknown:
        raise UnknownRole(unknown[0])
    return roles[max(known[one.casefold()] for one in named)][1]


def given_roles(roles: Roles) -> frozenset[str]:
    """The roles of the people whom the program keeps; frontline is one, since whom it adds begins with that."""
    return frozenset({LEAST, *(ours for _theirs, ours in roles)})


def team_name(display: str, own_site: str, sites: Mapping[str, int]) -> tuple[str, str]:
    """Part the name of a group into a site's code and a team's name: "HARB: Concierge"; without a code: the own site."""
    code, colon, name = display.partition(":")
    if colon and code.strip().upper() in sites and name.strip():
        return code.strip().upper(), name.strip()
    return own_site, display


def group_name(name: str, code: str, own_site: str) -> str:
    return name if code == own_site else f"{code}: {name}"
