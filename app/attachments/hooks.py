"""What higher rooms tell about their records: where one stands and who may read it or add to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.attachments.models import Attachment
from app.kernel.actor import Actor

Deed = Literal["read", "add"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subject stands: its reference, and the case and site that the trail files it under."""

    ref: str
    site_id: int | None
    case_id: int | None


FindSubject = Callable[[int, Actor, Deed], Place]
"""Return a subject's place by its id; raises NotFound outside of the actor's scope, NotPermitted when the deed is not theirs."""

subjects: dict[str, FindSubject] = {}
"""By the noun of the subject: "case", "exception", "message"."""

# Called in the same transaction after files were added: (kind of subject, its id, its place, the files, by whom, when).
on_added: list[Callable[[str, int, Place, Sequence[Attachment], Actor, datetime], None]] = []


def place_of(kind: str, subject_id: int, actor: Actor, deed: Deed) -> Place:
    return subjects[kind](subject_id, actor, deed)


endpoints_with_files: set[str] = set()
"""Endpoints of other rooms whose forms bring files, e.g. "remedies.give": they may send a larger request."""
