"""The risk score as a whole: whether it holds, as a page and a file, and the switch that turns it on or off."""

from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms.fields import HiddenField
from wtforms.validators import AnyOf, InputRequired, Length

from app.cases.queries import Filters
from app.insights import (
    export_actions,
    figures,
    risk_actions,
    risk_figures,
    risk_queries,
    risk_ranking,
    risk_words,
    rules,
)
from app.insights.blueprint import bp
from app.insights.calibration_queries import OUTCOMES, SAMPLE_MAX, Outcome, calibration
from app.insights.calibration_rules import COUNT_MIN
from app.insights.choice import chosen
from app.insights.export_tables import workbook
from app.insights.export_views import TYPES
from app.insights.figure_queries import Figure
from app.insights.risk_rules import MOST, WEIGHTS
from app.insights.rules import Share
from app.kernel.errors import BadInput
from app.kernel.paging import Page
from app.kernel.sheets import csv_bytes
from app.kernel.time import utc_now
from app.people.access import can, me, my_scope, needs
from app.people.step_up import require_proof
from app.ui import charts
from app.ui.filters import percent
from app.ui.forms import Form, LineField

OUTCOME_WORDS: dict[str, Any] = {"back": _l("Had to come back"), "left": _l("Left")}
VERDICT_WORDS: dict[str, tuple[str, Any]] = {
    "few": ("info", _l("Too few to say whether it holds: from %(count)d customers on, with ten of either end.")),
    "holds": (
        "good",
        _l("It tells more from less here: in the upper half it happened more often, and chance alone hardly does that. Use it to"
           " choose whom to turn to first; it is no probability."),
    ),
    "reversed": ("bad", _l("It is the wrong way round here: don't rely on it, and turn it off.")),
    "unclear": ("warn", _l("It can't be told whether it holds here: the intervals of the halves touch. Don't rely on it.")),
}  # fmt: skip
AT_RISK_SHOWN = 5
PERIOD = "365d"  # what counts is 30 days old, so that the last 30 days are always empty


class SwitchForm(Form):
    turn = HiddenField(validators=[AnyOf(("on", "off"))])
    reason = LineField(_l("Why?"), [InputRequired(), Length(max=risk_actions.REASON_MAX)])


@bp.get("/insights/risk")
@needs("metrics.read")
def risk() -> str:
    """Whether it holds; while it is off nothing is worked out, and the page says only that."""
    if not risk_queries.is_on():
        return render_template("insights/risk_off.html")
    choice, outcome = chosen(with_teams=False, period=PERIOD), _outcome()
    found = calibration(outcome, choice.part, choice.part.until)
    kind, sentence = VERDICT_WORDS[found.calibration.verdict]
    return render_template(
        "insights/risk.html",
        choice=choice,
        periods=rules.PERIODS,
        outcome=outcome,
        outcomes=[(one, OUTCOME_WORDS[one]) for one in _allowed()],
        found=found,
        measure=risk_figures.MEASURES[outcome],
        chart=_chart(found.calibration) if found.calibration.tenths else None,
        verdict=(kind, str(sentence) % {"count": COUNT_MIN} if kind == "info" else sentence),
        share_words=figures.share_words,
        weights=WEIGHTS,
        terms=[(risk_words.TERM_WORDS[code], most) for code, most in MOST.items()],
        sample_max=SAMPLE_MAX,
    )


def _allowed() -> tuple[Outcome, ...]:
    """What became of customers later tells no place, so it is for who reads the whole company."""
    return OUTCOMES if can("outcomes.read") else OUTCOMES[:1]


def _outcome() -> Outcome:
    return next((one for one in _allowed() if one == request.args.get("outcome")), OUTCOMES[0])


def _chart(of: Any) -> charts.IntervalPlot:
    """Of fewer than ten customers a row says only that they are too few, and not how many it happened to."""

    def row(label: str, one: Share) -> charts.Interval:
        return charts.Interval(label, one.successes if one.is_enough else 0, one.trials, one.low, one.high)

    rows = [row(_points(one.low, one.high), one.share) for one in of.tenths]
    return charts.interval_plot(rows, say=percent, of=_of)


def _points(low: int, high: int) -> str:
    if low == high:
        return ngettext("%(num)d point", "%(num)d points", low)
    return _("%(low)d to %(high)d points", low=low, high=high)


def _said_of(figure: Figure) -> str:
    """What a row of the file is about: everybody, a half, or a tenth by its points."""
    whole = {"all": _("All together"), "lower-half": _("Lower half"), "upper-half": _("Upper half")}
    if figure.key in whole:
        return whole[figure.key]
    low, high = figure.key.partition(" ")[2].split("-")
    return _points(int(low), int(high))


def _of(k: int, n: int) -> str:
    return _("%(k)s of %(n)s", k=k, n=n) if n >= rules.COUNT_MIN else _("too few (%(n)s)", n=n)


@bp.post("/insights/risk/exports/<form>")
@needs("metrics.read")
def export_risk(form: str) -> Response:
    """The same figures as a file; a deed, named in the trail."""
    if form not in ("csv", "xlsx") or not risk_queries.is_on():
        abort(404)
    require_proof()
    choice = chosen(with_teams=False, period=PERIOD)
    header, rows = risk_figures.table(_outcome(), choice.part, choice.part.until, _said_of)
    export_actions.note_export(part=choice.part, form=form, rows=len(rows), actor=me(), now=utc_now())  # type: ignore[arg-type]
    body = csv_bytes(header, rows) if form == "csv" else workbook(header, rows)
    answer = Response(body, content_type=TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="makegood-risk-{choice.part.until:%Y-%m-%d}.{form}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/insights/today/risk")
@needs("exceptions.decide")
def at_risk() -> str:
    """The open cases of the customers most at risk, where it is raised, beside a leader's day; nothing while it is off."""
    scope, now, actor = my_scope("cases.read"), utc_now(), me()
    found = risk_ranking.by_risk(
        scope, Filters(), Page(size=AT_RISK_SHOWN), me_id=actor.id, team_id=actor.team_id, now=now
    )
    rows = found.rows.rows if found else ()
    shown = [(row, found.scores[row.id]) for row in rows if found and row.id in found.scores]
    lines = [(row, one.points, ", ".join(risk_words.reasons(one))) for row, one in shown if one.level != "usual"]
    return render_template("insights/_at_risk.html", is_on=found is not None, lines=lines)


@bp.get("/risk-score")
@needs("settings.write")
def risk_switch() -> str:
    return _switch(SwitchForm(formdata=None))


@bp.post("/risk-score")
@needs("settings.write")
def turn_risk() -> ResponseReturnValue:
    form = SwitchForm()
    if form.validate():
        try:
            risk_actions.switch(is_on=form.turn.data == "on", reason=form.reason.data or "", actor=me(), now=utc_now())
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("The risk score is on.") if form.turn.data == "on" else _("The risk score is off."), "good")
            return redirect(url_for("insights.risk_switch"), 303)
    return _switch(form), 422


def _switch(form: SwitchForm) -> str:
    turns = risk_queries.turns()
    is_on = bool(turns and turns[0].is_on)
    form.turn.data = "off" if is_on else "on"
    return render_template(
        "insights/risk_switch.html",
        form=form,
        is_on=is_on,
        turns=turns,
        weights=WEIGHTS,
        terms=[(risk_words.TERM_WORDS[code], most) for code, most in MOST.items()],
    )
