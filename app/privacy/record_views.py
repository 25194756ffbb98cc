"""The record of processing, as a page and as files; and how long each class of data is kept."""

import orjson
from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import NotFound, Refusal
from app.kernel.sheets import csv_bytes
from app.kernel.time import utc_now
from app.people.access import can, me, needs
from app.people.step_up import require_proof
from app.privacy.blueprint import bp
from app.privacy.forms import PeriodForm
from app.privacy.processing_queries import COLUMNS, record, record_rows
from app.privacy.purposes import CLASSES
from app.privacy.retention_actions import set_period
from app.privacy.retention_queries import due


@bp.get("/privacy/record")
@needs("privacy.read")
def processing() -> str:
    return render_template("privacy/record.html", parts=record())


@bp.get("/privacy/record.<form>")
@needs("privacy.read")
def processing_file(form: str) -> Response:
    if form == "json":
        body, kind = orjson.dumps(record(), option=orjson.OPT_INDENT_2), "application/json"
    elif form == "csv":
        body, kind = csv_bytes(COLUMNS, record_rows()), "text/csv"
    else:
        raise NotFound
    headers = {
        "Content-Disposition": f'attachment; filename="record-of-processing.{form}"',
        "Cache-Control": "no-store",
    }
    return Response(body, mimetype=kind, headers=headers)


@bp.get("/privacy/retention")
@needs("privacy.read")
def retention() -> str:
    return _retention(None, "")


@bp.post("/privacy/retention/<code>")
@needs("privacy.handle")
def keep_for(code: str) -> ResponseReturnValue:
    form, status = PeriodForm(), 422
    if code not in CLASSES:
        raise NotFound
    if form.validate():
        require_proof()
        try:
            set_period(code=code, days=form.days.data, shown=form.shown.data, actor=me(), now=utc_now())
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Kept. It holds from the next night on."), "good")
            return redirect(url_for("privacy.retention"), 303)
    return _retention(form, code), status


def _retention(form: PeriodForm | None, code: str) -> str:
    rows = due(utc_now())
    asked = request.args.get("change", code)
    chosen = next(
        (row for row in rows if row.code == asked and CLASSES[asked].may_change and CLASSES[asked].days), None
    )
    may = can("privacy.handle")
    if chosen is not None and form is None and may:
        form = PeriodForm(formdata=None, days=chosen.days, shown=chosen.days or 0)
    return render_template(
        "privacy/retention.html", rows=rows, classes=CLASSES, chosen=chosen, form=form, may_handle=may
    )
