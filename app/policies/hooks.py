"""Where higher rooms tell the policy what it may name."""

from collections.abc import Callable, Iterable

from app.policies.known_rules import KnownCategory

# Each returns every category of cases, also retired ones.
categories: list[Callable[[], Iterable[KnownCategory]]] = []
