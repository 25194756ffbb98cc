"""Sites, teams and categories that a file names: found, or made through their own actions where the mapping allows it.

People are only found.
"""

from dataclasses import dataclass, field
from datetime import datetime

from app.cases.history import add_past_category, category_code, category_ids
from app.intake.mapping_rules import Mapping
from app.intake.rules import Problem, Record, shortened
from app.kernel.actor import Actor
from app.people import place_actions
from app.people import queries as people

NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record belongs."""

    site_id: int
    team_id: int | None
    category_id: int
    resolver_id: int | None


@dataclass(slots=True)
class Places:
    """What is known so far; thrown away when a batch fails, since what it made is gone with it."""

    mapping: Mapping
    actor: Actor
    sites: dict[str, int] = field(default_factory=dict)
    teams: dict[tuple[int, str], int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    people: dict[str, list[int]] = field(default_factory=dict)

    def load(self) -> "Places":
        self.sites = {site.code: site.id for site in people.sites()}
        self.teams = {(team.site_id, team.name): team.id for team in people.teams()}
        self.categories = category_ids()
        self.people = people.ids_by_words() if "resolved_by" in self.mapping.fields else {}
        return self

    def missing(self, record: Record) -> Problem | None:
        """Say what the record names that is neither there nor allowed to be made."""
        fields = self.mapping.fields
        site_id = self.sites.get(record.site.upper())
        if site_id is None and self.mapping.new_site is None:
            return Problem("unknown-site", _column(fields, "site"), record.site)
        if record.team and not self.mapping.creates_teams and (site_id, record.team[:NAME_MAX]) not in self.teams:
            return Problem("unknown-team", _column(fields, "team"), record.team)
        if not self.mapping.creates_categories and self._category(record.category) is None:
            return Problem("unknown-category", _column(fields, "category"), record.category)
        if record.resolved_by:
            found = len(self._people(record.resolved_by))
            if found > 1 or (not found and not self.mapping.leaves_unknown_people):
                code = "two-people" if found else "unknown-person"
                return Problem(code, _column(fields, "resolved_by"), record.resolved_by)
        return None

    def place(self, record: Record, now: datetime) -> Place:
        """Find the record's site, team and category, and make what is missing; inside the batch's transaction."""
        site_id = self.sites.get(record.site.upper()) or self._new_site(record, now)
        team_id = None
        if record.team:
            key = (site_id, record.team[:NAME_MAX])
            team_id = self.teams.get(key) or self._new_team(key, now)
        category_id = self._category(record.category) or self._new_category(record.category, now)
        resolvers = self._people(record.resolved_by) if record.resolved_by else []
        return Place(site_id, team_id, category_id, resolvers[0] if resolvers else None)

    def _new_site(self, record: Record, now: datetime) -> int:
        new = self.mapping.new_site
        assert new is not None
        code = record.site.upper()
        site = place_actions.add_site(
            code=code,
            name=shortened(record.site_name or code, NAME_MAX),
            time_zone=self.mapping.zones.get(record.site, self.mapping.zone),
            currency=new.currency,
            locale=new.locale,
            country=new.country,
            subdivision=new.subdivision,
            actor=self.actor,
            now=now,
        )
        self.sites[code] = site.id
        return site.id

    def _new_team(self, key: tuple[int, str], now: datetime) -> int:
        team = place_actions.add_team(site_id=key[0], name=key[1], actor=self.actor, now=now)
        self.teams[key] = team.id
        return team.id

    def _people(self, words: str) -> list[int]:
        """Who has exactly this name, or this e-mail address in whatever case."""
        return self.people.get(words.lower() if "@" in words else words, [])

    def _category(self, path: str) -> int | None:
        return self.categories.get(category_code(path)) or self.categories.get(path)

    def _new_category(self, path: str, now: datetime) -> int:
        category_id = add_past_category(path, actor=self.actor, now=now)
        self.categories[category_code(path)] = category_id
        return category_id


def _column(fields: object, key: str) -> str:
    part = fields[key]  # type: ignore[index]
    return str(part.columns[0]) if part.columns else key
