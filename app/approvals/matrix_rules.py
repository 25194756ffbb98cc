"""The delegation-of-authority matrix: which row a request falls under, and the route that follows from it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

NATURES = ("goodwill", "redress")
DEFAULT_WHO = ("role:supervisor", "role:manager")
STEPS_MAX = 5
NEEDED_MAX = 5


@dataclass(frozen=True, slots=True)
class StepRule:
    """One step: anybody of `who`, `needed` of them. who: "role:manager", "title:Duty manager" or "person:12"."""

    who: tuple[str, ...]
    needed: int = 1

    def json(self) -> dict[str, Any]:
        return {"who": list(self.who), "needed": self.needed}


DEFAULT_STEPS = (StepRule(DEFAULT_WHO),)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row. An empty part means any; the band is above `above_minor` (exclusive) up to `up_to_minor` (inclusive).

    No steps: what falls here is decided by nobody. up_to_minor None: without an upper end.
    """

    name: str
    steps: tuple[StepRule, ...]
    currency: str | None = None
    above_minor: int = 0
    up_to_minor: int | None = None
    site_id: int | None = None
    team_id: int | None = None
    kinds: tuple[str, ...] = ()
    category_ids: tuple[int, ...] = ()
    natures: tuple[str, ...] = ()
    askers: tuple[str, ...] = ()  # who asks: "role:frontline" or "title:Receptionist"

    def json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "steps": [step.json() for step in self.steps],
            "currency": self.currency,
            "above": self.above_minor,
            "up_to": self.up_to_minor,
            "site": self.site_id,
            "team": self.team_id,
            "kinds": list(self.kinds),
            "categories": list(self.category_ids),
            "natures": list(self.natures),
            "askers": list(self.askers),
        }

    @property
    def weight(self) -> int:
        """How particular the row is: a team before a site before a category before a kind before who asks."""
        parts = (self.team_id, self.site_id, self.category_ids, self.kinds or self.natures, self.askers)
        return sum(2 ** (4 - place) for place, part in enumerate(parts) if part)

    @property
    def has_band(self) -> bool:
        return self.above_minor > 0 or self.up_to_minor is not None

    def holds(self, amount_minor: int) -> bool:
        """Tell whether an amount lies in the band."""
        return self.above_minor < max(amount_minor, 1) and (
            self.up_to_minor is None or amount_minor <= self.up_to_minor
        )


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked, by whom, and where: all that the matrix and the route look at."""

    kind: str
    amount_minor: int
    currency: str
    site_id: int
    team_id: int | None = None
    category_id: int | None = None
    nature: str = "goodwill"
    asker_role: str = ""
    asker_title: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person who holds the right to decide somewhere. reach: site, team, region or company; human: the person behind it."""

    id: int
    human: int
    role: str
    title: str
    site_id: int
    team_id: int | None
    reach: str
    is_away: bool = False
    site_ids: tuple[int, ...] = ()  # of a region


@dataclass(frozen=True, slots=True)
class RouteStep:
    """One step with the people who could take it now, nearest first, and of those the ones who are away."""

    number: int
    who: tuple[str, ...]
    needed: int
    decider_ids: tuple[int, ...]
    away_ids: tuple[int, ...] = ()

    @property
    def present_ids(self) -> tuple[int, ...]:
        return tuple(identity for identity in self.decider_ids if identity not in self.away_ids)


@dataclass(frozen=True, slots=True)
class Route:
    """How a request goes. is_beyond: above everything that the matrix lets anybody decide."""

    steps: tuple[RouteStep, ...]
    row_name: str = ""
    is_beyond: bool = False
    is_staffed: bool = True

    @property
    def key(self) -> str:
        """Routes with the same key take alike: the row, and how many decide in each step."""
        return f"{self.row_name or '-'}|{'+'.join(str(step.needed) for step in self.steps)}"[:120]


