"""When an instance is ready, degraded or not to be sent requests; pure. And Prometheus's text form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

SCHEDULER_SECONDS_MAX = 60
UNSEALED_SECONDS_MAX = 60
UNDELIVERED_SECONDS_MAX = 600
DRILL_SECONDS_MAX = 8 * 86_400

# A check that fails makes the instance unready; the others only degrade it.
VITAL = ("database", "schema", "draining")

NAMES = {
    "database": _l("The database takes writes"),
    "schema": _l("The schema is what this code expects"),
    "draining": _l("The process takes requests"),
    "scheduler": _l("The scheduler gives signs of life"),
    "jobs": _l("No job's last run failed"),
    "seals": _l("Every entry is sealed in time"),
    "checkpoints": _l("Every entry is under a signed checkpoint in time"),
    "outbox": _l("Messages are tried in time, and none was given up"),
    "restore-drill": _l("A backup was restored in rehearsal within 8 days"),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. age_seconds: since the last good sign; note: an error's words or a count."""

    name: str
    is_good: bool
    age_seconds: float | None = None
    note: str = ""

    @property
    def words(self) -> object:
        return NAMES[self.name]


@dataclass(frozen=True, slots=True)
class Readiness:
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not check.is_good and check.name in VITAL)

    @property
    def degraded(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if not check.is_good and check.name not in VITAL)

    @property
    def state(self) -> str:
        """Say unready (503), degraded (200) or ready (200)."""
        return "unready" if self.failed else "degraded" if self.degraded else "ready"


def exposition(families: Iterable[tuple[str, str, str, Iterable[tuple[Mapping[str, str], float]]]]) -> str:
    """Write metrics in Prometheus's text format 0.0.4: (name, type, help, samples of (labels, value)).

    Worked value: ("up", "gauge", "Alive.", [({}, 1)]) gives three lines, the last one "up 1".
    """
    lines = []
    for name, kind, explanation, samples in families:
        lines.append(f"# HELP {name} {_escape(explanation, quotes=False)}")
        lines.append(f"# TYPE {name} {kind}")
        for labels, value in samples:
            inner = ",".join(f'{key}="{_escape(text)}"' for key, text in sorted(labels.items()))
            lines.append(f"{name}{{{inner}}} {value:g}" if inner else f"{name} {value:g}")
    return "\n".join(lines) + "\n"


def _escape(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def may_scrape(address: str | None, is_forwarded: bool, has_right: bool) -> bool:
    """Metrics go to this machine itself or to a token with the right; behind a proxy every address looks local."""
    return has_right or (address in ("127.0.0.1", "::1") and not is_forwarded)
