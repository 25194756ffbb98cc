"""The reports that come to me by mail: asking for one, letting it rest, stopping it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.dates import get_day_names
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.budgets import intent_actions as intents
from app.insights import figures, report_actions, report_queries, report_rules, report_sheet
from app.insights.blueprint import bp
from app.insights.measures import MEASURES
from app.insights.report_delivery import page_of
from app.insights.report_forms import ReportForm
from app.insights.report_models import ReportWish
from app.insights.rules import PERIODS
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, Refusal
from app.kernel.time import utc_now
from app.notifications.mail_actions import is_mail_on
from app.people import queries as people
from app.people.access import me, needs
from app.people.permissions import Scope, scope_of
from app.ui.filters import locale_name
from app.ui.forms import VersionForm, options

DEEDS = {"pause": report_actions.pause, "resume": report_actions.resume, "end": report_actions.end}


@dataclass(frozen=True, slots=True)
class WishRow:
    """One report as the list says it."""

    id: int
    version: int
    title: str
    place: str
    when: str
    form: str
    url: str
    is_paused: bool
    has_lost_right: bool
    next_at: datetime
    sent_at: datetime | None


@bp.get("/me/reports")
@needs("profile.write")
def reports() -> str:
    return _page(_form(**_asked_for()))


@bp.post("/me/reports")
@needs("profile.write")
def want_report() -> ResponseReturnValue:
    form = _form()
    if form.validate():
        try:
            _want(form, me(), utc_now())
        except Refusal as refusal:
            form.take(refusal)
        else:
            flash(_("You will get it by mail."), "good")
            return redirect(url_for("insights.reports"), 303)
    return _page(form), 422


def _want(form: ReportForm, actor: Actor, now: datetime) -> None:
    def want() -> int:
        return report_actions.want(wish=_wish(form), actor=actor, now=now).id

    intents.once_for_form(name="report", key=form.key(), actor=actor, now=now, deed=want)


@bp.post("/me/reports/<int:wish_id>/<deed>")
@needs("profile.write")
def change_report(wish_id: int, deed: str) -> ResponseReturnValue:
    if deed not in DEEDS:
        abort(404)
    version = VersionForm().version.data
    try:
        DEEDS[deed](wish_id=wish_id, version=version, actor=me(), now=utc_now())
    except NotFound:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        said = {
            "pause": _("It rests until you let it come again."),
            "resume": _("It comes again."),
            "end": _("Stopped."),
        }
        flash(said[deed], "good")
    return redirect(url_for("insights.reports"), 303)


def _scope() -> Scope | None:
    return scope_of(me(), "metrics.read")


def _asked_for() -> dict[str, Any]:
    """What the page came from asks for: its report or measure, place and period."""
    args = request.args
    what = args.get("measure") if args.get("report") == "measure" else args.get("report")
    place = "-".join(part for part in (args.get("site"), args.get("team")) if part)
    return {
        "what": what,
        "place": place,
        "period": args.get("period", "30d"),
        "when": "weekly-1",
        "hour": 7,
        "form": "none",
    }


def _form(**given: Any) -> ReportForm:
    form, scope = ReportForm(**given), _scope()
    reports = [name for name, needed in report_rules.NEEDS.items() if name != "measure" and scope_of(me(), needed)]
    whats = [(name, report_sheet.REPORT_WORDS[name]) for name in reports]
    whats += [(name, one.words) for name, one in MEASURES.items()] if scope else []
    sites = [site for site in people.sites() if scope and scope.covers(site_id=site.id)]
    places: list[tuple[str, Any]] = [("", _("All that I may see"))]
    for site in sites:
        places.append((str(site.id), site.name))
        places += [
            (f"{site.id}-{team.id}", f"{site.name}, {team.name}") for team in people.teams() if team.site_id == site.id
        ]
    form.what.choices = options(whats)
    form.place.choices = options(places)
    form.period.choices = options(
        [(one.name, ngettext("last %(num)d day", "last %(num)d days", one.days)) for one in PERIODS]
    )
    form.when.choices = options([(f"{every}-{day}", when_words(every, day)) for every, day in _WHENS])
    form.hour.choices = options([(hour, f"{hour:02d}:00") for hour in range(24)])
    form.form.choices = options(report_sheet.FORM_WORDS.items())
    return form


_WHENS = (*(("weekly", day) for day in range(1, 8)), *(("monthly", day) for day in range(1, 29)))


def when_words(every: str, day: int) -> str:
    if every == "weekly":
        return _("every %(day)s", day=get_day_names("wide", "format", locale_name())[day - 1])
    return _("every month on day %(day)d", day=day)


def _wish(form: ReportForm) -> report_actions.Wish:
    what, (every, _sep, day) = form.what.data, form.when.data.partition("-")
    site_id, _sep, team_id = (form.place.data or "").partition("-")
    is_measure = what in MEASURES
    return report_actions.Wish(
        report="measure" if is_measure else what, measure=what if is_measure else None,
        site_id=int(site_id) if site_id else None, team_id=int(team_id) if team_id else None,
        period=form.period.data, every=every, day=int(day), hour=form.hour.data, form=form.form.data,
    )  # fmt: skip


def _page(form: ReportForm) -> str:
    wishes = report_queries.wishes_of(me().id or 0)
    names = figures.names_of(people.sites(), people.teams())
    work, last = (
        report_queries.clockwork(people.site(me().site_id or 0)),
        report_queries.last_sent([one.id for one in wishes]),
    )
    now = utc_now()

    def row(one: ReportWish) -> WishRow:
        return WishRow(
            one.id, one.version, report_sheet.title_of(one.report, one.measure),
            report_sheet.place_words(one.site_id, one.team_id, names),
            _("%(when)s at %(hour)s", when=when_words(one.every, one.day), hour=f"{one.hour:02d}:00"),
            str(report_sheet.FORM_WORDS[one.form]), page_of(one), one.paused_at is not None, one.why_paused == "no_right",
            report_rules.next_due(one.every, one.day, one.hour, work.zone, work.hours, now), last.get(one.id),
        )  # fmt: skip

    return render_template(
        "insights/reports.html", rows=[row(one) for one in wishes], form=form, is_mail_on=is_mail_on(),
        may_ask=_scope() is not None, deed=VersionForm(formdata=None),
    )  # fmt: skip
