"""Publishing targets. A published version never changes; clocks that run keep theirs."""

from collections.abc import Mapping
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
from app.sla.condition_rules import TARGETED
from app.sla.models import SlaPolicyVersion, SlaTarget
from app.sla.queries import NEW_VERSION
from app.sla.rules import SEVERITIES

PUBLISHED = audit.declare("targets:publish", "number", "targets", sentence=_l("published clock targets"))
TARGET_SECONDS_MAX = 366 * 86_400


def publish_targets(*, targets: Mapping[int, Mapping[str, int]], number: int, actor: Actor, now: datetime) -> int:
    """Publish the next version and return its id. `number` is the version that was edited (0: the built-in one).

    targets: severity -> milestone -> business seconds, 1 to 366 days; a milestone left out has no clock.
    """
    require(actor, "settings.write")
    _check(targets)
    with transaction():
        newest = db.session.scalar(select(func.max(SlaPolicyVersion.number))) or 0
        if newest != number:
            raise Conflict()
        version = SlaPolicyVersion(number=number + 1, created_at=now)
        db.session.add(version)
        db.session.flush()
        db.session().info[NEW_VERSION] = True
        rows = [
            {
                "version_id": version.id,
                "severity": severity,
                "milestone": milestone,
                "target_seconds": wanted[milestone],
            }
            for severity, wanted in sorted(targets.items())
            for milestone in TARGETED
            if milestone in wanted
        ]
        db.session.execute(insert(SlaTarget), rows)
        audit.record(
            PUBLISHED,
            subject=f"SLA-{number + 1}",
            actor=actor,
            at=now,
            number=number + 1,
            targets=[[row["severity"], row["milestone"], row["target_seconds"]] for row in rows],
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
