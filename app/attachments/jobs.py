"""Sweep the folder of files: what was removed, and what a crash left behind."""

from datetime import datetime, timedelta

from app.attachments import queries, store

GRACE = timedelta(hours=1)  # a file is written before its row
TURN_SECONDS = 300
SHARDS_PER_TURN = 16


def sweep(*, now: datetime, limit: int = 200) -> int:
    """Delete files of removed rows and files that no row names; returns how many.

    Each turn of five minutes looks at a sixteenth of the folder, so that all of it is looked at within 80 minutes.
    """
    gone = sum(store.forget(name) for name in queries.removed_since(now - timedelta(days=1), limit))
    before = (now - GRACE).timestamp()
    turn = int(now.timestamp()) // TURN_SECONDS
    for shard in (turn * SHARDS_PER_TURN + step for step in range(SHARDS_PER_TURN)):
        gone += _sweep_shard(shard % store.SHARDS, before, limit - gone)
        if gone >= limit:
            break
    return gone


def _sweep_shard(shard: int, before: float, limit: int) -> int:
    gone = 0
    found = list(store.old_files(shard, before=before))
    for start in range(0, len(found), 500):
        batch = found[start : start + 500]
        kept = queries.stored_and_present(path.name for path in batch if store.is_name(path.name))
        for path in batch:
            if gone < limit and path.name not in kept:
                path.unlink(missing_ok=True)
                gone += 1
    return gone
