"""Another system's decision log: read by a mapping, its waits per step, and who decided what they had asked for. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from app.approvals.rules import quantile
from app.kernel.time import UTC

FIELDS = ("case", "step", "by", "decision", "at", "asked_at", "asked_by")
NEEDED = ("case", "by", "decision", "at")


class BadMapping(ValueError):
    """The mapping can't be used; says why."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One decision of the log. by: a person or a role, as the log names it."""

    number: int
    case: str
    step: str
    by: str
    decision: str
    at: datetime
    asked_at: datetime | None
    asked_by: str


@dataclass(frozen=True, slots=True)
class LogMapping:
    """Which column holds what, how its instants are written, and what its decisions mean."""

    columns: Mapping[str, str]
    formats: tuple[str, ...]
    zone: tzinfo
    decisions: Mapping[str, str]

    def read(self, number: int, row: Mapping[str, str | None]) -> LogLine:
        """Read one line; raises ValueError naming the field that can't be read."""

        def text(field: str) -> str:
            return (row.get(self.columns[field]) or "").strip() if field in self.columns else ""

        missing = [field for field in NEEDED if not text(field)]
        if missing:
            raise ValueError(f"nothing in {', '.join(missing)}")
        said = text("decision")
        decision = self.decisions.get(said, self.decisions.get("*", "")) if self.decisions else said
        asked = text("asked_at")
        return LogLine(
            number, text("case"), text("step") or "1", text("by"), decision or said, self._instant(text("at")),
            self._instant(asked) if asked else None, text("asked_by"),
        )  # fmt: skip

    def _instant(self, text: str) -> datetime:
        for form in self.formats:
            try:
                # Without a zone of its own an instant is in the mapping's zone.
                found = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
            except ValueError:
                continue
            return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)
        raise ValueError(f"{text!r} is no instant in any of the formats")


def mapping_of(said: Any, zone_of: Any) -> LogMapping:
    """Check a mapping file's content: `columns`, and optionally `formats`, `zone` and `decisions`."""
    if not isinstance(said, dict) or not isinstance(said.get("columns"), dict):
        raise BadMapping("the mapping needs columns: what each field is called in the file")
    columns = {str(field): str(name) for field, name in said["columns"].items()}
    unknown, missing = sorted(set(columns) - set(FIELDS)), sorted(set(NEEDED) - set(columns))
    if unknown:
        raise BadMapping(f"unknown fields: {', '.join(unknown)}; known are {', '.join(FIELDS)}")
    if missing:
        raise BadMapping(f"missing fields: {', '.join(missing)}")
    formats = said.get("formats") or ["iso"]
    if not isinstance(formats, list):
        raise BadMapping("formats is a list, e.g. [iso, '%d.%m.%Y %H:%M']")
    decisions = said.get("decisions") or {}
    if not isinstance(decisions, dict):
        raise BadMapping("decisions says what each word of the log means")
    return LogMapping(
        columns,
        tuple(str(form) for form in formats),
        zone_of(str(said.get("zone", "UTC"))),
        {str(word): str(meaning) for word, meaning in decisions.items()},
    )


@dataclass(frozen=True, slots=True)
class StepWait:
    """How long one step took, in seconds, over `count` decisions whose beginning is known."""

    step: str
    count: int
    p50_seconds: int | None
    p90_seconds: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """What the log says."""

    count: int
    decisions: dict[str, int]
    by: dict[str, int]
    waits: tuple[StepWait, ...]
    own: tuple[LogLine, ...]
    twice: tuple[LogLine, ...]
    backwards: tuple[LogLine, ...]


def report(lines: Iterable[LogLine]) -> Report:
    """Attribute every decision and measure the wait of each step: since it was asked, or since the case's last step.

    own: decisions by the one who had asked. twice: a second decision by the same one in a case. backwards: a decision
    before it was asked for; it counts in no wait.
    """
    cases: dict[str, list[LogLine]] = defaultdict(list)
    for line in lines:
        cases[line.case].append(line)
    decisions: dict[str, int] = defaultdict(int)
    by: dict[str, int] = defaultdict(int)
    waits: dict[str, list[int]] = defaultdict(list)
    own, twice, backwards = [], [], []
    for case in cases.values():
        asked_by = next((line.asked_by for line in case if line.asked_by), "")
        last: datetime | None = None
        spoken: set[str] = set()
        for line in sorted(case, key=lambda line: (line.at, line.number)):
            decisions[line.decision] += 1
            by[line.by] += 1
            since = line.asked_at if last is None else last
            if since is not None and line.at < since:
                backwards.append(line)
            elif since is not None:
                waits[line.step].append(int((line.at - since).total_seconds()))
            if asked_by and _same(line.by, asked_by):
                own.append(line)
            if _same_in(line.by, spoken):
                twice.append(line)
            spoken.add(line.by.casefold())
            last = line.at
    return Report(
        sum(decisions.values()), dict(decisions), dict(by), _waits(waits), tuple(own), tuple(twice), tuple(backwards)
    )


def _waits(waits: Mapping[str, Sequence[int]]) -> tuple[StepWait, ...]:
    found = []
    for step in sorted(waits):
        seconds = sorted(waits[step])
        found.append(StepWait(step, len(seconds), quantile(seconds, 0.5), quantile(seconds, 0.9)))
    return tuple(found)


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _same_in(one: str, spoken: set[str]) -> bool:
    return one.casefold() in spoken
