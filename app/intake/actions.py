"""Import runs: started, read in batches, ended. A batch writes its cases, its counts and its rejects together, or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, or_, select, update

from app.audit import actions as audit
from app.cases import history as case_history
from app.cases.history import PastCase
from app.feedback import history as feedback_history
from app.feedback.history import PastAnswer
from app.intake.mapping_rules import Mapping
from app.intake.models import ImportReject, ImportRun
from app.intake.places import Places
from app.intake.queries import SILENT_SECONDS, reject_count
from app.intake.rules import Problem, Record, Reject
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import Conflict, NotFound
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people.permissions import require
from app.remedies import history as remedy_history
from app.remedies.history import PastRemedy

STARTED = audit.declare(
    "import:start", "file", "bytes", "mapping", "source", "dry_run", sentence=_l("started an import")
)
TAKEN = audit.declare("import:take", "rows", "from_row", sentence=_l("began to read an import's file"))
READ = audit.declare("import:read", "rows", "imported", "present", "rejected", sentence=_l("read a part of a file"))
ENDED = audit.declare(
    "import:end", "state", "rows", "imported", "present", "rejected", "message", sentence=_l("ended an import")
)

# Rows turned away are kept for the page up to this many; the counts go on, and the command's report has all.
REJECTS_KEPT_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a batch."""

    read: int
    imported: int
    present: int
    rejected: int


class AlreadyTaken(Conflict):
    sentence = _l("This import is being read already.")
    code = "import-taken"


def start(
    *,
    file_name: str,
    file_path: Path | None,
    file_bytes: int,
    mapping: Mapping,
    is_dry: bool,
    actor: Actor,
    now: datetime,
) -> int:
    """Enter a run and return its id. file_path: where the upload lies; None when a command reads its own file."""
    require(actor, "cases.import")
    with transaction():
        run = ImportRun(
            file_name=file_name[:200],
            file_path=str(file_path) if file_path else None,
            file_bytes=file_bytes,
            mapping_name=mapping.name,
            source=mapping.source,
            is_dry=is_dry,
            state="waiting",
            started_by_id=actor.id,
            started_at=now,
        )
        db.session.add(run)
        db.session.flush()
        audit.record(
            STARTED,
            subject=ref("import", run.id),
            actor=actor,
            at=now,
            file=run.file_name,
            bytes=file_bytes,
            mapping=mapping.name,
            source=mapping.source,
            dry_run=is_dry,
        )
        return run.id


def take(*, run_id: int, rows_total: int, actor: Actor, now: datetime) -> int:
    """Claim a run for one worker and return how many rows were read before; raises AlreadyTaken."""
    silent = now - timedelta(seconds=SILENT_SECONDS)
    with transaction():
        taken = db.session.execute(
            update(ImportRun)
            .where(
                ImportRun.id == run_id,
                or_(ImportRun.state == "waiting", (ImportRun.state == "running") & (ImportRun.beat_at < silent)),
            )
            .values(state="running", beat_at=now, rows_total=rows_total)
        )
        if taken.rowcount == 0:  # type: ignore[attr-defined]
            raise AlreadyTaken
        read_count = db.session.scalar(select(ImportRun.read_count).where(ImportRun.id == run_id)) or 0
        audit.record(
            TAKEN, subject=ref("import", run_id), actor=actor, at=now, rows=rows_total, from_row=read_count + 1
        )
        return read_count


def take_in(
    *,
    run_id: int,
    mapping: Mapping,
    places: Places,
    items: Sequence[Record | Reject],
    expected_read: int,
    actor: Actor,
    now: datetime,
) -> Counts:
    """Write one batch; `expected_read` is where the worker thinks the run stands, so that two workers never write the same.

    A dry run counts in the same way and writes only the counts and the rejects.
    """
    with transaction():
        run = db.session.get(ImportRun, run_id, with_for_update=True)
        if run is None:
            raise NotFound
        if run.state != "running" or run.read_count != expected_read:
            raise AlreadyTaken
        fresh, rejects, present = sorted_out(items, mapping, places)
        if not run.is_dry:
            write_history(fresh, mapping, places, actor=actor, now=now)
        _keep_rejects(run, rejects)
        counts = Counts(len(items), len(fresh), present, len(rejects))
        run.read_count += counts.read
        run.imported_count += counts.imported
        run.present_count += counts.present
        run.rejected_count += counts.rejected
        run.beat_at = now
        audit.record(
            READ,
            subject=ref("import", run_id),
            actor=actor,
            at=now,
            rows=counts.read,
            imported=counts.imported,
            present=counts.present,
            rejected=counts.rejected,
        )
        return counts


