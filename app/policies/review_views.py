"""A draft's way: asked for a review, read by a second person, published from a date."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.policies import actions as policies
from app.policies import document_queries
from app.policies.blueprint import bp
from app.policies.document_views import row_of, shown
from app.policies.review_forms import PublishForm, ReviewForm
from app.ui.forms import VersionForm


@bp.post("/policies/<ref>/review-request")
@needs("policies.write")
def ask_review(ref: str) -> ResponseReturnValue:
    row, form = row_of(ref), VersionForm()
    reviewers = document_queries.reviewers()
    policies.ask_review(version_id=row.id, version=form.version.data, reviewer_ids=reviewers, actor=me(), now=utc_now())
    flash(_("Those who may review it are told."), "good")
    return redirect(url_for("policies.show", ref=ref), 303)


@bp.post("/policies/<ref>/reviews")
@needs("policies.review")
def review(ref: str) -> ResponseReturnValue:
    row, form, status = row_of(ref), ReviewForm(), 422
    if form.validate():
        try:
            policies.review_version(
                version_id=row.id, version=form.version.data, outcome=form.outcome.data, note=form.note.data or "",
                actor=me(), now=utc_now(),
            )  # fmt: skip
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            text = _("Approved as it stands.") if form.outcome.data == "approved" else _("Sent back with your note.")
            flash(text, "good")
            return redirect(url_for("policies.show", ref=ref), 303)
    return shown(row_of(ref), review_form=form, publish_form=PublishForm.of(row)), status


@bp.post("/policies/<ref>/publication")
@needs("policies.publish")
def publish(ref: str) -> ResponseReturnValue:
    row, form, status = row_of(ref), PublishForm(), 422
    if form.validate():
        later = form.valid_from.data if form.when.data == "later" else None
        now = utc_now()
        try:
            policies.publish_version(
                version_id=row.id, version=form.version.data, valid_from=later or now, actor=me(), now=now
            )
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Published. Requests in flight keep the version under which they were asked."), "good")
            return redirect(url_for("policies.show", ref=ref), 303)
    return shown(row_of(ref), review_form=ReviewForm(formdata=None), publish_form=form), status