def row_for(ask: Ask, rows: Sequence[MatrixRow]) -> tuple[MatrixRow | None, bool]:
    """Find the row that a request falls under, the most particular first, in the document's order among equals.

    Returns (row, False), (None, True) when rows speak about such requests but all end below the amount, and
    (None, False) when no row speaks about it: then one supervisor or manager decides, as without a matrix.
    """
    speaking = [row for row in rows if _speaks(row, ask)]
    for row in sorted(speaking, key=lambda row: -row.weight):
        if row.holds(ask.amount_minor):
            return row, False
    tops = [row.up_to_minor for row in speaking if row.up_to_minor is not None]
    return None, bool(tops) and ask.amount_minor > max(tops)


def _speaks(row: MatrixRow, ask: Ask) -> bool:
    return (
        (row.site_id is None or row.site_id == ask.site_id)
        and (row.team_id is None or row.team_id == ask.team_id)
        and (row.currency is None or row.currency == ask.currency)
        and (not row.kinds or ask.kind in row.kinds)
        and (not row.natures or ask.nature in row.natures)
        and (not row.category_ids or ask.category_id in row.category_ids)
        and (not row.askers or any(is_named(name, role=ask.asker_role, title=ask.asker_title) for name in row.askers))
    )


def is_named(name: str, *, role: str, title: str = "", identity: int | None = None) -> bool:
    """Tell whether a name of the matrix ("role:manager", "title:Duty manager", "person:12") means this person."""
    what, _, value = name.partition(":")
    if what == "role":
        return value == role
    if what == "title":
        return bool(title) and value.strip().casefold() == title.strip().casefold()
    return what == "person" and identity is not None and value == str(identity)


def route(
    ask: Ask, rows: Sequence[MatrixRow], people: Sequence[Candidate], at: datetime, *, barred: Iterable[int] = ()
) -> Route:
    """Compute the route of a request, as it stands at `at`, before it is sent and at each decision alike.

    people: active holders of the right, nearest first, with `is_away` as of `at`. barred: the humans behind the
    requester, the case's owner and the beneficiary; none of their accounts is named in any step.
    """
    row, is_beyond = row_for(ask, rows)
    if is_beyond or (row is not None and not row.steps):
        return Route((), row.name if row else "", is_beyond=True)
    rules = row.steps if row else DEFAULT_STEPS
    out = set(barred)
    able = [person for person in people if person.human not in out and reaches(person, ask.site_id, ask.team_id)]
    steps = tuple(
        _step(number, rule, [p for p in able if is_of(rule.who, p)]) for number, rule in enumerate(rules, start=1)
    )
    humans = {person.id: person.human for person in able}
    return Route(steps, row.name if row else "", is_staffed=can_be_staffed(steps, humans))


def _step(number: int, rule: StepRule, able: Sequence[Candidate]) -> RouteStep:
    away = tuple(person.id for person in able if person.is_away)
    return RouteStep(number, rule.who, rule.needed, tuple(person.id for person in able), away)


def is_of(who: Sequence[str], person: Candidate) -> bool:
    return any(is_named(name, role=person.role, title=person.title, identity=person.id) for name in who)


def reaches(person: Candidate, site_id: int, team_id: int | None) -> bool:
    """Tell whether somebody's right to decide reaches a place."""
    if person.reach == "company":
        return True
    if person.reach == "region":
        return site_id in person.site_ids
    if person.reach == "site":
        return person.site_id == site_id
    return person.reach == "team" and person.team_id is not None and person.team_id == team_id


def can_be_staffed(steps: Sequence[RouteStep], humans: Mapping[int, int]) -> bool:
    """Tell whether different people can fill every place of every step: a matching of places to humans.

    Worked value: two steps whose only decider is the same person cannot be staffed, though each alone could.
    """
    places = [step for step in steps for _ in range(step.needed)]
    taken: dict[int, int] = {}

    def seat(place: int, seen: set[int]) -> bool:
        for identity in places[place].decider_ids:
            human = humans.get(identity, identity)
            if human in seen:
                continue
            seen.add(human)
            if human not in taken or seat(taken[human], seen):
                taken[human] = place
                return True
        return False

    return all(seat(place, set()) for place in range(len(places)))
