"""Who had to say no before somebody else said yes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn in a case's life: it was ended with a no (`refused`), ended in another way (`ended`), or opened again."""

    kind: str
    at: datetime
    by_id: int | None


@dataclass(frozen=True, slots=True)
class Appeal:
    """A no of the frontline that the customer did not leave at that, and when something was granted after all."""

    refused_by_id: int | None
    refused_at: datetime
    appealed_at: datetime
    granted_at: datetime | None = None


def appeals(turns: Iterable[Turn], grants: Sequence[datetime] = ()) -> list[Appeal]:
    """Return the appeals of one case, oldest first; turns in their order, grants in any.

    A refusal is appealed when the case is opened again after it. An appeal is granted by the first grant between its
    opening and the next refusal; a grant counts once.
    """
    found: list[Appeal] = []
    refusal: Turn | None = None
    until: list[datetime | None] = []
    for turn in turns:
        if turn.kind == "refused":
            refusal = turn
            if until and until[-1] is None:
                until[-1] = turn.at
        elif turn.kind == "reopened" and refusal is not None:
            found.append(Appeal(refusal.by_id, refusal.at, turn.at))
            until.append(None)
            refusal = None
        elif turn.kind == "ended":
            refusal = None
    return [
        Appeal(one.refused_by_id, one.refused_at, one.appealed_at, _first(grants, one.appealed_at, end))
        for one, end in zip(found, until, strict=True)
    ]


def _first(grants: Sequence[datetime], start: datetime, end: datetime | None) -> datetime | None:
    return min((at for at in grants if start <= at and (end is None or at < end)), default=None)


def to_credit(turns: Iterable[Turn], granted_at: datetime) -> Appeal | None:
    """Return the appeal that a grant at this instant answers, or None when nobody had refused."""
    answered = [one for one in appeals(turns, [granted_at]) if one.granted_at == granted_at]
    return answered[-1] if answered and answered[-1].refused_by_id is not None else None
