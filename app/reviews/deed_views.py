"""What the two people of a review do in it: words, cases, conduct, signatures, an appeal."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.kernel.errors import NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import me, my_scope, needs
from app.reviews import actions, charter_queries, conduct_actions, queries, words
from app.reviews.blueprint import bp
from app.reviews.deeds import submit
from app.reviews.forms import AppealForm, CaseForm, ConductForm, WordsForm
from app.reviews.queries import ReviewRow
from app.ui.forms import VersionForm, options

KINDS = {"self-assessment": "self_assessment", "notes": "notes", "comment": "comment"}
TITLES: dict[str, Any] = {
    "self-assessment": _l("How I see it myself"),
    "notes": _l("Notes of the conversation"),
    "comment": _l("Comment on a figure"),
}
HINTS: dict[str, Any] = {
    "self-assessment": _l(
        "First, before anybody else writes. What went well, what was hard, what the figures can't know."
    ),
    "notes": _l("What you talked about and agreed. The person reads it on the same page."),
    "comment": _l("It stands beside the figure, for everybody who reads it."),
}


@bp.get("/reviews/<ref>/words/<kind>")
@needs("reviews.write")
def words_form(ref: str, kind: str) -> str:
    row = _row(ref)
    if kind not in KINDS:
        raise NotFound
    return _words_page(row, kind, WordsForm(formdata=None, version=row.version))


@bp.post("/reviews/<ref>/words/<kind>")
@needs("reviews.write")
def say(ref: str, kind: str) -> ResponseReturnValue:
    row, form = _row(ref), WordsForm()
    if kind not in KINDS:
        raise NotFound
    measure = request.args.get("measure") if kind == "comment" else None
    return _deed(
        row, form, lambda: _words_page(row, kind, form),
        lambda: actions.say(
            review_id=row.id, kind=KINDS[kind], text=form.text.data or "", measure=measure,
            version=form.version.data, actor=me(), now=utc_now(),
        ),
        _("Kept. It stands on the review for both of you."),
    )  # fmt: skip


@bp.get("/reviews/<ref>/cases")
@needs("reviews.write")
def case_form(ref: str) -> str:
    row = _row(ref)
    return render_template("reviews/choose_case.html", row=row, form=CaseForm(formdata=None, version=row.version))


@bp.post("/reviews/<ref>/cases")
@needs("reviews.write")
def choose_case(ref: str) -> ResponseReturnValue:
    row, form = _row(ref), CaseForm()
    return _deed(
        row, form, lambda: render_template("reviews/choose_case.html", row=row, form=form),
        lambda: actions.choose_case(
            review_id=row.id, case_id=form.case_id, version=form.version.data, actor=me(), now=utc_now()
        ),
        _("Your case is on the list."),
    )  # fmt: skip


@bp.get("/reviews/<ref>/conduct")
@needs("reviews.write")
def conduct_form(ref: str) -> str:
    row = _row(ref)
    return _conduct_page(row, ConductForm(formdata=None, version=row.version))


@bp.post("/reviews/<ref>/conduct")
@needs("reviews.write")
def add_conduct(ref: str) -> ResponseReturnValue:
    row, form = _row(ref), ConductForm()
    _give_clauses(form)
    return _deed(
        row, form, lambda: _conduct_page(row, form),
        lambda: conduct_actions.add_conduct(
            review_id=row.id, area=form.area.data, tone=form.tone.data, text=form.text.data or "",
            clause=form.clause.data, case_ids=form.case_ids, version=form.version.data, actor=me(), now=utc_now(),
        ),
        _("Kept, with its clause and its cases."),
    )  # fmt: skip


@bp.post("/reviews/<ref>/conduct/<int:item_id>/withdrawal")
@needs("reviews.write")
def withdraw_conduct(ref: str, item_id: int) -> ResponseReturnValue:
    return _bare(
        ref, conduct_actions.withdraw_conduct, _("Taken back. It stays readable, struck through."), item_id=item_id
    )


@bp.post("/reviews/<ref>/lock")
@needs("reviews.write")
def lock(ref: str) -> ResponseReturnValue:
    return _bare(ref, actions.lock, _("Closed for changes. Both may sign now."))


@bp.post("/reviews/<ref>/unlock")
@needs("reviews.write")
def unlock(ref: str) -> ResponseReturnValue:
    return _bare(ref, actions.unlock, _("Back in conversation. Earlier signatures no longer count."))


@bp.post("/reviews/<ref>/signature")
@needs("reviews.write")
def sign(ref: str) -> ResponseReturnValue:
    return _bare(ref, actions.sign, _("Signed as it stands."))


@bp.get("/reviews/<ref>/appeal")
@needs("reviews.write")
def appeal_form(ref: str) -> str:
    row = _row(ref)
    return _appeal_page(row, AppealForm(formdata=None, version=row.version, readers=queries.readers(row)))


@bp.post("/reviews/<ref>/appeal")
@needs("reviews.write")
def appeal(ref: str) -> ResponseReturnValue:
    row = _row(ref)
    form = AppealForm(readers=queries.readers(row))
    return _deed(
        row, form, lambda: _appeal_page(row, form),
        lambda: actions.appeal(
            review_id=row.id, reader_id=int(form.reader.data), text=form.text.data or "",
            version=form.version.data, actor=me(), now=utc_now(),
        ),
        _("Your appeal is on its way, and the review is open again."),
    )  # fmt: skip


def _row(ref: str) -> ReviewRow:
    """A review for one of its two people; what anybody else reads is read on its page, where it is noted."""
    row = queries.review(parse_ref("review", ref) or 0, my_scope("reviews.read"))
    if row is None or row.side_of(me()) is None:
        raise NotFound
    return row


def _deed(
    row: ReviewRow, form: VersionForm, page: Callable[[], str], deed: Callable[[], Any], done: str
) -> ResponseReturnValue:
    """Do what the form says and go back to the review, or show the form again with what was typed.

    What the other one did meanwhile is said once; the form that comes back stands on it, and is sent by pressing again.
    """

    def again() -> str:
        newest = _row(row.ref)
        if form.version.data != newest.version:
            form.version.data, form.version.raw_data = newest.version, None
        return page()

    return submit(form, again, deed, done=done, url=url_for("reviews.show", ref=row.ref))


def _bare(ref: str, deed: Callable[..., Any], done: str, **given: int) -> ResponseReturnValue:
    """A deed of one button: what was shown is what it is about."""
    row, form = _row(ref), VersionForm()
    try:
        deed(review_id=row.id, version=form.version.data, actor=me(), now=utc_now(), **given)
    except NotFound:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(done, "good")
    return redirect(url_for("reviews.show", ref=row.ref), 303)


def _words_page(row: ReviewRow, kind: str, form: WordsForm) -> str:
    measure = request.args.get("measure", "") if kind == "comment" else ""
    if kind == "comment" and measure not in words.COMMENTED:
        raise NotFound
    mine = (
        me().id
    )  # after an appeal the notes of another reviewer stand there: nobody writes on in somebody else's words
    before = [
        one for one in queries.texts(row.id)
        if one.kind == KINDS[kind] and (one.measure or "") == measure and one.author_id == mine
    ]  # fmt: skip
    if form.text.data is None and before:
        form.text.data = before[-1].text
    return render_template(
        "reviews/words.html", row=row, form=form, title=TITLES[kind], hint=HINTS[kind], kind=kind, measure=measure,
        about=words.measure_words(measure) if measure else None,
    )  # fmt: skip


def _give_clauses(form: ConductForm) -> None:
    charter = charter_queries.in_force()
    clauses = charter.clauses if charter else ()
    form.clause.choices = options([(one.code, one.title) for one in clauses], empty=_("Choose"))


def _conduct_page(row: ReviewRow, form: ConductForm) -> str:
    _give_clauses(form)
    return render_template("reviews/conduct.html", row=row, form=form, evidence=queries.evidence(row))


def _appeal_page(row: ReviewRow, form: AppealForm) -> str:
    return render_template("reviews/appeal.html", row=row, form=form)
