"""Who does a deed: a person, or a command or rule by name and version."""

from dataclasses import dataclass, replace
from typing import Literal

ActorKind = Literal["person", "command", "rule", "customer"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as the audit trail keeps it. `label` never holds a name: 'EM-12', 'command:import', 'rule:sla-sweep@1'."""

    kind: ActorKind
    label: str
    id: int | None = None  # employee id
    role: str | None = None
    site_id: int | None = None
    team_id: int | None = None
    region_site_ids: tuple[int, ...] | None = None  # the sites of the region that a manager leads; None: no region
    on_behalf_of_id: int | None = None
    request_id: str | None = None
    address: str | None = None

    @property
    def is_person(self) -> bool:
        return self.kind == "person"

    def through(self, request_id: str, address: str | None) -> "Actor":
        """Return the same actor within one web request."""
        return replace(self, request_id=request_id, address=address)


def command(name: str) -> Actor:
    """An operator's command acts under its own name, e.g. 'command:import'."""
    return Actor(kind="command", label=f"command:{name}")


def rule(name: str, version: int = 1) -> Actor:
    """An automatic deed names its rule and version, e.g. 'rule:sla-sweep@1'."""
    return Actor(kind="rule", label=f"rule:{name}@{version}")


def customer(subject: str, site_id: int | None) -> Actor:
    """A customer who acts on her own page or by a public form; the trail names a record, e.g. 'customer:CU-12'."""
    return Actor(kind="customer", label=f"customer:{subject}", site_id=site_id)
