"""Why a deadline is where it is: what goes beside the days of a clock."""

from dataclasses import dataclass

from app.calendars.queries import calendar_of, names_of
from app.sla import legal_rules, queries
from app.sla.queries import ClockView


@dataclass(frozen=True, slots=True)
class Why:
    """names: of closed and special days, by ISO date. pack, steps: of a legal clock, which counts dates."""

    names: dict[str, str]
    pack: legal_rules.Pack | None = None
    steps: tuple[legal_rules.Step, ...] = ()


def why(clock: ClockView) -> Why:
    """What a clock's own days don't say. A legal clock counts in the newest hours of its site."""
    if clock.milestone == "legal" and clock.subject:
        version_id = queries.newest_versions(clock.site_id)[1]
        pack = legal_rules.PACKS[clock.subject.removeprefix("legal:")]
        steps = legal_rules.steps(pack, clock.started_at, calendar_of(version_id))
        return Why(names_of([version_id]).get(version_id or 0, {}), pack, tuple(steps))
    return Why(names_of([clock.calendar_version_id]).get(clock.calendar_version_id or 0, {}))
