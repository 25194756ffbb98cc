"""The charter: what holds, what is being talked about, and how a version comes to be published."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Length, Optional

from app.budgets import intent_actions as intents
from app.kernel.errors import NotFound, NotPermitted, Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, needs
from app.policies.clause_queries import possible_owners
from app.reviews import charter_actions as actions
from app.reviews import charter_queries as queries
from app.reviews import charter_rules as rules
from app.reviews.blueprint import bp
from app.reviews.charter_queries import CharterRow
from app.reviews.charter_rules import Clause
from app.reviews.deeds import submit
from app.reviews.rules import TEXT_MAX, TEXT_MIN
from app.ui.forms import Form, LineField, OnceForm, ParagraphField, VersionForm, differing, options

STATE_WORDS: dict[str, Any] = {
    "draft": _l("Draft"),
    "comments": _l("Open for comments"),
    "published": _l("Published"),
}
SIDE_WORDS: dict[str, Any] = {"leader": _l("somebody who leads"), "employee": _l("somebody at the desk")}


class ClauseForm(VersionForm):
    """One clause, new or changed; the code stays the same through all versions."""

    code = LineField(_l("Short name"), validators=[InputRequired(), Length(max=40)])
    title = LineField(_l("Title"), validators=[InputRequired(), Length(max=rules.TITLE_MAX)])
    text = ParagraphField(_l("What it says"), validators=[InputRequired(), Length(max=rules.TEXT_MAX)])
    owner = SelectField(_l("Who cares for it"), validators=[InputRequired()])
    review_by = DateField(_l("Looked at again by"), validators=[InputRequired()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner.choices = options(possible_owners(), empty=_l("Choose"))

    def clause(self) -> Clause:
        return Clause(
            (self.code.data or "").lower(), self.title.data or "", self.text.data or "", int(self.owner.data),
            self.review_by.data,
        )  # fmt: skip


class CommentForm(OnceForm):
    """What somebody says to a clause."""

    text = ParagraphField(_l("In your words"), validators=[InputRequired(), Length(min=TEXT_MIN, max=TEXT_MAX)])


class RoundForm(VersionForm):
    """Until when everybody may say something."""

    until = DateField(_l("Last day for comments"), validators=[InputRequired()])


class StrikeForm(VersionForm):
    code = LineField(validators=[Optional()])


@bp.get("/charter")
@needs("charter.read")
def charter() -> ResponseReturnValue:
    found = queries.versions()
    held = next((row for row in found if row.state == "published"), found[0] if found else None)
    if held is not None:
        return _page(held, found)
    return render_template(
        "reviews/charter_empty.html", writes=can("charter.write"), form=VersionForm(formdata=None, version=0)
    )


@bp.post("/charter")
@needs("charter.write")
def draft_charter() -> ResponseReturnValue:
    try:
        number = actions.draft_charter(actor=me(), now=utc_now()).number
    except actions.DraftExists as refusal:
        flash(str(refusal), "info")
        return redirect(url_for("reviews.charter"), 303)
    return redirect(url_for("reviews.charter_version", number=number), 303)


@bp.get("/charter/<int:number>")
@needs("charter.read")
def charter_version(number: int) -> str:
    return _page(_row(number), queries.versions())


@bp.get("/charter/<int:number>/clause")
@needs("charter.write")
def clause_form(number: int) -> str:
    row = _row(number)
    form = ClauseForm(formdata=None, version=row.version)
    form.review_by.data = (utc_now() + timedelta(days=365)).date()
    return render_template("reviews/clause.html", row=row, form=form)


@bp.get("/charter/<int:number>/clause/<code>")
@needs("charter.write")
def edit_clause(number: int, code: str) -> str:
    row = _row(number)
    clause = row.clause(code)
    if clause is None:
        raise NotFound
    return render_template("reviews/clause.html", row=row, form=_held(row, clause))


def _held(row: CharterRow, clause: Clause) -> ClauseForm:
    form = ClauseForm(formdata=None, version=row.version, **{**clause.plain(), "review_by": clause.review_by})
    form.owner.data = str(clause.owner_id)
    return form


@bp.post("/charter/<int:number>/clause")
@needs("charter.write")
def write_clause(number: int) -> ResponseReturnValue:
    row, form = _row(number), ClauseForm()
    return _deed(
        number, form, lambda: render_template("reviews/clause.html", row=row, form=form),
        lambda: actions.write_clause(
            number=number, clause=form.clause(), version=form.version.data, actor=me(), now=utc_now()
        ),
        _("Kept. Whoever agreed to the earlier words reads it again."),
        lambda: _stale(form, number),
    )  # fmt: skip


def _stale(form: ClauseForm, number: int) -> str:
    """What somebody else wrote into the version meanwhile. Sent once more, the form goes on from there."""
    row = _row(number)
    form.version.renew(row.version)
    clause = row.clause(form.code.data or "")
    meanwhile = {"differs": differing(form, _held(row, clause)) if clause else [], "who": None, "at": None}
    return render_template("reviews/clause.html", row=row, form=form, meanwhile=meanwhile)


@bp.post("/charter/<int:number>/strike")
@needs("charter.write")
def strike_clause(number: int) -> ResponseReturnValue:
    form = StrikeForm()
    return _bare(number, lambda: actions.strike_clause(
        number=number, code=form.code.data or "", version=form.version.data, actor=me(), now=utc_now()
    ), _("Taken out of this version; published ones keep it."))  # fmt: skip


@bp.get("/charter/<int:number>/round")
@needs("charter.write")
def round_form(number: int) -> str:
    row, form = _row(number), RoundForm(formdata=None)
    form.version.data, form.until.data = row.version, (utc_now() + timedelta(days=14)).date()
    return render_template("reviews/round.html", row=row, form=form)


@bp.post("/charter/<int:number>/round")
@needs("charter.write")
def ask_comments(number: int) -> ResponseReturnValue:
    row, form = _row(number), RoundForm()
    return _deed(
        number, form, lambda: render_template("reviews/round.html", row=row, form=form),
        lambda: actions.ask_comments(
            number=number, until=form.until.data, version=form.version.data, actor=me(), now=utc_now()  # type: ignore[arg-type]
        ),
        _("Open for comments."),
    )  # fmt: skip


@bp.get("/charter/<int:number>/clause/<code>/comment")
@needs("charter.read")
def comment_form(number: int, code: str) -> str:
    return _comment_page(number, code, CommentForm(formdata=None))


@bp.post("/charter/<int:number>/clause/<code>/comment")
@needs("charter.read")
def comment(number: int, code: str) -> ResponseReturnValue:
    form, actor, now = CommentForm(), me(), utc_now()

    def say() -> int:
        actions.comment(number=number, code=code, text=form.text.data or "", actor=actor, now=now)
        return number

    return _deed(
        number, form, lambda: _comment_page(number, code, form),
        lambda: intents.once_for_form(name="comment", key=form.key(number, code), actor=actor, now=now, deed=say),
        _("Thank you. It stands beside the clause."),
    )  # fmt: skip


@bp.post("/charter/<int:number>/agreement")
@needs("charter.read")
def agree(number: int) -> ResponseReturnValue:
    return _bare(number, lambda: actions.agree(
        number=number, version=VersionForm().version.data, actor=me(), now=utc_now()
    ), _("You agree to it as it stands."))  # fmt: skip


@bp.post("/charter/<int:number>/publication")
@needs("charter.write")
def publish(number: int) -> ResponseReturnValue:
    return _bare(number, lambda: actions.publish_charter(
        number=number, version=VersionForm().version.data, actor=me(), now=utc_now()
    ), _("Published. From now on conduct is held against this version."))  # fmt: skip


def _page(row: CharterRow, found: tuple[CharterRow, ...]) -> str:
    actor, now = me(), utc_now()
    agreed = [one for one in queries.approvals(row.id) if one.content_hash == row.content_hash]
    is_open = row.state == "comments" and row.comments_until is not None and now.date() <= row.comments_until
    return render_template(
        "reviews/charter.html",
        row=row,
        versions=found,
        owners=people.names([clause.owner_id for clause in row.clauses]),
        comments=queries.comments(row.id),
        agreed=agreed,
        missing=[SIDE_WORDS[side] for side in rules.missing_sides(one.side for one in agreed)],
        form=VersionForm(formdata=None, version=row.version),
        states=STATE_WORDS,
        today=now.date(),
        is_open=is_open,
        is_over=row.state == "comments" and not is_open,
        writes=can("charter.write") and row.state != "published",
        begins=can("charter.write") and all(one.state == "published" for one in found),
        publishes=can("charter.write") and actor.id not in row.authors,
        agrees=row.state != "published" and rules.side_of(actor.role) is not None
        and actor.id not in (*row.authors, *(one.employee_id for one in agreed)),
    )  # fmt: skip


def _comment_page(number: int, code: str, form: CommentForm) -> str:
    row = _row(number)
    clause = row.clause(code)
    if clause is None or row.state != "comments":
        raise NotFound
    return render_template("reviews/charter_comment.html", row=row, clause=clause, form=form)


def _row(number: int) -> CharterRow:
    row = queries.version(number)
    if row is None:
        raise NotFound
    return row


def _deed(
    number: int,
    form: Form,
    page: Callable[[], str],
    deed: Callable[[], Any],
    done: str,
    stale: Callable[[], str] | None = None,
) -> ResponseReturnValue:
    return submit(form, page, deed, done=done, url=url_for("reviews.charter_version", number=number), stale=stale)


def _bare(number: int, deed: Callable[[], Any], done: str) -> ResponseReturnValue:
    _row(number)
    try:
        deed()
    except (NotFound, NotPermitted):
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(done, "good")
    return redirect(url_for("reviews.charter_version", number=number), 303)
