"""What people ask about their own data: the list, one request, a new one; and everything about one person's data."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.budgets import intent_actions as intents
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people.access import can, me, needs
from app.people.step_up import require_proof
from app.people.words import ROLE_WORDS
from app.privacy import erasure_actions, erasure_queries, record_views, request_actions, request_queries
from app.privacy.access_queries import WHAT_WORDS, accesses_of
from app.privacy.blueprint import bp
from app.privacy.export_actions import take_along
from app.privacy.forms import KIND_WORDS, OUTCOME_WORDS, AnswerForm, DisputeForm, HoldForm, RequestForm
from app.privacy.models import PrivacyRequest
from app.privacy.purposes import PURPOSES, WHAT, WHY
from app.privacy.request_queries import RequestRow
from app.privacy.subject_queries import Subject, identities, subject_of
from app.ui.forms import Form

__all__ = ["bp", "record_views"]


@bp.get("/privacy")
@needs("privacy.read")
def index() -> str:
    return render_template(
        "privacy/index.html", requests=request_queries.requests(), holds=request_queries.holds(), kinds=KIND_WORDS,
        outcomes=OUTCOME_WORDS, erasures=erasure_queries.erasures(), now=utc_now(), me_id=me().id,
        may_handle=can("privacy.handle"),
    )  # fmt: skip


@bp.get("/privacy/requests/new")
@needs("privacy.handle")
def new() -> str:
    form = RequestForm(formdata=None, subject=request.args.get("subject", ""), received_on=utc_now().date())
    return render_template("privacy/new.html", form=form)


@bp.post("/privacy/requests/new")
@needs("privacy.handle")
def record() -> ResponseReturnValue:
    form = RequestForm()
    if form.validate():
        subject = subject_of(form.subject.data or "")
        if subject is None:
            form.take(BadInput({"subject": [_("There is nobody with this number. Type it as CU-12 or EM-3.")]}))
        else:
            try:
                row = _record_once(subject, form)
            except BadInput as mistake:
                form.take(mistake)
            else:
                flash(_("Written down. It is to be answered by the day on its clock."), "good")
                return redirect(url_for("privacy.show", ref=row.ref), 303)
    return render_template("privacy/new.html", form=form), 422


def _record_once(subject: Subject, form: RequestForm) -> PrivacyRequest:
    actor, now = me(), utc_now()

    def record_it() -> int:
        row = request_actions.record(
            subject=subject, kind=form.kind.data, received_on=form.received_on.data or now.date(),
            note=form.note.data or "", actor=actor, now=now,
        )  # fmt: skip
        return row.id

    done = intents.once_for_form(name="privacy-request", key=form.key(), actor=actor, now=now, deed=record_it)
    return db.session.get_one(PrivacyRequest, done)


@bp.get("/privacy/requests/<ref>")
@needs("privacy.read")
def show(ref: str) -> str:
    return _request_page(_request(ref), AnswerForm(formdata=None))


@bp.post("/privacy/requests/<ref>")
@needs("privacy.handle")
def answer(ref: str) -> ResponseReturnValue:
    row, form = _request(ref), AnswerForm()
    if form.validate():
        try:
            request_actions.answer(
                request_id=row.id, outcome=form.outcome.data, reason=form.reason.data or "", actor=me(), now=utc_now()
            )
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("Kept. Tell the person, if you haven't."), "good")
            return redirect(url_for("privacy.show", ref=row.ref), 303)
    return _request_page(row, form), 422


@bp.get("/privacy/people/<ref>")
@needs("privacy.handle")
def person(ref: str) -> str:
    return _person_page(_subject(ref))


@bp.post("/privacy/people/<ref>/export")
@needs("privacy.handle")
def export(ref: str) -> Response:
    subject = _subject(ref)
    require_proof()
    return _zip(subject)


@bp.post("/me/data")
@needs("profile.write")
def own_export() -> Response:
    require_proof()
    return _zip(Subject("employee", (current_user.person.id,)))


@bp.post("/privacy/people/<ref>/hold")
@needs("privacy.handle")
def hold(ref: str) -> ResponseReturnValue:
    subject, form = _subject(ref), HoldForm()
    return _deed(
        subject, form, lambda: erasure_actions.hold(subject=subject, reason=form.reason.data or "", actor=me(), now=utc_now()),
        _("Nothing of this person is erased until the hold is lifted."), hold=form,
    )  # fmt: skip


@bp.post("/privacy/people/<ref>/hold/end")
@needs("privacy.handle")
def lift(ref: str) -> ResponseReturnValue:
    subject = _subject(ref)
    return _deed(
        subject,
        None,
        lambda: erasure_actions.lift(subject=subject, actor=me(), now=utc_now()),
        _("The hold is lifted."),
    )


@bp.post("/privacy/people/<ref>/disputes")
@needs("privacy.handle")
def dispute(ref: str) -> ResponseReturnValue:
    subject, form = _subject(ref), DisputeForm()

    actor, now = me(), utc_now()

    def note() -> int:
        case_id = parse_ref("case", form.case.data or "")
        if case_id is None or case_id not in erasure_queries.case_ids(subject):
            raise BadInput({"case": [_("This is no case of theirs.")]})
        return request_actions.dispute(case_id=case_id, text=form.text.data or "", actor=actor, now=now).id

    def note_once() -> None:
        intents.once_for_form(name="dispute", key=form.key(), actor=actor, now=now, deed=note)

    return _deed(subject, form, note_once, _("Their word stands beside the case."), dispute=form)


@bp.post("/privacy/people/<ref>/erasure")
@needs("privacy.handle")
def propose(ref: str) -> ResponseReturnValue:
    subject = _subject(ref)
    require_proof()
    return _deed(
        subject, None, lambda: erasure_actions.propose(subject=subject, actor=me(), now=utc_now()),
        _("Proposed. Somebody else has to confirm it."),
    )  # fmt: skip


@bp.post("/privacy/erasures/<ref>/confirmation")
@needs("privacy.handle")
def confirm(ref: str) -> ResponseReturnValue:
    row = _erasure(ref)
    require_proof()
    subject = _subject(row.subject)
    return _deed(
        subject, None, lambda: erasure_actions.confirm(erasure_id=row.id, actor=me(), now=utc_now()),
        _("Erased. Free pages are swept within minutes."), to=url_for("privacy.index"),
    )  # fmt: skip


@bp.post("/privacy/erasures/<ref>/withdrawal")
@needs("privacy.handle")
def withdraw(ref: str) -> ResponseReturnValue:
    row = _erasure(ref)
    erasure_actions.withdraw(erasure_id=row.id, actor=me(), now=utc_now())
    flash(_("The proposal is taken back."), "good")
    return redirect(url_for("privacy.index"), 303)


def _deed(
    subject: Subject, form: Form | None, deed: Callable[[], object], done: str, *, to: str | None = None, **shown: Any
) -> ResponseReturnValue:
    """Do one deed about a person and come back to their page; with what was typed when it is refused."""
    if form is None or form.validate():
        try:
            deed()
        except BadInput as mistake:
            if form is None:
                raise
            form.take(mistake)
        except Refusal as refusal:
            if refusal.status in (403, 404):
                raise
            flash(str(refusal), "bad")
            return redirect(to or url_for("privacy.person", ref=subject.ref), 303)
        else:
            flash(done, "good")
            return redirect(to or url_for("privacy.person", ref=subject.ref), 303)
    return _person_page(subject, **shown), 422


def _person_page(subject: Subject, hold: Form | None = None, dispute: Form | None = None) -> str:
    cases = erasure_queries.case_ids(subject)
    return render_template(
        "privacy/person.html", subject=subject, known=identities(subject), parts=erasure_queries.preview(subject),
        blockers=erasure_queries.blockers(subject), held=erasure_queries.open_hold(subject),
        proposal=erasure_queries.running(subject), purposes=PURPOSES, what=WHAT, why=WHY,
        requests=request_queries.requests(subject=(subject.kind, subject.numbers)), kinds=KIND_WORDS, now=utc_now(),
        hold_form=hold or HoldForm(formdata=None), dispute_form=dispute or DisputeForm(formdata=None), me_id=me().id,
        accesses=accesses_of(subject.refs)[:20], looks=WHAT_WORDS, roles=ROLE_WORDS,
        disputes=request_queries.disputes(cases) if cases else (),
    )  # fmt: skip


def _zip(subject: Subject) -> Response:
    made = take_along(subject=subject, actor=me(), now=utc_now())
    headers = {"Content-Disposition": f'attachment; filename="{subject.ref}.zip"', "Cache-Control": "no-store"}
    return Response(made, mimetype="application/zip", headers=headers)


def _subject(ref: str) -> Subject:
    found = subject_of(ref)
    if found is None:
        raise NotFound
    return found


def _request(ref: str) -> RequestRow:
    found = request_queries.requests(request_id=parse_ref("privacy_request", ref) or 0)
    if not found:
        raise NotFound
    return found[0]


def _erasure(ref: str) -> erasure_queries.ErasureRow:
    found = erasure_queries.erasures(parse_ref("erasure", ref) or 0)
    if not found:
        raise NotFound
    return found[0]


def _request_page(row: RequestRow, form: AnswerForm) -> str:
    return render_template(
        "privacy/show.html", row=row, form=form, kinds=KIND_WORDS, outcomes=OUTCOME_WORDS, now=utc_now(),
        may_handle=can("privacy.handle"),
    )  # fmt: skip
