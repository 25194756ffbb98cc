"""Read a run's file to its end: for the command at once, for an upload by the scheduler, and again after a restart."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _

from app.intake import actions, queries, reader, rules
from app.intake.actions import AlreadyTaken, Counts
from app.intake.known import mapping_named
from app.intake.mapping_rules import BadMapping, Mapping
from app.intake.places import Places
from app.intake.reader import Unreadable
from app.intake.rules import Record, Reject
from app.kernel.actor import Actor
from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.people import queries as people

log = logging.getLogger(__name__)

BATCH = 500
# Beside people at work a transaction stays short, and others get their turn between two.
BATCH_BESIDE, PAUSE_SECONDS = 100, 0.02
OLD_UPLOAD_SECONDS = 7 * 86_400

Clock = Callable[[], datetime]
Report = Callable[[list[Reject]], None]


def checked(path: Path, mapping: Mapping, *, tick: Callable[[int], None] | None = None) -> reader.Survey:
    """Go through the whole file before anything is written; raises Unreadable, also when columns are missing."""
    header = reader.header_of(path, mapping.delimiter)
    other = reader.wrong_delimiter(header, mapping.delimiter)
    if other:
        raise Unreadable(
            _(
                "The columns seem to be separated by %(found)s; the mapping expects %(expected)s.",
                found=other,
                expected=mapping.delimiter,
            )
        )
    missing = sorted(mapping.columns - set(header))
    if missing:
        raise Unreadable(_("These columns are missing: %(names)s.", names=", ".join(missing)))
    return reader.survey(path, mapping.delimiter, tick=tick)


def batches(path: Path, mapping: Mapping, *, size: int, skip: int, clock: Clock) -> Iterator[list[Record | Reject]]:
    """Yield the rows in batches, after `skip` rows; an id that stands twice in the file is turned away the second time."""
    header = reader.header_of(path, mapping.delimiter)
    seen: set[str] = set()
    batch: list[Record | Reject] = []
    for index, (line, cells) in enumerate(reader.rows(path, mapping.delimiter)):
        item = rules.once(rules.convert(line, header, cells, mapping, clock()), mapping, seen)
        if index < skip:
            continue
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def read_run(
    *,
    run_id: int,
    path: Path,
    mapping: Mapping,
    actor: Actor,
    clock: Clock,
    size: int = BATCH,
    pause_seconds: float = 0.0,
    survey: reader.Survey | None = None,
    tick: Callable[[int], None] | None = None,
    report: Report | None = None,
) -> None:
    """Read one run from where it stands to its end. A file that can't be read ends it as failed and raises Unreadable."""
    try:
        survey = survey or checked(path, mapping)
    except Unreadable as refusal:
        actions.end(run_id=run_id, state="failed", message=str(refusal), actor=actor, now=clock())
        raise
    read = actions.take(run_id=run_id, rows_total=survey.rows, actor=actor, now=clock())
    places = Places(mapping, actor).load()
    for batch in batches(path, mapping, size=size, skip=read, clock=clock):
        counts = actions.take_in(
            run_id=run_id, mapping=mapping, places=places, items=batch, expected_read=read, actor=actor, now=clock()
        )
        read += counts.read
        if report:
            report([item for item in batch if isinstance(item, Reject)])
        if tick:
            tick(counts.read)
        if pause_seconds:
            time.sleep(pause_seconds)
    actions.end(run_id=run_id, state="finished", actor=actor, now=clock())


def try_out(
    *, path: Path, mapping: Mapping, actor: Actor, clock: Clock, tick: Callable[[int], None], report: Report
) -> Counts:
    """Count what an import would do, and write nothing at all."""
    checked(path, mapping)
    places = Places(mapping, actor).load()
    total = Counts(0, 0, 0, 0)
    for batch in batches(path, mapping, size=BATCH, skip=0, clock=clock):
        fresh, rejects, present = actions.sorted_out(batch, mapping, places)
        total = Counts(
            total.read + len(batch), total.imported + len(fresh), total.present + present, total.rejected + len(rejects)
        )
        report(rejects)
        tick(len(batch))
    return total


def run_waiting(*, now: datetime, limit: int = 1, clock: Clock = utc_now) -> int:
    """Read uploads that wait or whose worker fell silent; returns how many were read. Safe to run twice and in two processes.

    clock: reading takes longer than an instant, so a run shows itself alive by the clock and not by `now`.
    """
    done = 0
    while done < limit and (run_id := queries.next_run(now)) is not None:
        _read_upload(run_id, clock)
        done += 1
    return done


def _read_upload(run_id: int, clock: Clock) -> None:
    run = queries.run(run_id)
    assert run is not None and run.file_path is not None and run.started_by_id is not None
    person = people.person(run.started_by_id)
    assert person is not None
    path, message = Path(run.file_path), ""
    try:
        if not person.is_active:
            message = _("The person who started this import doesn't work here any more.")
        elif not path.is_file():
            message = _("The uploaded file is gone. Upload it again.")
        else:
            read_run(
                run_id=run_id,
                path=path,
                mapping=mapping_named(run.mapping_name),
                actor=person.actor,
                clock=clock,
                size=BATCH_BESIDE,
                pause_seconds=PAUSE_SECONDS,
            )
    except AlreadyTaken:
        return
    except (Unreadable, BadMapping, Refusal) as refusal:
        message = str(refusal)
    except Exception:
        log.exception("import run %s", run_id)
        message = _("Something went wrong that nobody foresaw. Rows read before are kept; nothing of the rest is.")
    if message:
        actions.end(run_id=run_id, state="failed", message=message, actor=person.actor, now=clock())
    if not run.is_dry and not queries.has_active_run_of(run.file_path):
        path.unlink(missing_ok=True)


def forget_uploads(*, now: datetime, limit: int = 200) -> int:
    """Delete at most `limit` uploads that nobody imported within a week; returns how many."""
    gone = 0
    for path in islice((Path(current_app.instance_path) / "uploads").glob("*.upload"), limit * 10):
        with suppress(FileNotFoundError):
            old = now.timestamp() - path.stat().st_mtime > OLD_UPLOAD_SECONDS
            if old and gone < limit and not queries.has_active_run_of(str(path)):
                path.unlink()
                gone += 1
    return gone
