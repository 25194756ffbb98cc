"""Pages of thanks, coaching notes and the check of fairness."""

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired, Length

from app.budgets import intent_actions as intents
from app.cases import queries as cases
from app.cases.queries import CasePage
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, my_scope, needs
from app.people.queries import PersonRow
from app.reviews import fairness_queries, words
from app.reviews import recognition_actions as actions
from app.reviews import recognition_queries as queries
from app.reviews import recognition_rules as rules
from app.reviews.blueprint import bp
from app.ui.filters import number, percent
from app.ui.forms import Form, LineField, OnceForm, ParagraphField, VersionForm, options

GROUP_WORDS: dict[str, Any] = {"new": _l("Here for less than a year"), "longer": _l("Here for longer")}
BY_WORDS: dict[str, Any] = {
    "tenure": _l("By how long somebody is here"),
    "team": _l("By team"),
    "segment": _l("By segment"),
    "language": _l("By language"),
}


class KudosForm(Form):
    """Whom to thank, and what it stood for."""

    receiver = SelectField(_l("Whom"), validators=[InputRequired()])
    value = RadioField(
        _l("What it stood for"), choices=options(words.VALUE_WORDS.items()), validators=[InputRequired()]
    )
    text = ParagraphField(_l("Your thanks"), validators=[InputRequired(), Length(rules.TEXT_MIN, rules.TEXT_MAX)])


class NoteForm(OnceForm):
    """What was seen, and what to try next."""

    whom = SelectField(_l("With whom"), validators=[InputRequired()])
    saw = ParagraphField(_l("What we saw"), validators=[InputRequired(), Length(rules.TEXT_MIN, rules.TEXT_MAX)])
    next_step = ParagraphField(
        _l("What we try next"), validators=[InputRequired(), Length(rules.TEXT_MIN, rules.TEXT_MAX)]
    )
    case = LineField(_l("Case"))


@bp.get("/kudos")
@needs("kudos.give")
def kudos() -> str:
    """My own; and, for whoever leads, what customers wrote to the people of their places."""
    mine = me().id or 0
    return render_template(
        "reviews/kudos.html", rows=queries.kudos_of(mine), from_customers=queries.customers_thanks_of(mine), words=words,
        led=queries.customers_thanks_within(my_scope("exceptions.decide")) if can("exceptions.decide") else (),
    )  # fmt: skip


@bp.get("/cases/<ref>/kudos")
@needs("kudos.give")
def kudos_form(ref: str) -> str:
    page = _case(ref)
    return _kudos_page(page, KudosForm(formdata=None))


@bp.post("/cases/<ref>/kudos")
@needs("kudos.give")
def give_kudos(ref: str) -> ResponseReturnValue:
    page, form, status = _case(ref), KudosForm(), 422
    _give_receivers(page, form)
    if form.validate():
        try:
            actions.give_kudos(
                case_id=page.case.id, receiver_id=int(form.receiver.data), value=form.value.data,
                text=form.text.data or "", actor=me(), now=utc_now(),
            )  # fmt: skip
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Your thanks are on their way."), "good")
            return redirect(url_for("cases.show", ref=page.ref), 303)
    return _kudos_page(page, form), status


@bp.get("/coaching")
@needs("coaching.write")
def coaching() -> str:
    return _coaching_page(_note_form(formdata=None, **_in_other_words(request.args.get("note", type=int))))


@bp.post("/coaching")
@needs("coaching.write")
def propose_note() -> ResponseReturnValue:
    actor, form, status = me(), _note_form(), 422
    if form.validate():
        try:
            now = utc_now()
            intents.once_for_form(
                name="coaching", key=form.key(), actor=actor, now=now, deed=lambda: _propose(form, actor, now)
            )
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Proposed. It counts when you both agree."), "good")
            return redirect(url_for("reviews.coaching"), 303)
    return _coaching_page(form), status


