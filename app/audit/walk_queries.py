"""The walk along the chain: by one process, or by several at once where the trail is long.

A stretch begins where a signed checkpoint says that the one before it must end: its chain hash, and the tree's peaks that hash to its
root. So each is checked on its own, and the one before must arrive at that very checkpoint.
"""

import os
import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import current_process, get_context, resource_tracker
from multiprocessing.connection import Connection as Pipe
from threading import Thread
from typing import Any

from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.engine import URL

from app.audit.chain_rules import Checker, Head, Problem, SealedRow
from app.audit.checkpoint_rules import Anchors, Checkpoint
from app.audit.merkle_rules import BLOCK, Tree
from app.audit.models import AuditBlock, AuditSeal

BATCH = 2000
PROCESSES_MAX = 8
# Another process takes a second or two to load the product: as long as this many entries take. It pays from twice that on.
START_UP = 200_000

Progress = Callable[[int], None]  # told how many entries are done


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the chain with what it must agree with. until: its last number; None: the chain's end.

    checkpoints: what the tree must agree with, which begins with these peaks; None: compare no tree.
    """

    after: Head | None
    until: int | None
    heads: tuple[Head, ...] = ()
    checkpoints: tuple[Checkpoint, ...] | None = None
    peaks: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk found, as in a Report."""

    problem: Problem | None
    checked: int
    erased: int
    early: int
    first_early: int | None
    number: int
    chain_hash: str


def walk(connection: Connection, stretch: Stretch, on_batch: Progress) -> Walked:
    """Recompute one stretch from the stored bytes; memory stays flat."""
    checker = Checker(list(stretch.heads), stretch.after)
    anchors = _anchors(connection, stretch)
    first = checker.number
    problem = _start_problem(connection, stretch.after)
    if problem is None:
        with closing(links(connection, first, stretch.until)) as batches:
            for batch in batches:
                problem = checker.take(batch)
                differs = anchors.take(checker.leaves) if anchors else None
                if differs and (problem is None or (differs.number or 0) < (problem.number or 0)):
                    problem = differs
                if problem:
                    break
                on_batch(checker.number - first)
        problem = problem or _end_problem(connection, stretch, checker)
    return Walked(
        problem, checker.checked, checker.erased, checker.early, checker.first_early, checker.number, checker.chain
    )


def _anchors(connection: Connection, stretch: Stretch) -> Anchors | None:
    if stretch.checkpoints is None:
        return None
    start = stretch.after.number if stretch.after else 0
    wanted = select(AuditBlock.number, AuditBlock.hash).where(AuditBlock.number >= start // BLOCK)
    if stretch.until is not None:
        wanted = wanted.where(AuditBlock.number < stretch.until // BLOCK)
    blocks = {row.number: row.hash for row in connection.execute(wanted)}
    return Anchors(Tree(start, stretch.peaks), stretch.checkpoints, blocks)


def _start_problem(connection: Connection, after: Head | None) -> Problem | None:
    if after is None or after.number == 0:
        return None
    stored = connection.scalar(select(AuditSeal.chain_hash).where(AuditSeal.number == after.number))
    if stored is None:
        return Problem("tail-cut", after.number)
    return None if stored == after.chain_hash else Problem("rewritten", after.number)


def _end_problem(connection: Connection, stretch: Stretch, checker: Checker) -> Problem | None:
    """Tell whether the chain reaches where it must, or has a hole just there."""
    if stretch.until is not None and checker.number < stretch.until:
        beyond = select(func.count()).select_from(
            select(1).where(AuditSeal.number > checker.number).limit(1).subquery()
        )
        if connection.scalar(beyond):
            return Problem("number-missing", checker.number + 1)
    return checker.finish()


def walk_all(connection: Connection, url: URL, stretches: Sequence[Stretch], on_batch: Progress) -> Walked:
    """Walk the first stretch here and each other one in a process of its own; return them as one, up to the first problem."""
    if len(stretches) > 1 and connection.dialect.name == "postgresql":  # this one may wait for the others
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    helpers = [_Helper(url, stretch) for stretch in stretches[1:]]
    found: list[Walked] = []

    def tell(done: int) -> None:
        under_way = helpers[max(len(found) - 1, 0) :]
        on_batch(sum(one.checked for one in found) + done + sum(helper.done() for helper in under_way))

    try:
        for stretch, helper in zip(stretches, (None, *helpers), strict=True):
            walked = helper.result(lambda: tell(0)) if helper else None
            found.append(walked or walk(connection, stretch, tell))  # here too, where a helper died
            if found[-1].problem:
                break
    finally:
        for helper in helpers:
            helper.end()
    return _joined(found)


def _joined(found: Sequence[Walked]) -> Walked:
    last = found[-1]
    return Walked(
        problem=last.problem,
        checked=sum(one.checked for one in found),
        erased=sum(one.erased for one in found),
        early=sum(one.early for one in found),
        first_early=next((one.first_early for one in found if one.first_early is not None), None),
        number=last.number,
        chain_hash=last.chain_hash,
    )


class _Helper:
    """Another process that walks one stretch and tells how far it came."""

    def __init__(self, url: URL, stretch: Stretch) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(url, theirs), daemon=True)
        # Ctrl-C reaches a whole terminal: who started it ends it, also while it loads the product.
        resource_tracker.ensure_running()  # its own start would let the signal through again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        Thread(
            target=self._give, args=(stretch,), daemon=True
        ).start()  # it takes it only when it has loaded the product
        self._done = 0
        self._walked: Walked | None = None
        self._is_gone = False

    def done(self) -> int:
        """How many entries it has checked, as far as it told."""
        self._read()
        return self._done

    def result(self, on_wait: Callable[[], None]) -> Walked | None:
        """Wait for what it found; None when it died."""
        while self._walked is None and not self._is_gone:
            self._pipe.poll(0.2)
            on_wait()
        return self._walked

    def end(self) -> None:
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    def _give(self, stretch: Stretch) -> None:
        with suppress(OSError):  # it died, or was ended, before it took it
            self._pipe.send(stretch)

    def _read(self) -> None:
        while self._walked is None and not self._is_gone and self._pipe.poll():
            try:
                said = self._pipe.recv()
            except (EOFError, OSError):
                self._is_gone, self._done = True, 0
                return
            self._walked = said if isinstance(said, Walked) else None
            self._done = said.checked if isinstance(said, Walked) else said


