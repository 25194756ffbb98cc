"""Publishing targets and rules. A published version never changes; clocks that run keep theirs until a re-run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict
from app.kernel.transactions import transaction
from app.people.permissions import require
from app.sla import queries
from app.sla.condition_rules import TARGETED, THRESHOLDS, MilestoneRule, PolicyRules, problems
from app.sla.models import SlaPolicyVersion, SlaTarget
from app.sla.queries import NEW_VERSION
from app.sla.rules import SEVERITIES
from app.sla.target_rules import Target

PUBLISHED = audit.declare("targets:publish", "number", "targets", "rules", sentence=_l("published clock targets"))
TARGET_SECONDS_MAX = 366 * 86_400
LEVEL_SECONDS_MAX = 30 * 86_400
LINES_MAX = 500

PROBLEMS = {
    "unknown": _l("One of the conditions is not known."),
    "approval": _l("Waiting for an approval never stops a clock of the customer."),
    "never-starts": _l("Say what starts this clock."),
    "never-ends": _l("Say what stops or cancels this clock."),
    "contradiction": _l("One event can't both end this clock and begin it again."),
}


def publish_targets(*, targets: Mapping[int, Mapping[str, int]], number: int, actor: Actor, now: datetime) -> int:
    """Publish the next version and return its id. `number` is the version that was edited (0: the built-in one).

    targets: severity -> milestone -> business seconds, 1 to 366 days; a milestone left out has no clock. Targets that a
    segment, a channel or a site narrows stay, and so do the rules.
    """
    _check(targets)
    lines = [
        Target(severity, milestone, wanted[milestone])
        for severity, wanted in sorted(targets.items())
        for milestone in TARGETED
        if milestone in wanted
    ]
    old = queries.policy(queries.newest_policy()[0])
    narrow = [line for line in old.targets if line.is_narrow]
    return _publish([*lines, *narrow], old.rules, number=number, actor=actor, now=now)


def narrow_target(*, line: Target, number: int, actor: Actor, now: datetime) -> int:
    """Publish a version in which one segment, channel or site has a target of its own; it replaces an equal one."""
    _check({line.severity: {line.milestone: line.seconds}})
    if not line.is_narrow:
        raise BadInput({"site": [_("Choose a segment, a channel or a site.")]})
    old = queries.policy(queries.newest_policy()[0])
    lines = [one for one in old.targets if replace(one, seconds=0) != replace(line, seconds=0)]
    return _publish([*lines, line], old.rules, number=number, actor=actor, now=now)


def widen_target(*, line: Target, number: int, actor: Actor, now: datetime) -> int:
    """Publish a version without a narrowed target; what is left holds for it."""
    old = queries.policy(queries.newest_policy()[0])
    return _publish([one for one in old.targets if one != line], old.rules, number=number, actor=actor, now=now)


def publish_rule(*, milestone: str, rule: MilestoneRule, number: int, actor: Actor, now: datetime) -> int:
    """Publish a version in which one milestone has other conditions."""
    found = problems(milestone, rule)
    if found:
        raise BadInput({"rule": [str(PROBLEMS[code]) for code in found]})
    old = queries.policy(queries.newest_policy()[0])
    return _publish(old.targets, old.rules.with_rule(milestone, rule), number=number, actor=actor, now=now)


def publish_ladder(*, rules: PolicyRules, number: int, actor: Actor, now: datetime) -> int:
    """Publish a version with other warnings, levels and pause limit; the milestones' conditions stay as they are."""
    first, second, third = rules.escalate_seconds
    if not rules.thresholds <= set(THRESHOLDS) or not 60 <= first <= second <= third <= LEVEL_SECONDS_MAX:
        raise BadInput({"level3": [_("Each level follows the one before, from 1 minute to 30 days after the breach.")]})
    if not 60 <= rules.pause_seconds_max <= TARGET_SECONDS_MAX:
        raise BadInput({"pause": [_("Give a time from 1 minute to 366 days.")]})
    old = queries.policy(queries.newest_policy()[0])
    kept = replace(rules, milestones=old.rules.milestones)
    return _publish(old.targets, kept, number=number, actor=actor, now=now)


def _publish(lines: Iterable[Target], rules: PolicyRules, *, number: int, actor: Actor, now: datetime) -> int:
    require(actor, "settings.write")
    wanted = list(dict.fromkeys(lines))
    if len(wanted) > LINES_MAX:
        raise BadInput({"targets": [_("At most %(count)s targets.", count=LINES_MAX)]})
    with transaction():
        newest = db.session.scalar(select(func.max(SlaPolicyVersion.number))) or 0
        if newest != number:
            raise Conflict()
        version = SlaPolicyVersion(number=number + 1, created_at=now, rules=rules.json())
        db.session.add(version)
        db.session.flush()
        db.session().info[NEW_VERSION] = True
        rows = [
            {
                "version_id": version.id,
                "severity": line.severity,
                "milestone": line.milestone,
                "target_seconds": line.seconds,
                "segment": line.segment,
                "channel": line.channel,
                "site_id": line.site_id,
            }
            for line in wanted
        ]
        if rows:
            db.session.execute(insert(SlaTarget), rows)
        audit.record(
            PUBLISHED,
            subject=f"SLA-{number + 1}",
            actor=actor,
            at=now,
            number=number + 1,
            targets=[
                [one.severity, one.milestone, one.seconds, one.segment, one.channel, one.site_id] for one in wanted
            ],
            rules=rules.json(),
        )
        return version.id


def _check(targets: Mapping[int, Mapping[str, int]]) -> None:
    errors: dict[str, list[str]] = {}
    for severity, wanted in targets.items():
        for milestone, seconds in wanted.items():
            if severity not in SEVERITIES or milestone not in TARGETED or not 1 <= seconds <= TARGET_SECONDS_MAX:
                errors[f"{milestone}-{severity}"] = [_("Give a time from 1 minute to 366 days.")]
    if not any(targets.values()):
        errors["targets"] = [_("Give at least one target.")]
    if errors:
        raise BadInput(errors)
