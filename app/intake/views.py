"""Import pages: upload, live progress, what was turned away."""

import csv
import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    session,
    stream_with_context,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from app.intake import actions, jobs, queries, rules
from app.intake.commands import chosen_mapping
from app.intake.forms import UploadForm
from app.intake.known import mapping_named
from app.intake.mapping_rules import BadMapping
from app.intake.queries import RejectRow, RunRow
from app.intake.reader import Unreadable
from app.kernel.errors import NotFound
from app.kernel.paging import Page
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.people.step_up import require_proof

bp = Blueprint("intake", __name__, template_folder="templates")
_SHOWN = 50


@bp.url_value_preprocessor
def _allow_large_uploads(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the limit before anything reads the body, and only for someone with a session: strangers keep the small one."""
    if endpoint == "intake.upload" and request.method == "POST" and session:
        request.max_content_length = current_app.extensions["makegood_settings"].upload_max_mebibytes * 1024 * 1024


@bp.get("/imports")
@needs("cases.import")
def index() -> str:
    return render_template("intake/index.html", form=UploadForm().offer_mappings(), **_runs())


@bp.post("/imports")
@needs("cases.import")
def upload() -> Any:
    form = UploadForm().offer_mappings()
    if not form.validate():
        return render_template("intake/index.html", form=form, **_runs()), 422
    path = _kept(form.file.data)
    try:
        mapping = chosen_mapping(path, form.mapping.data or None)
        jobs.checked(path, mapping)
    except (Unreadable, BadMapping) as refusal:
        path.unlink(missing_ok=True)
        form.file.errors = [*form.file.errors, str(refusal)]
        return render_template("intake/index.html", form=form, **_runs()), 422
    run_id = actions.start(
        file_name=Path(form.file.data.filename or "").name or _("file"),
        file_path=path,
        file_bytes=path.stat().st_size,
        mapping=mapping,
        is_dry=form.dry_run.data,
        actor=me(),
        now=utc_now(),
    )
    return redirect(url_for("intake.show", run_ref=ref("import", run_id)), 303)


@bp.get("/imports/<run_ref>")
@needs("cases.import")
def show(run_ref: str) -> str:
    run = _run(run_ref)
    return render_template("intake/show.html", run=run, rejects=_some_rejects(run), can_repeat=_can_repeat(run))


@bp.get("/imports/<run_ref>/progress")
@needs("cases.import")
def progress(run_ref: str) -> str:
    run = _run(run_ref)
    return render_template("intake/_progress.html", run=run, rejects=_some_rejects(run), can_repeat=_can_repeat(run))


@bp.post("/imports/<run_ref>/imports")
@needs("cases.import")
def repeat(run_ref: str) -> Any:
    """Import for real what was tried out, from the same file."""
    run = _run(run_ref)
    if not _can_repeat(run):
        raise NotFound
    assert run.file_path is not None
    run_id = actions.start(
        file_name=run.file_name,
        file_path=Path(run.file_path),
        file_bytes=run.file_bytes,
        mapping=mapping_named(run.mapping_name),
        is_dry=False,
        actor=me(),
        now=utc_now(),
    )
    return redirect(url_for("intake.show", run_ref=ref("import", run_id)), 303)


@bp.get("/imports/<run_ref>/rejects.csv")
@needs("cases.import")
def rejects_file(run_ref: str) -> Response:
    require_proof()
    run = _run(run_ref)
    name = f"{run.ref}-rejects.csv"
    return Response(
        stream_with_context(_report(run)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _runs() -> dict[str, Any]:
    found = queries.runs(Page.of(request.args.get("after")))
    next_url = url_for("intake.index", after=found.next_cursor) if found.next_cursor else None
    return {"runs": found.rows, "next_url": next_url}


def _run(run_ref: str) -> RunRow:
    run_id = parse_ref("import", run_ref)
    run = queries.run(run_id) if run_id else None
    if run is None:
        raise NotFound
    return run


def _some_rejects(run: RunRow) -> tuple[RejectRow, ...]:
    return queries.rejects(run.id, limit=_SHOWN) if run.rejected_count else ()


def _can_repeat(run: RunRow) -> bool:
    tried = run.is_dry and run.state == "finished" and run.imported_count > 0
    return tried and run.file_path is not None and Path(run.file_path).is_file()


def _kept(upload: FileStorage) -> Path:
    """Keep an upload under a random name; the name it came with is only shown, never used as a path."""
    folder = Path(current_app.instance_path) / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{secrets.token_hex(16)}.upload"
    path.touch(mode=0o600)
    upload.save(path, buffer_size=256 * 1024)
    return path


def _report(run: RunRow) -> Iterator[str]:
    lines = io.StringIO()
    writer = csv.writer(lines)
    yield "\ufeff"
    writer.writerow(rules.REPORT_HEADER)
    for row in queries.every_reject(run.id):
        writer.writerow(
            [
                row.line,
                rules.safe_cell(row.source_ref),
                rules.safe_cell(row.column),
                rules.safe_cell(row.value),
                row.reason,
            ]
        )
        if lines.tell() > 32_768:
            yield lines.getvalue()
            lines.seek(0)
            lines.truncate()
    yield lines.getvalue()