def sorted_out(
    items: Sequence[Record | Reject], mapping: Mapping, places: Places
) -> tuple[list[Record], list[Reject], int]:
    """Part a batch into what is new, what is turned away, and how many cases are there already."""
    refs = [item.source_ref for item in items if isinstance(item, Record)]
    known = case_history.known_refs(mapping.source, refs)
    fresh: list[Record] = []
    rejects: list[Reject] = []
    for item in items:
        if isinstance(item, Reject):
            rejects.append(item)
        elif item.source_ref not in known:
            problem = places.missing(item)
            if problem is None:
                fresh.append(item)
            else:
                rejects.append(Reject(item.line, item.source_ref, (problem,)))
    return fresh, rejects, len(items) - len(fresh) - len(rejects)


def write_history(
    records: Sequence[Record], mapping: Mapping, places: Places, *, actor: Actor, now: datetime
) -> list[int]:
    """Keep past cases with their clocks, what was paid and what was answered; returns the ids of the cases."""
    if not records:
        return []
    placed = [places.place(record, now) for record in records]
    goodwill = mapping.paid is not None and mapping.paid.nature == "goodwill"
    cases = [
        PastCase(
            source=mapping.source,
            source_ref=record.source_ref,
            site_id=place.site_id,
            team_id=place.team_id,
            category_id=place.category_id,
            severity=record.severity,
            channel=record.channel,
            attribution=record.attribution,
            summary=record.summary,
            description=record.description,
            outcome=record.outcome,
            state=record.state,
            occurred_at=record.occurred_at,
            received_at=record.received_at,
            resolved_at=record.resolved_at,
            due_at=record.due_at,
            computes_due="due_at" not in mapping.fields,
            given_minor=record.paid.minor if record.paid and goodwill else 0,
            resolver_id=place.resolver_id,
        )
        for record, place in zip(records, placed, strict=True)
    ]
    ids = case_history.log_history(cases, actor=actor, now=now)
    if mapping.paid is not None:
        paid = [
            PastRemedy(
                case_id=case_id,
                site_id=place.site_id,
                team_id=place.team_id,
                kind=mapping.paid.kind,
                nature=mapping.paid.nature,
                amount=record.paid,
                at=record.resolved_at or record.received_at,
            )
            for case_id, record, place in zip(ids, records, placed, strict=True)
            if record.paid is not None
        ]
        remedy_history.log_history(paid, actor=actor, now=now)
    answers = [
        PastAnswer(case_id, place.site_id, place.team_id, place.resolver_id, record.severity, record.survey_score, at)
        for case_id, record, place in zip(ids, records, placed, strict=True)
        if record.survey_score is not None and (at := record.resolved_at) is not None
    ]
    feedback_history.log_history(answers, actor=actor, now=now)
    return ids


def _keep_rejects(run: ImportRun, rejects: Sequence[Reject]) -> None:
    if not rejects or run.rejected_count >= REJECTS_KEPT_MAX:
        return
    room = max(0, REJECTS_KEPT_MAX - reject_count(run.id))
    rows = [_reject_row(run.id, reject, problem) for reject in rejects for problem in reject.problems]
    if rows[:room]:
        db.session.execute(insert(ImportReject.__table__), rows[:room])  # type: ignore[arg-type]


def _reject_row(run_id: int, reject: Reject, problem: Problem) -> dict[str, object]:
    return {
        "run_id": run_id,
        "line": reject.line,
        "source_ref": reject.source_ref[:100],
        "column_name": problem.column[:200],
        "value": problem.value[:500],
        "code": problem.code,
        "reason": problem.sentence,
    }


def end(*, run_id: int, state: str, message: str = "", actor: Actor, now: datetime) -> None:
    """Close a run as finished or failed; a run that has ended stays as it is."""
    with transaction():
        run = db.session.get(ImportRun, run_id, with_for_update=True)
        if run is None:
            raise NotFound
        if run.ended_at is not None:
            return
        run.state, run.message, run.ended_at = state, message[:1000], now
        audit.record(
            ENDED,
            subject=ref("import", run_id),
            actor=actor,
            at=now,
            state=state,
            rows=run.read_count,
            imported=run.imported_count,
            present=run.present_count,
            rejected=run.rejected_count,
            message=run.message,
        )
