"""The pulse: which there are, opening one, answering one, and what a closed one came to for the units that a reader may see."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.insights import figures, pulse_sheet, pulse_words
from app.insights import pulse_actions as actions
from app.insights import pulse_queries as queries
from app.insights.blueprint import bp
from app.insights.pulse_forms import PulseAnswerForm, PulseDeedForm, PulseForm
from app.insights.pulse_queries import PulseRow, Reading
from app.insights.pulse_rules import GROUP_MIN
from app.insights.pulse_sheet import UnitName
from app.kernel.errors import NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.sheets import csv_bytes
from app.kernel.time import UTC, utc_now
from app.people.access import can, me, my_scope, my_site, needs
from app.people.step_up import require_proof

FORMS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@bp.get("/pulses")
@needs("pulse.read")
def pulses() -> str:
    now, actor = utc_now(), me()
    rows = queries.pulses()
    return render_template(
        "insights/pulses.html",
        rows=rows,
        now=now,
        mine=queries.to_answer(actor.id or 0, now),
        words=pulse_words,
        least=GROUP_MIN,
        deed=PulseDeedForm(),
        may_open=can("pulse.open"),
    )


@bp.get("/pulses/new")
@needs("pulse.open")
def pulse_form() -> str:
    return render_template("insights/pulse_new.html", form=PulseForm())


@bp.post("/pulses")
@needs("pulse.open")
def open_pulse() -> ResponseReturnValue:
    form, now = PulseForm(), utc_now()
    if form.validate():
        first, last = form.days()
        closes_at = _midnight(last + timedelta(days=1)) - timedelta(seconds=1)
        try:
            actions.open_pulse(
                name=form.name.data or "", opens_at=_midnight(first), closes_at=closes_at,
                actor=me(), now=now,
            )  # fmt: skip
        except Refusal as refusal:
            form.take(refusal)
        else:
            flash(_("The pulse stands. Everybody who is active when it begins finds it on their desk."), "good")
            return redirect(url_for("insights.pulses"), 303)
    return render_template("insights/pulse_new.html", form=form), 422


def _midnight(day: date) -> datetime:
    """The first moment of a day on the wall of the reader's site."""
    return datetime.combine(day, time(), ZoneInfo(my_site().time_zone)).astimezone(UTC)


@bp.post("/pulses/<ref>/end")
@needs("pulse.open")
def call_off_pulse(ref: str) -> ResponseReturnValue:
    try:
        actions.call_off(pulse_id=_found(ref).id, actor=me(), now=utc_now())
    except NotFound:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("Called off. Its answers are destroyed, and nothing of it is shown."), "good")
    return redirect(url_for("insights.pulses"), 303)


@bp.get("/pulses/<ref>/answer")
@needs("pulse.answer")
def pulse_answer_form(ref: str) -> str:
    return _answer_page(_mine(ref), PulseAnswerForm())


@bp.post("/pulses/<ref>/answer")
@needs("pulse.answer")
def answer_pulse(ref: str) -> ResponseReturnValue:
    row, form = _mine(ref), PulseAnswerForm()
    if not form.validate():
        return _answer_page(row, form), 422
    try:
        actions.answer(pulse_id=row.id, said=form.said(), actor=me(), now=utc_now())
    except NotFound:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("Thank you. Your answer is in, and nothing says that it is yours."), "good")
    return redirect(url_for("home.desk"), 303)


def _mine(ref: str) -> PulseRow:
    """The pulse that waits for the reader's answer; any other is not there, also one that they answered before."""
    row = queries.to_answer(me().id or 0, utc_now())
    if row is None or row.id != parse_ref("pulse", ref):
        raise NotFound(actions.PulseAnswered.sentence)
    return row


def _answer_page(row: PulseRow, form: PulseAnswerForm) -> str:
    return render_template("insights/pulse_answer.html", row=row, form=form, least=GROUP_MIN)


def _found(ref: str) -> PulseRow:
    row = queries.pulse(parse_ref("pulse", ref) or 0)
    if row is None:
        raise NotFound
    return row


@bp.get("/pulses/<ref>")
@needs("pulse.read")
def pulse(ref: str) -> str:
    row, now = _found(ref), utc_now()
    told = queries.readings(queries.pulses(), my_scope("pulse.read"), me(), now)
    reading = next((one for one in told if one.row.id == row.id), None)
    if reading is None:
        raise NotFound
    names = pulse_sheet.named(reading.units)
    chosen = _chosen(names, reading)
    total = reading.totals.get(chosen.unit) if chosen else None
    return render_template(
        "insights/pulse.html",
        row=row,
        names=names,
        chosen=chosen,
        total=total,
        chart=pulse_sheet.plot(total) if total else None,
        trend=pulse_sheet.trend(told, chosen.unit) if chosen and total else None,
        words=pulse_words,
        share_words=figures.share_words,
        least=GROUP_MIN,
    )


def _chosen(names: list[UnitName], reading: Reading) -> UnitName | None:
    """The unit that the address names, else the first that says something; None when nobody in scope was asked."""
    if "of" in request.args:
        wanted = [one for one in names if one.key == request.args["of"]]
        if not wanted:
            raise NotFound
    else:
        wanted = [one for one in names if one.unit in reading.totals] or names
    return wanted[0] if wanted else None


@bp.post("/pulses/<ref>/exports/<form>")
@needs("pulse.read")
def export_pulse(ref: str, form: str) -> Response:
    """A deed, not a link: who carries figures away is named in the trail."""
    row = _found(ref)
    if form not in FORMS:
        abort(404)
    require_proof()
    told = queries.readings((row,), my_scope("pulse.read"), me(), utc_now())
    if not told:
        raise NotFound
    rows = pulse_sheet.table(told[0])
    body = csv_bytes(pulse_sheet.HEADER, rows) if form == "csv" else _json(told[0], rows)
    actions.note_export(pulse_id=row.id, form=form, units=len(told[0].totals), actor=me(), now=utc_now())
    answer = Response(body, content_type=FORMS[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="makegood-pulse-{row.ref}.{form}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _json(reading: Reading, rows: list[list[Any]]) -> bytes:
    said = [dict(zip(pulse_sheet.HEADER, row, strict=True)) for row in rows]
    about = {
        "definition": str(pulse_words.DEFINITION),
        "not_for": str(pulse_words.NOT_FOR),
        "source": pulse_words.SOURCE,
    }
    return orjson.dumps({"pulse": reading.row.ref, **about, "figures": said}, option=orjson.OPT_INDENT_2)
