"""Put every personal key under the newest secret, so that older secrets can be taken away; seal what stood plain before 0031."""

from collections.abc import Iterator, Mapping
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
SEALED = audit.declare("personal:seal", "about", "count", sentence=_l("sealed words that stood there readable"))
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
    return _through(personal.REWRAPS, REWRAPPED, actor, now)


def seal(*, actor: Actor, now: datetime) -> Iterator[Rewrapped]:
    """Seal every word that was written plainly, in the same manner; what is sealed is passed over."""
    return _through(personal.SEALS, SEALED, actor, now)


def _through(
    steps: Mapping[str, personal.Rewrap], kind: audit.EntryType, actor: Actor, now: datetime
) -> Iterator[Rewrapped]:
    for about, step in steps.items():
        last: int | None = 0
        while last is not None:
            with transaction():
                last, changed = step(last, BATCH)
                if changed:
                    audit.record(kind, subject="personal-keys", actor=actor, at=now, about=about, count=changed)
            if last is not None:
                yield Rewrapped(about, last, changed)