def _propose(form: NoteForm, actor: Actor, now: datetime) -> int:
    employee_id, coach_id = (int(one) for one in form.whom.data.split("-"))
    case = form.case.data or ""
    note = actions.propose_note(
        employee_id=employee_id, coach_id=coach_id, saw=form.saw.data or "", next_step=form.next_step.data or "",
        case_id=parse_ref("case", case) or 0 if case else None, actor=actor, now=now,
    )  # fmt: skip
    return note.id


@bp.post("/coaching/<int:note_id>/answer")
@needs("coaching.write")
def answer_note(note_id: int) -> ResponseReturnValue:
    agrees = request.form.get("answer") == "agree"
    version = VersionForm().version.data
    try:
        actions.answer_note(note_id=note_id, agrees=agrees, version=version, actor=me(), now=utc_now())
    except NotFound:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
    else:
        flash(_("Agreed: it counts for both of you.") if agrees else _("Declined."), "good")
    return redirect(url_for("reviews.coaching"), 303)


@bp.get("/fairness")
@needs("fairness.read")
def fairness() -> str:
    now = utc_now()
    return render_template(
        "reviews/fairness.html",
        staff=fairness_queries.staff(now),
        customers=fairness_queries.customers(now),
        by=BY_WORDS,
        groups=GROUP_WORDS,
        method=fairness_queries.METHOD,
        people_min=fairness_queries.PEOPLE_MIN,
        number=number,
        percent=percent,
        money=lambda minor, currency: Money(minor, currency),
    )


def _case(ref: str) -> CasePage:
    page = cases.case_page(ref, my_scope("kudos.give"))
    if page is None:
        raise NotFound
    return page


def _give_receivers(page: CasePage, form: KudosForm) -> None:
    mine = me().id
    hands = queries.hands_in(page.case.id)
    form.receiver.choices = options([(one, name) for one, name in hands.items() if one != mine], empty=_("Choose"))


def _kudos_page(page: CasePage, form: KudosForm) -> str:
    _give_receivers(page, form)
    return render_template(
        "reviews/kudos_form.html", page=page, form=form, words=words, rows=queries.kudos_of_case(page.case.id)
    )


def _note_form(**given: Any) -> NoteForm:
    """The pairs that may agree on a note: who may coach me where I work, and whom I may coach."""
    form, actor = NoteForm(**given), me()
    everybody = people.active_people()
    mine = next((one for one in everybody if one.id == actor.id), None)
    pairs = [
        (f"{mine.id}-{one.id}", _("%(who)s coaches me", who=one.name))
        for one in everybody
        if mine is not None and _may_coach(one, mine) and (one.id == mine.manager_id or one.role == "supervisor")
    ]
    pairs += [
        (f"{one.id}-{actor.id}", _("I coach %(who)s", who=one.name))
        for one in everybody
        if mine is not None and _may_coach(mine, one)
    ]
    form.whom.choices = options(pairs, empty=_("Choose"))
    return form


def _may_coach(coach: PersonRow, one: PersonRow) -> bool:
    return rules.may_coach(
        coach_role=coach.role, coach_site_id=coach.site_id, coach_id=coach.id, employee_id=one.id,
        employee_role=one.role, site_id=one.site_id, manager_id=one.manager_id,
    )  # fmt: skip


def _in_other_words(note_id: int | None) -> dict[str, Any]:
    """A note of the two, to be proposed anew by the one who doesn't agree to it as it stands."""
    mine = me().id or 0
    note = next((one for one in queries.notes_of(mine) if one.id == note_id), None)
    if note is None:
        return {}
    pair = f"{note.employee_id}-{note.coach_id}"
    return {"whom": pair, "saw": note.saw, "next_step": note.next_step, "case": note.case_ref or ""}


def _coaching_page(form: NoteForm) -> str:
    now, mine = utc_now(), me().id or 0
    return render_template(
        "reviews/coaching.html", form=form, notes=queries.notes_of(mine), suggested=queries.suggestions_for(mine, now), me_id=mine,
        answer=VersionForm(formdata=None),
    )  # fmt: skip
