"""One bound for all web processes together: a sliding window of one minute, kept in the database.

Each process counts on its own and tells the database only every `batch` requests of one key, so that whoever asks at an
ordinary pace causes no write at all. What the processes have not told yet is the stated slack: `batch` for each of them.
"""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from threading import Lock
from typing import Any

from flask import current_app
from sqlalchemy import case, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.database import db
from app.kernel.models import RequestCount
from app.kernel.transactions import transaction

WINDOW_SECONDS = 60


def counted(now_count: int, before_count: int, into_seconds: float) -> float:
    """Estimate the requests of the last 60 seconds: those of this minute, and the part of the minute before in view.

    Worked value: 10 in this minute, 40 in the one before, 15 s into it: 10 + 40 × 45/60 = 40.
    """
    return now_count + before_count * (1 - into_seconds / WINDOW_SECONDS)


def seconds_until_free(now_count: int, before_count: int, into_seconds: float, limit: int) -> int:
    """Return after how many whole seconds, at least 1, the window holds fewer than `limit` again."""
    if now_count >= limit:  # this minute alone is full: wait for the next one, then for enough of it to slide out
        left = WINDOW_SECONDS - into_seconds + WINDOW_SECONDS * (1 - limit / now_count)
    else:
        left = WINDOW_SECONDS * (1 - (limit - now_count) / before_count) - into_seconds if before_count else 0
    return max(1, ceil(left))


@dataclass(slots=True)
class _Tally:
    """What this process knows of one key: the counts it was told last, and its own requests since."""

    minute: int
    now_count: int = 0
    before_count: int = 0
    untold: int = 0
    refused_until: float = 0


class SharedWindow:
    """Counts by `kind` and key; the database sees hashes only."""

    def __init__(self, kind: str, *, batch: int, known_max: int = 10_000) -> None:
        self._kind, self._batch, self._known_max = kind, batch, known_max
        self._known: OrderedDict[str, _Tally] = OrderedDict()
        self._guard = Lock()

    def wait_seconds(self, who: str, limit: int, now_seconds: float | None = None) -> int:
        """Take one turn of `limit` a minute and return 0, or return how long to wait; a refused one isn't counted.

        now_seconds: the wall clock, which all processes share. When the database can't be asked the turn is granted.
        """
        now = time.time() if now_seconds is None else now_seconds
        minute, into = divmod(now, WINDOW_SECONDS)
        with self._guard:
            tally = self._tally(who, int(minute))
            if now < tally.refused_until:
                return max(1, ceil(tally.refused_until - now))
            tally.untold += 1
            seen = counted(tally.now_count + tally.untold, tally.before_count, into)
            if tally.untold < self._batch and seen <= limit:
                return 0
            told, tally.untold = tally.untold, 0
        key = hashlib.sha256(f"{self._kind}|{who}".encode()).hexdigest()
        try:
            now_count, before_count = add(key, int(minute), told)
        except SQLAlchemyError:
            current_app.logger.warning("requests of kind %s could not be counted together", self._kind)
            return 0
        with self._guard:
            tally.now_count, tally.before_count = now_count, before_count
            if counted(now_count, before_count, into) <= limit:
                return 0
            wait = seconds_until_free(now_count, before_count, into, limit)
            tally.refused_until = now + wait
            return wait

    def _tally(self, who: str, minute: int) -> _Tally:
        tally = self._known.pop(who, None) or _Tally(minute)
        if tally.minute != minute:
            before = tally.now_count + tally.untold if tally.minute == minute - 1 else 0
            tally = _Tally(minute, before_count=before, refused_until=tally.refused_until)
        self._known[who] = tally
        while len(self._known) > self._known_max:
            self._known.popitem(last=False)
        return tally


def add(key: str, minute: int, count: int) -> tuple[int, int]:
    """Count requests of a key in one statement; returns (this minute's, the minute before's)."""
    insert: Any = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    is_same, is_next = RequestCount.minute >= minute, RequestCount.minute == minute - 1
    statement = insert(RequestCount).values(key=key, minute=minute, now_count=count, before_count=0)
    with transaction():
        row = db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["key"],
                set_={
                    "minute": case((is_same, RequestCount.minute), else_=minute),
                    "now_count": case((is_same, RequestCount.now_count + count), else_=count),
                    "before_count": case(
                        (is_same, RequestCount.before_count), (is_next, RequestCount.now_count), else_=0
                    ),
                },
            ).returning(RequestCount.now_count, RequestCount.before_count)
        ).one()
    return int(row.now_count), int(row.before_count)


def forget_counts(*, now_seconds: float, limit: int) -> int:
    """Delete counts that no window can see any more, the oldest first; returns how many."""
    old = select(RequestCount.key).where(RequestCount.minute < int(now_seconds // WINDOW_SECONDS) - 1).limit(limit)
    keys = list(db.session.scalars(old))
    db.session.rollback()
    if keys:
        with transaction():
            db.session.execute(delete(RequestCount).where(RequestCount.key.in_(keys)))
    return len(keys)
