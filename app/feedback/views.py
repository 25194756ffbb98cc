"""The customer's survey page, what customers answered, and the follow-up of an unhappy answer."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import queries as cases
from app.cases.queries import CasePage
from app.feedback import actions, queries
from app.feedback.figures_sheet import asked_words, figures_of
from app.feedback.forms import FollowUpForm, SurveyForm, ThanksForm
from app.feedback.queries import Asked, FollowUpView
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs, public
from app.people.headers import keep_secret
from app.people.refusal_wiring import of_refusal
from app.reviews import recognition_actions as recognition
from app.reviews import recognition_queries
from app.ui import shell
from app.ui.preferences import LANGUAGES, choose_locale, language_on_file

bp = Blueprint("feedback", __name__, template_folder="templates")
DAYS = (30, 90, 365)
HERS = ("feedback.ask", "feedback.answer", "feedback.thank")


@bp.after_request
def keep_private(response: Response) -> Response:
    """Nothing of a customer's survey is kept by a browser or a proxy, told to another site, or found by a search engine."""
    if request.endpoint in HERS:
        keep_secret(response)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@bp.errorhandler(NotFound)
def nothing(refusal: NotFound) -> ResponseReturnValue:
    """One answer for a survey that was guessed or has ended, in the customer's words and not the desk's."""
    if request.endpoint not in HERS:
        return of_refusal(refusal)
    return render_template("feedback/gone.html", typed=request.form.get("comment", "")), 404


@bp.get("/survey/<token>")
@public("the survey that a customer was sent; its token is signed and opens this one question sheet")
def ask(token: str) -> str:
    asked = _asked(token)
    if asked.is_answered:
        return _thanks(asked, token)
    return render_template("feedback/survey.html", asked=asked, form=SurveyForm(formdata=None), token=token)


@bp.post("/survey/<token>")
@public("takes the answer to a signed survey link")
def answer(token: str) -> ResponseReturnValue:
    asked, form = _asked(token), SurveyForm()
    what_became = redirect(url_for("feedback.ask", token=token), 303)  # a reload shows it again and sends nothing
    if form.validate():
        actor = asked.actor.through(g.get("request_id", ""), request.remote_addr)
        try:
            actions.answer(
                survey_id=asked.survey_id,
                scores=form.scores(),
                comment=form.comment.data or "",
                actor=actor,
                now=utc_now(),
            )
        except BadInput as refusal:
            form.take(refusal)
        except actions.AnsweredAlready:
            return what_became
        else:
            return what_became
    return render_template("feedback/survey.html", asked=asked, form=form, token=token), 422


@bp.post("/survey/<token>/thanks")
@public("thanks from whoever answered a signed survey link")
def thank(token: str) -> ResponseReturnValue:
    """Pass on the words to whoever put it right; only after the survey was answered, and once."""
    asked, form = _asked(token), ThanksForm()
    receiver_id = recognition_queries.whom_to_thank(_case_id(asked)) if asked.is_answered else None
    if receiver_id is None:
        return redirect(url_for("feedback.ask", token=token), 303)
    if form.validate():
        actor = asked.actor.through(g.get("request_id", ""), request.remote_addr)
        try:
            recognition.thank_as_customer(
                case_id=_case_id(asked), receiver_id=receiver_id, text=form.text.data or "", origin="survey", actor=actor, now=utc_now(),
            )  # fmt: skip
        except BadInput as refusal:
            form.take(refusal)
        except recognition.CustomerThankedAlready:
            return redirect(url_for("feedback.ask", token=token), 303)
        else:
            return _thanks(asked, token, is_passed_on=True)
    return _thanks(asked, token, form=form), 422


def _case_id(asked: Asked) -> int:
    return parse_ref("case", asked.case_ref) or 0


def _thanks(asked: Asked, token: str, *, form: ThanksForm | None = None, is_passed_on: bool = False) -> str:
    may_thank = (
        not asked.is_waiting and not is_passed_on and recognition_queries.whom_to_thank(_case_id(asked)) is not None
    )
    return render_template(
        "feedback/thanks.html", asked=asked, is_passed_on=is_passed_on, may_thank=may_thank,
        thanks=form or ThanksForm(formdata=None), thanks_url=url_for("feedback.thank", token=token),
    )  # fmt: skip


