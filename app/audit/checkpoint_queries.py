"""Verification of the trail against what was kept outside: signed checkpoints, and the state the database keeps of them."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select

from app.audit import queries
from app.audit.chain_rules import Head, Problem, Report
from app.audit.checkpoint_keys import public_path, read_ring
from app.audit.checkpoint_places import FilePlace, NotKept, places
from app.audit.checkpoint_rules import BadCheckpoint, Checkpoint, KeyRing, fault_in, parse, parse_line
from app.audit.merkle_rules import Tree
from app.audit.models import AuditCheckpoint, AuditEntry, AuditSeal, CheckpointReceipt
from app.audit.rules import GENESIS
from app.audit.walk_queries import BATCH, Stretch, places_to_cut
from app.kernel.database import db
from app.kernel.time import iso
from config import Settings

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outside:
    """What is kept outside of the database. files: copies of the record of checkpoints."""

    files: tuple[Path, ...]
    ring: KeyRing


def outside(files: Sequence[Path] = (), keys: Path | None = None) -> Outside:
    """Where this instance keeps its checkpoints and public keys, unless other copies are named. Raises BadKeys."""
    settings: Settings = current_app.extensions["makegood_settings"]
    kept = tuple(place.path for place in places(settings) if isinstance(place, FilePlace))
    return Outside(tuple(files) or kept, read_ring(keys or public_path(settings)))


def verify(
    *,
    now: datetime,
    kept: Outside,
    heads: Sequence[Head] = (),
    after: Head | None = None,
    since_checkpoint: bool = False,
    on_progress: Progress | None = None,
) -> Report:
    """Check the whole trail, the checkpoints outside, and that both tell the same; the report names the first problem.

    since_checkpoint: trust the newest checkpoint outside and check only what is newer; costs in proportion to that.
    """
    record, problem = _record(kept, newest_only=since_checkpoint)
    if problem:
        return _stopped(problem, now)
    start = record[-1] if since_checkpoint and record else None
    stored = _stored(start.serial if start else 1, {one.serial: one for one in record})
    trusted, later = _compare(record, stored, kept.ring)
    peaks: tuple[bytes, ...] = ()
    if start:
        found = _peaks_of(start)
        if found is None:
            return _stopped(Problem("checkpoint-differs", serial=start.serial), now)
        peaks, after = found, start.head
    ends = sorted([*heads, *(one.head for one in trusted)], key=lambda head: head.number)
    whole = Stretch(after, None, tuple(ends), tuple(trusted) if after is None or start else None, peaks)
    report = queries.verify(now=now, heads=ends, after=after, stretches=_cut(whole), on_progress=on_progress)
    return replace(
        report, problem=report.problem or later, heads_compared=len(heads), checkpoints_compared=len(trusted)
    )


def _cut(whole: Stretch) -> list[Stretch]:
    """Divide the walk at signed checkpoints, as far as it is long and the database's peaks hash to their roots."""
    checkpoints, first = whole.checkpoints or (), whole.after.number if whole.after else 0
    sizes, cut = [one.size for one in checkpoints], []
    for wanted in places_to_cut(first, queries.last_number()):
        place = bisect_left(sizes, max(wanted, first + 1))
        peaks = _peaks_of(checkpoints[place]) if place < len(sizes) else None
        if peaks and sizes[place] > first:
            first = sizes[place]
            # An entry is early if it claims to be so beside any checkpoint before it.
            latest = max(one.at for one in checkpoints[: place + 1])
            rest = replace(checkpoints[place].head, at=iso(latest))
            cut.append(
                replace(
                    whole,
                    until=first,
                    heads=tuple(head for head in whole.heads if head.number <= first),
                    checkpoints=tuple(one for one in whole.checkpoints or () if one.size <= first),
                )
            )
            newer = tuple(head for head in whole.heads if head.number > first)
            whole = Stretch(rest, None, newer, checkpoints[place + 1 :], peaks)
    return [*cut, whole]


def newest_outside(kept: Outside) -> Checkpoint | None:
    """Return the newest checkpoint outside that the trail's key signed."""
    record, problem = _record(kept, newest_only=True)
    return record[-1] if record and not problem else None


def newest_checkpoint() -> Checkpoint | None:
    """The newest checkpoint as the database holds it, for a look; `verify` is what trusts or doesn't."""
    note = db.session.scalar(select(AuditCheckpoint.note).order_by(AuditCheckpoint.serial.desc()).limit(1))
    try:
        return parse(note) if note else None
    except BadCheckpoint:
        return None


def uncovered_since() -> datetime | None:
    """Return when the first entry was recorded that no checkpoint covers yet; None when all are covered."""
    covered = select(func.coalesce(func.max(AuditCheckpoint.size), 0)).scalar_subquery()
    return db.session.scalar(
        select(AuditEntry.recorded_at)
        .join(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditSeal.number == covered + 1)
    )


