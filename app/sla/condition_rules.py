"""When clocks start, rest, run on, stop, are cancelled and begin anew: six conditions per milestone, part of a policy version.

A condition is a set of things that happen to a case (EVENTS); a clock rests for reasons (REASONS). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

EVENTS = (
    "logged",
    "acknowledged",
    "replied",
    "customer_wrote",
    "waited",
    "resumed",
    "exception_asked",
    "exception_decided",
    "resolved",
    "reopened",
    "closed",
    "followed_up",
    "done",
)
# What happens to one exception, or to one task or follow-up, and not to the case as a whole.
OF_AN_EXCEPTION = ("exception_asked", "exception_decided")
OF_A_TASK = ("followed_up", "done")
REASONS = ("customer", "third_party", "approval")
ANCHORS = ("occurred", "received", "logged")
CONDITIONS = ("start", "pause", "resume", "stop", "cancel", "reset")
THRESHOLDS = ("half", "soon", "near", "breach", "level1", "level2", "level3")
PERCENTS: Mapping[str, int] = {"half": 50, "soon": 75, "near": 90}
LEVELS = ("level1", "level2", "level3")

Anchor = Literal["occurred", "received", "logged"]
Time = Literal["working", "wall"]
# The customer waits on while we decide: what she was promised never rests for an approval.
CUSTOMERS_OWN = frozenset({"acknowledge", "first_response", "next_update", "resolve", "follow_up", "promise", "legal"})


@dataclass(frozen=True, slots=True)
class MilestoneRule:
    """The six conditions of one milestone. anchor: from when a clock counts that starts as the case is logged.

    time: working hours of the site, or wall (every second). pause holds REASONS, the others EVENTS. A clock that stopped
    runs on at a `resume` event from what had elapsed; `reset` ends it and begins another one from zero.
    """

    anchor: Anchor = "occurred"
    time: Time = "working"
    start: frozenset[str] = frozenset()
    pause: frozenset[str] = frozenset()
    resume: frozenset[str] = frozenset()
    stop: frozenset[str] = frozenset()
    cancel: frozenset[str] = frozenset()
    reset: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """What a policy version says beside its targets.

    escalate_seconds: how long after the breach each level follows. pause_seconds_max: a rest that no supervisor approved
    ends after so much of the clock's own time. reopen_counts_gap: the time between resolving and reopening counts.
    """

    milestones: Mapping[str, MilestoneRule]
    thresholds: frozenset[str] = frozenset(THRESHOLDS)
    escalate_seconds: tuple[int, int, int] = (3_600, 14_400, 28_800)
    pause_seconds_max: int = 86_400
    reopen_counts_gap: bool = False

    def of(self, milestone: str) -> MilestoneRule:
        return self.milestones.get(milestone, _UNNAMED)

    def json(self) -> dict[str, Any]:
        """As it is written into a version; `parse` reads it back."""
        return {
            "milestones": {
                name: {
                    "anchor": rule.anchor,
                    "time": rule.time,
                    **{condition: sorted(getattr(rule, condition)) for condition in CONDITIONS},
                }
                for name, rule in self.milestones.items()
            },
            "thresholds": sorted(self.thresholds),
            "escalate_seconds": list(self.escalate_seconds),
            "pause_seconds_max": self.pause_seconds_max,
            "reopen_counts_gap": self.reopen_counts_gap,
        }

    @classmethod
    def parse(cls, written: Mapping[str, Any] | None) -> PolicyRules:
        """Read what a version says; an old version without it has the rules that were built in."""
        if written is None:
            return DEFAULT_RULES
        first, second, third = written["escalate_seconds"]
        return cls(
            {
                name: MilestoneRule(
                    rule["anchor"], rule["time"], *(frozenset(rule[condition]) for condition in CONDITIONS)
                )
                for name, rule in written["milestones"].items()
            },
            frozenset(written["thresholds"]),
            (first, second, third),
            written["pause_seconds_max"],
            written["reopen_counts_gap"],
        )

    def with_rule(self, milestone: str, rule: MilestoneRule) -> PolicyRules:
        return replace(self, milestones={**self.milestones, milestone: rule})


def problems(milestone: str, rule: MilestoneRule) -> list[str]:
    """What speaks against a rule, as codes: unknown, approval, never-starts, never-ends, contradiction."""
    found = []
    named = rule.start | rule.resume | rule.stop | rule.cancel | rule.reset
    if (
        named - set(EVENTS)
        or rule.pause - set(REASONS)
        or rule.anchor not in ANCHORS
        or rule.time not in ("working", "wall")
    ):
        found.append("unknown")
    if "approval" in rule.pause and milestone in CUSTOMERS_OWN:
        found.append("approval")
    if not rule.start and milestone in OF_A_CASE:
        found.append("never-starts")
    if not (rule.stop | rule.cancel):
        found.append("never-ends")
    if _overlap((rule.stop, rule.cancel, rule.reset)) or rule.start & (rule.stop | rule.cancel):
        found.append("contradiction")
    return found


def _overlap(sets: Iterable[frozenset[str]]) -> bool:
    seen: set[str] = set()
    for one in sets:
        if seen & one:
            return True
        seen |= one
    return False


def _rule(**given: Any) -> MilestoneRule:
    values: dict[str, Any] = {name: frozenset(one) if isinstance(one, set) else one for name, one in given.items()}
    return MilestoneRule(**values)


_UNNAMED = _rule(stop={"done"})
_GOES_ON = {"resumed", "customer_wrote"}
DEFAULT_RULES = PolicyRules(
    {
        "acknowledge": _rule(start={"logged"}, stop={"acknowledged", "replied", "resolved"}),
        "first_response": _rule(start={"logged"}, pause={"customer"}, resume=_GOES_ON, stop={"replied", "resolved"}),
        "next_update": _rule(
            start={"logged"}, pause={"customer"}, resume=_GOES_ON, reset={"replied"}, stop={"resolved"}
        ),
        "resolve": _rule(start={"logged"}, pause={"customer"}, resume={*_GOES_ON, "reopened"}, stop={"resolved"}),
        "follow_up": _rule(time="wall", start={"resolved"}, stop={"followed_up"}, cancel={"reopened"}),
        "approval": _rule(start={"exception_asked"}, stop={"exception_decided"}),
        "promise": _rule(stop={"done"}),
        "ola": _rule(stop={"done"}, cancel={"resolved"}),
        "uc": _rule(stop={"done"}, cancel={"resolved"}),
        "legal": _rule(start={"logged"}, anchor="received", time="wall", stop={"resolved"}, resume={"reopened"}),
    }
)
MILESTONES = tuple(DEFAULT_RULES.milestones)
# Clocks of a case itself; the others belong to a promise, an exception, a task or a law, and are started one by one.
OF_A_CASE = ("acknowledge", "first_response", "next_update", "resolve", "follow_up")
TARGETED = (*OF_A_CASE, "approval", "ola", "uc")
assert {field.name for field in fields(MilestoneRule)} == {"anchor", "time", *CONDITIONS}
