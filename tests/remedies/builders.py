"""A policy in force, and offers, for tests; made through the same actions as a person's."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from app.kernel.actor import command
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.queries import PersonRow
from app.policies import actions as policies
from app.policies.packs import HOTEL_SOURCE, hotel_rules
from app.remedies import actions as remedies
from app.remedies.models import Remedy


def publish_policy(rules: list[dict[str, Any]] | None = None, *, now: datetime | None = None) -> int:
    """Publish rules (default: the hotel pack for every site) and fill the catalogue; returns the version's id."""
    actor, now = command("test"), now or utc_now() - timedelta(minutes=1)
    policies.add_default_kinds(actor=actor, now=now)
    version = policies.draft_version(
        title="Recovery policy",
        source=HOTEL_SOURCE,
        rules=rules or hotel_rules(people.sites()),
        valid_from=now,
        actor=actor,
        now=now,
    )
    version_id = version.id
    policies.review_version(version_id=version_id, outcome="approved", note="", actor=command("test-review"), now=now)
    policies.publish_version(version_id=version_id, actor=actor, now=now)
    return version_id


def give(person: PersonRow, case_id: int, minor: int, *, currency: str = "GBP", **changes: Any) -> Remedy:
    values: dict[str, Any] = {
        "kind": "refund",
        "reason": "cold room",
        "intent": secrets.token_urlsafe(12),
        "now": utc_now(),
        **changes,
    }
    return remedies.offer(case_id=case_id, amount=Money(minor, currency), actor=person.actor, **values)