def _serve(url: URL, pipe: Pipe) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stretch: Stretch = pipe.recv()
    with create_engine(url, hide_parameters=True).connect() as connection:
        pipe.send(walk(connection, stretch, pipe.send))


def places_to_cut(first: int, total: int) -> list[int]:
    """After which numbers other processes shall begin, so that all end at about the same time; none for a short trail."""
    if current_process().daemon:
        return []  # such a one may have no children
    wanted = max(total - first, 0)
    processes = min(len(os.sched_getaffinity(0)), PROCESSES_MAX, 1 + wanted // (2 * START_UP))
    share = (wanted - START_UP) // processes
    return [first + START_UP + share * place for place in range(1, processes)]


_COLUMNS = "e.type, e.subject, e.case_id, e.site_id, e.actor_id"
_BYTES = {"sqlite": "CAST({} AS BLOB)", "postgresql": "convert_to({}, 'UTF8')"}
_INSTANTS = {
    "sqlite": "replace(e.at, ' ', 'T') || 'Z', replace(e.recorded_at, ' ', 'T') || 'Z'",
    "postgresql": """to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), """
    """to_char(e.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
}


def links(connection: Connection, after: int, until: int | None = None) -> Generator[list[SealedRow], None, None]:
    """Stream seals with what they seal, in rising order, as plain tuples by a server-side cursor."""
    dialect = connection.dialect.name
    bound, raw = "" if until is None else f" AND s.number <= {int(until)}", _BYTES[dialect].format
    statement = (
        f"SELECT s.number, s.entry_id, s.content_hash, s.chain_hash, {raw('e.content')}, {_COLUMNS}, "  # noqa: S608
        f"{_INSTANTS[dialect]}, p.entry_id, p.salt, {raw('p.payload')} "
        "FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id LEFT JOIN audit_payload p ON p.entry_id = s.entry_id "
        f"WHERE s.number > {int(after)}{bound} ORDER BY s.number"
    )
    cursor = _cursor(connection)
    try:
        cursor.execute(statement)
        while rows := cursor.fetchmany(BATCH):
            yield rows
    finally:
        cursor.close()


def _cursor(connection: Connection) -> Any:
    raw: Any = connection.connection.driver_connection
    return raw.cursor() if connection.dialect.name == "sqlite" else raw.cursor(name="audit_links", binary=True)