def _record(kept: Outside, *, newest_only: bool) -> tuple[list[Checkpoint], Problem | None]:
    """Read and check every copy outside and return the one that goes furthest."""
    best: list[Checkpoint] = []
    missing = False
    for path in kept.files:
        if not path.exists():
            missing = missing or _was_given(FilePlace(path).name)
            continue
        try:
            found = _newest_of(path) if newest_only else [parse_line(line) for line in _lines(path)]
        except (BadCheckpoint, NotKept, OSError):
            return [], Problem("checkpoint-unreadable")
        if found and not kept.ring.keys:
            return [], Problem("keys-missing")
        if problem := fault_in(found, kept.ring):
            return [], problem
        if found and (not best or found[-1].serial > best[-1].serial):
            best = found
    if missing:
        return best, Problem("checkpoints-gone")
    return best, None


def _newest_of(path: Path) -> list[Checkpoint]:
    last = FilePlace(path).last()
    return [last] if last else []


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from (line for line in file if line.strip())


def _was_given(place: str) -> bool:
    return bool(db.session.scalar(select(func.count()).where(CheckpointReceipt.place == place)))


@dataclass(frozen=True, slots=True)
class _Stored:
    """A row of the database's own record. checkpoint: None when its note can't be read."""

    serial: int
    checkpoint: Checkpoint | None
    is_sound: bool  # the columns say what the note says, and the peaks hash to its root


def _stored(first: int, known: Mapping[int, Checkpoint]) -> Iterator[_Stored]:
    rows = db.session.execute(
        select(
            AuditCheckpoint.serial,
            AuditCheckpoint.size,
            AuditCheckpoint.at,
            AuditCheckpoint.peaks,
            AuditCheckpoint.note,
        )
        .where(AuditCheckpoint.serial >= first)
        .order_by(AuditCheckpoint.serial),
        execution_options={"yield_per": BATCH},
    )
    for row in rows:
        try:
            same = known.get(row.serial)
            one = same if same and same.note == row.note else parse(row.note)
            root = Tree(row.size, [bytes.fromhex(peak) for peak in row.peaks.split()]).root()
        except ValueError:
            yield _Stored(row.serial, None, False)
            continue
        said = (one.serial, one.size, iso(one.at), one.root)
        yield _Stored(row.serial, one, said == (row.serial, row.size, iso(row.at), root))


def _compare(
    record: list[Checkpoint], stored: Iterable[_Stored], ring: KeyRing
) -> tuple[list[Checkpoint], Problem | None]:
    """Hold the database's record against the one outside; return every checkpoint that can be trusted, and the first problem.

    What the database holds beyond the outside is trusted as far as it goes on from there and is signed.
    """
    known = {one.serial: one for one in record}
    first = record[0].serial if record else 1
    problem: Problem | None = None
    newer: list[Checkpoint] = []
    seen = 0
    for row in stored:
        wanted = known.get(row.serial)
        found = None
        if wanted:
            seen += 1
            found = _difference(row, wanted, ring)
        elif row.serial < first:
            continue  # older than the copy outside begins
        elif row.checkpoint is None or not row.is_sound:
            found = _difference(row, None, ring)
        else:
            newer.append(row.checkpoint)
        problem = problem or found
    if seen < len(record):
        problem = problem or Problem("checkpoint-missing", serial=_first_missing(record))
    fault = fault_in([*record[-1:], *newer], ring) if newer else None
    if newer and (fault or (not record and newer[0].serial != 1)):
        problem = problem or fault or Problem("checkpoint-missing", serial=1)
        newer = []
    return [*record, *newer], problem


def _difference(row: _Stored, wanted: Checkpoint | None, ring: KeyRing) -> Problem | None:
    if row.checkpoint is None:
        return Problem("checkpoint-forged", serial=row.serial)
    if row.is_sound and wanted and wanted.note == row.checkpoint.note:
        return None  # byte for byte the one outside, whose signature holds or is held by a newer one
    if row.checkpoint.serial != row.serial:
        return Problem("checkpoints-swapped", serial=row.serial)
    if not ring.accepts(row.checkpoint):
        return Problem("checkpoint-forged", serial=row.serial)
    if not row.is_sound or wanted:
        return Problem("checkpoint-differs", serial=row.serial)
    return None


def _first_missing(record: list[Checkpoint]) -> int:
    there = set(db.session.scalars(select(AuditCheckpoint.serial)))
    return next((one.serial for one in record if one.serial not in there), record[0].serial)


def _peaks_of(checkpoint: Checkpoint) -> tuple[bytes, ...] | None:
    """The tree's peaks at a checkpoint, as far as they hash to its signed root."""
    peaks = db.session.scalar(select(AuditCheckpoint.peaks).where(AuditCheckpoint.serial == checkpoint.serial))
    try:
        tree = Tree(checkpoint.size, [bytes.fromhex(peak) for peak in (peaks or "").split()])
    except ValueError:
        return None
    return tuple(tree.peaks) if tree.root() == checkpoint.root else None


def _stopped(problem: Problem, now: datetime) -> Report:
    """Say what is wrong with the checkpoints themselves; the chain wasn't walked, since nothing tells what it should be."""
    return Report(problem, 0, 0, 0, None, Head(0, GENESIS, iso(now)), 0, 0.0)
