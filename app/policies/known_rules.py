"""What a policy may name: sites, teams, roles, remedies, categories. Values, so that checks and files stay pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Roles that give remedies, from the narrowest authority to the widest; the permission table says the same (a test compares).
GIVING_ROLES = ("frontline", "supervisor", "manager")


@dataclass(frozen=True, slots=True)
class KnownSite:
    id: int
    code: str
    name: str
    currency: str
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class KnownTeam:
    id: int
    site_id: int
    name: str


@dataclass(frozen=True, slots=True)
class KnownKind:
    code: str
    name: str
    monetary: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class KnownCategory:
    id: int
    code: str
    name: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist. Empty parts mean that nothing of the sort exists."""

    sites: Mapping[int, KnownSite] = field(default_factory=dict)
    teams: Mapping[int, KnownTeam] = field(default_factory=dict)
    kinds: Mapping[str, KnownKind] = field(default_factory=dict)
    categories: Mapping[int, KnownCategory] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)  # code → name

    def site_by_code(self, code: str) -> KnownSite | None:
        return next((site for site in self.sites.values() if site.code.lower() == code.lower()), None)

    def category_by_code(self, code: str) -> KnownCategory | None:
        return next((one for one in self.categories.values() if one.code.lower() == code.lower()), None)

    def team_by_name(self, site_id: int, name: str) -> KnownTeam | None:
        named = (team for team in self.teams.values() if team.site_id == site_id)
        return next((team for team in named if team.name.lower() == name.lower()), None)

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that the sites use, each once."""
        return tuple(dict.fromkeys(site.currency for site in self.sites.values()))
