"""Segments of customers: who is in which, and putting customers into one or taking them out."""

import re

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms.validators import InputRequired, Length

from app.customers import segment_actions, segment_queries
from app.customers.blueprint import bp
from app.kernel.errors import BadInput
from app.kernel.paging import Page
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.ui.forms import Form, LineField, ParagraphField


class SegmentForm(Form):
    customers = ParagraphField(_l("Customers"), [InputRequired(), Length(max=6_000)])
    segment = LineField(_l("Segment"), [Length(max=segment_actions.CHARACTERS_MAX)])

    @property
    def references(self) -> list[str]:
        """What was typed, one reference each, in whatever way they were parted."""
        return [part for part in re.split(r"[\s,;]+", self.customers.data or "") if part]


@bp.get("/segments")
@needs("settings.write")
def segments() -> str:
    return _page(SegmentForm(formdata=None))


@bp.post("/segments")
@needs("settings.write")
def put_into_segment() -> ResponseReturnValue:
    """Put all customers that are named into one segment, or none of them."""
    form = SegmentForm()
    if form.validate():
        try:
            count = segment_actions.set_segments(
                references=form.references, segment=form.segment.data or None, actor=me(), now=utc_now()
            )
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_said(count, form.segment.data or ""), "good")
            return redirect(url_for("customers.segments", segment=form.segment.data or None), 303)
    return _page(form), 422


def _said(count: int, segment: str) -> str:
    if segment:
        return ngettext(
            "%(num)d customer is in %(segment)s now.",
            "%(num)d customers are in %(segment)s now.",
            count,
            segment=segment,
        )
    return ngettext("%(num)d customer is in no segment now.", "%(num)d customers are in no segment now.", count)


def _page(form: SegmentForm) -> str:
    chosen = (request.args.get("segment") or "")[: segment_actions.CHARACTERS_MAX].lower() or None
    page = Page.of(request.args.get("after"))
    found = segment_queries.members(chosen, page)
    return render_template(
        "customers/segments.html",
        form=form,
        rows=found.rows,
        known=segment_queries.segments(),
        chosen=chosen,
        next_url=url_for("customers.segments", segment=chosen, after=found.next_cursor) if found.next_cursor else None,
        start_url=url_for("customers.segments", segment=chosen) if page.after else None,
    )