@bp.get("/feedback")
@needs("feedback.read")
def index() -> str:
    scope, now = my_scope("feedback.read"), utc_now()
    days = request.args.get("days", 90, type=int)
    days = days if days in DAYS else 90
    site_id = request.args.get("site", None, type=int) if scope.is_wide else None
    unhappy = request.args.get("unhappy") == "1"
    page = Page.of(request.args.get("after"))
    found = queries.answers(scope, page, site_id=site_id, unhappy=unhappy)
    totals = queries.totals(scope, site_id=site_id, since=now - timedelta(days=days), until=now)
    here: dict[str, Any] = {"site": site_id, "unhappy": "1" if unhappy else None, "days": days}
    return render_template(
        "feedback/index.html",
        found=found,
        totals=totals,
        figures=figures_of(totals),
        asked_words=asked_words,
        here=here,
        all_days=DAYS,
        sites=people.sites_within(scope) if scope.is_wide else (),
        next_url=url_for("feedback.index", **here, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("feedback.index", **here) if page.after else None,
    )


@bp.get("/cases/<ref>/survey")
@needs("cases.read")
def of_case(ref: str) -> str:
    return _survey_of(_case(ref))


@bp.post("/cases/<ref>/survey")
@needs("cases.write")
def hand_out(ref: str) -> ResponseReturnValue:
    page = _case(ref)
    try:
        survey = actions.hand_out(case_id=page.case.id, actor=me(), now=utc_now())
    except (actions.AnsweredAlready, actions.SurveyOver) as refusal:
        flash(str(refusal), "info")
        return redirect(url_for("feedback.of_case", ref=ref), 303)
    return _survey_of(page, queries.url_of(survey.id))


@bp.get("/follow-ups")
@needs("feedback.read")
def follow_ups() -> str:
    page = Page.of(request.args.get("after"))
    found = queries.open_follow_ups(my_scope("feedback.read"), page)
    next_url = url_for("feedback.follow_ups", after=found.next_cursor) if found.next_cursor else None
    start_url = url_for("feedback.follow_ups") if page.after else None
    return render_template(
        "feedback/follow_ups.html", found=found, next_url=next_url, start_url=start_url, now=utc_now()
    )


@bp.get("/follow-ups/<ref>")
@needs("feedback.read")
def follow_up(ref: str) -> str:
    found = _follow_up(ref)
    return _sheet(found, FollowUpForm(formdata=None, version=found.version))


@bp.post("/follow-ups/<ref>")
@needs("cases.write")
def close(ref: str) -> ResponseReturnValue:
    found, form = _follow_up(ref), FollowUpForm()
    if form.validate():
        given = {"cause": form.cause.data, "action": form.action.data, "version": form.version.data}
        try:
            actions.close_follow_up(follow_up_id=found.id, **given, actor=me(), now=utc_now())
        except BadInput as refusal:
            form.take(refusal)
        except Refusal as refusal:
            form.refuse(str(refusal))
            return _sheet(_follow_up(ref), form), refusal.status
        else:
            flash(_("Noted. Resolve the case again when the customer agrees."), "good")
            return redirect(url_for("cases.show", ref=found.case_ref), 303)
    return _sheet(found, form), 422


def _sheet(found: FollowUpView, form: FollowUpForm) -> str:
    return render_template("feedback/follow_up.html", found=found, form=form, writes=can("cases.write"), now=utc_now())


def _asked(token: str) -> Asked:
    """The survey behind a link, in the customer's language; anything else answers like a page that doesn't exist."""
    asked = queries.behind(token, utc_now())
    if asked is None:
        raise NotFound
    accepted = request.accept_languages.best_match(list(LANGUAGES))
    language = shell.preferences().language or language_on_file(asked.language) or accepted
    shell.speak(choose_locale(language, asked.locale), asked.zone)
    return asked


def _survey_of(page: CasePage, url: str | None = None) -> str:
    """url: the link, only in the answer to who asked for it."""
    survey = queries.of_case(page.case.id, page.case.reopened_count, utc_now()) if page.case.resolved_at else None
    return render_template("feedback/case.html", page=page, survey=survey, url=url, writes=can("cases.write"))


def _case(ref: str) -> CasePage:
    page = cases.case_page(ref, my_scope("cases.read"))
    if page is None:
        raise NotFound
    return page


def _follow_up(ref: str) -> FollowUpView:
    found = queries.follow_up(parse_ref("follow_up", ref) or 0, my_scope("feedback.read"))
    if found is None:
        raise NotFound
    return found
