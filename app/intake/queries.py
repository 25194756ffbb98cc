"""Reads of import runs and of the rows they turned away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select

from app.intake.models import ImportReject, ImportRun
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of
from app.kernel.references import ref
from app.people.models import Employee

STATE_NAMES = {
    "waiting": _l("Waiting"),
    "running": _l("Running"),
    "finished": _l("Finished"),
    "failed": _l("Failed"),
}
# A worker that has not shown itself for this long is taken to be gone, and its run is taken up again.
SILENT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as pages and the command show it."""

    id: int
    file_name: str
    file_path: str | None
    file_bytes: int
    mapping_name: str
    source: str
    is_dry: bool
    state: str
    started_by_id: int | None
    started_at: datetime
    ended_at: datetime | None
    rows_total: int | None
    read_count: int
    imported_count: int
    present_count: int
    rejected_count: int
    message: str
    started_by: str | None

    @property
    def ref(self) -> str:
        return ref("import", self.id)

    @property
    def is_active(self) -> bool:
        return self.state in ("waiting", "running")

    @property
    def state_name(self) -> object:
        return STATE_NAMES[self.state]


@dataclass(frozen=True, slots=True)
class RejectRow:
    id: int
    line: int
    source_ref: str
    column: str
    value: str
    reason: str


_RUN = (*(getattr(ImportRun, name) for name in RunRow.__dataclass_fields__ if name != "started_by"), Employee.name)
_RUNS = select(*_RUN).outerjoin(Employee, Employee.id == ImportRun.started_by_id)
_REJECT = tuple(getattr(ImportReject, name) for name in RejectRow.__dataclass_fields__)


def runs(page: Page) -> Slice[RunRow]:
    """Runs, newest first."""
    statement = _RUNS.order_by(ImportRun.id.desc()).limit(page.size + 1)
    if page.after and isinstance(page.after[0], int):
        statement = statement.where(ImportRun.id < page.after[0])
    return slice_of([RunRow(*row) for row in db.session.execute(statement)], page, lambda row: (row.id,))


def run(run_id: int) -> RunRow | None:
    row = db.session.execute(_RUNS.where(ImportRun.id == run_id)).first()
    return RunRow(*row) if row else None


def rejects(run_id: int, *, limit: int = 100) -> tuple[RejectRow, ...]:
    """The first reasons of a run, by line."""
    return tuple(RejectRow(*row) for row in db.session.execute(_rejects(run_id, (0, 0), limit)))


def every_reject(run_id: int, *, step: int = 1_000) -> Iterator[RejectRow]:
    """All reasons of a run, by line, read in steps."""
    after = (0, 0)
    while True:
        found = [RejectRow(*row) for row in db.session.execute(_rejects(run_id, after, step))]
        yield from found
        if len(found) < step:
            return
        after = (found[-1].line, found[-1].id)


def reject_count(run_id: int) -> int:
    """How many reasons are kept; a row can have several."""
    count = select(func.count()).select_from(ImportReject).where(ImportReject.run_id == run_id)
    return db.session.scalar(count) or 0


def _rejects(run_id: int, after: tuple[int, int], limit: int):  # type: ignore[no-untyped-def]
    line, identity = after
    later = or_(ImportReject.line > line, and_(ImportReject.line == line, ImportReject.id > identity))
    return (
        select(*_REJECT)
        .where(ImportReject.run_id == run_id, later)
        .order_by(ImportReject.line, ImportReject.id)
        .limit(limit)
    )


def next_run(now: datetime) -> int | None:
    """The oldest run that nobody works on: waiting, or left by a worker that fell silent. Only uploads: their file is kept."""
    silent = now - timedelta(seconds=SILENT_SECONDS)
    return db.session.scalar(
        select(ImportRun.id)
        .where(
            ImportRun.state.in_(("waiting", "running")),
            ImportRun.file_path.is_not(None),
            or_(ImportRun.state == "waiting", ImportRun.beat_at < silent),
        )
        .order_by(ImportRun.id)
        .limit(1)
    )


def has_active_run_of(file_path: str) -> bool:
    """Tell whether a run still needs the uploaded file."""
    active = select(ImportRun.id).where(ImportRun.file_path == file_path, ImportRun.state.in_(("waiting", "running")))
    return db.session.scalar(active.limit(1)) is not None
