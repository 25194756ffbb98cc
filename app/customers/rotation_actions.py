"""Put every personal key under the newest secret, so that older secrets can be taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.customers.identity_actions import digest_employees_anew, rewrap
from app.kernel import personal
from app.kernel.actor import Actor
from app.kernel.transactions import transaction
from app.people.reseal_actions import reseal_factors

BATCH = 200
REWRAPPED = audit.declare("personal:rewrap", "about", "count", sentence=_l("put personal keys under the newest secret"))
personal.REWRAPS.update(
    {"customers": rewrap, "employees' addresses": digest_employees_anew, "second factors": reseal_factors}
)


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """What one batch did. looked_to: the last number it looked at."""

    about: str
    looked_to: int
    changed: int


def rotate(*, actor: Actor, now: datetime) -> Iterator[Rewrapped]:
    """Go through everything in batches, one transaction and one entry each; stopped anywhere, it is simply run again."""
    for about, step in personal.REWRAPS.items():
        last: int | None = 0
        while last is not None:
            with transaction():
                last, changed = step(last, BATCH)
                if changed:
                    audit.record(REWRAPPED, subject="personal-keys", actor=actor, at=now, about=about, count=changed)
            if last is not None:
                yield Rewrapped(about, last, changed)
