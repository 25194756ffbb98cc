"""Customers that may be one: the list, two side by side, the merge, and taking them apart."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.validators import InputRequired, Length

from app.cases import queries as cases
from app.customers import duplicate_queries, merge_actions, queries, two_actions
from app.customers.blueprint import bp
from app.customers.duplicate_queries import Pair
from app.customers.merge_queries import merged_into
from app.customers.queries import CustomerRow
from app.customers.sheet import card_of
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people.access import me, my_scope, needs
from app.remedies import queries as remedies
from app.ui.forms import Form, LineField, options

REASON_WORDS = {
    "email": _l("the same e-mail address"),
    "phone": _l("the same telephone number"),
    "same_name": _l("the same name"),
    "near_name": _l("nearly the same name"),
}


class MergeForm(Form):
    stays = RadioField(_l("Who stays"), [InputRequired()])
    reason = LineField(_l("Why they are one"), [InputRequired(), Length(max=merge_actions.REASON_MAX)])


class PartForm(Form):
    """Why two are two: ones that were merged, or ones that were looked at."""

    reason = LineField(_l("Why they are two"), [InputRequired(), Length(max=merge_actions.REASON_MAX)])


class TwoForm(PartForm):
    """As PartForm, beside a form whose reason has its own place on the page."""

    reason = LineField(
        _l("Why they are two"), [InputRequired(), Length(max=merge_actions.REASON_MAX)], id="two-reason"
    )  # fmt: skip


@bp.get("/customers/duplicates")
@needs("customers.merge")
def duplicates() -> str:
    """Everybody's likely pairs, or one customer's with `of`."""
    scope, of = my_scope("customers.merge"), request.args.get("of")
    her = card_of(of) if of else None
    pairs = duplicate_queries.like_her(her.id, scope) if her else duplicate_queries.likely(scope)
    return render_template("customers/duplicates.html", pairs=pairs, words=REASON_WORDS, her=her)


@bp.get("/customers/<ref>/merge/<other>")
@needs("customers.merge")
def compare(ref: str, other: str) -> str:
    return _compare(_pair(ref, other), _merge_form(_pair(ref, other)))


@bp.post("/customers/<ref>/merge/<other>")
@needs("customers.merge")
def merge(ref: str, other: str) -> ResponseReturnValue:
    """Let one of two count as the other."""
    pair, status = _pair(ref, other), 422
    form = _merge_form(pair)
    if form.validate():
        stays, gone = pair.older.id, pair.newer.id
        if form.stays.data == pair.newer_ref:
            stays, gone = gone, stays
        try:
            root_id = merge_actions.merge(
                customer_id=gone, into_id=stays, reason=form.reason.data or "", actor=me(), now=utc_now()
            )
        except NotFound:
            raise
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("They count as one now. Nothing was changed in the cases themselves."), "good")
            return redirect(url_for("customers.show", ref=_ref(root_id)), 303)
    return _compare(pair, form), status


@bp.post("/customers/<ref>/apart/<other>")
@needs("customers.merge")
def tell_apart(ref: str, other: str) -> ResponseReturnValue:
    """Two who were looked at are two: nobody is offered them again."""
    pair, form = _pair(ref, other), TwoForm()
    if form.validate():
        said: dict[str, Any] = {"one_id": pair.older.id, "other_id": pair.newer.id, "reason": form.reason.data or ""}
        try:
            two_actions.tell_apart(**said, actor=me(), now=utc_now())
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("They are two, and aren't offered as duplicates any more."), "good")
            return redirect(url_for("customers.duplicates"), 303)
    return _compare(pair, _merge_form(pair, is_fresh=True), form), 422


@bp.post("/customers/<ref>/apart/<other>/removal")
@needs("customers.merge")
def doubt_apart(ref: str, other: str) -> ResponseReturnValue:
    """Let two be looked at again."""
    pair = _pair(ref, other)
    two_actions.doubt_apart(one_id=pair.older.id, other_id=pair.newer.id, actor=me(), now=utc_now())
    flash(_("They may be offered as duplicates again."), "good")
    return redirect(url_for("customers.compare", ref=pair.older_ref, other=pair.newer_ref), 303)


@bp.get("/customers/<ref>/parting")
@needs("customers.merge")
def parting(ref: str) -> str:
    return _parting(ref, PartForm())


@bp.post("/customers/<ref>/parting")
@needs("customers.merge")
def part(ref: str) -> ResponseReturnValue:
    """Give a merged customer back as they were."""
    form, status = PartForm(), 422
    if form.validate():
        try:
            merge_actions.unmerge(
                customer_id=parse_ref("customer", ref) or 0, reason=form.reason.data or "", actor=me(), now=utc_now()
            )
        except (BadInput, merge_actions.NotMerged) as refusal:
            status = form.take(refusal)
        else:
            flash(_("They are two again, each with what was made in their name."), "good")
            return redirect(url_for("customers.show", ref=ref), 303)
    return _parting(ref, form), status


def _parting(reference: str, form: PartForm) -> str:
    """A number that isn't merged answers with who she is and the refusal; one out of scope like one that isn't there."""
    root = card_of(reference)
    gone = next((row for row in merged_into(root.id) if row.ref == reference), None)
    return render_template("customers/parting.html", root=root, gone=gone, form=form)


def _pair(one: str, other: str) -> Pair:
    ids = parse_ref("customer", one), parse_ref("customer", other)
    pair = duplicate_queries.pair_of(ids[0] or 0, ids[1] or 0, my_scope("customers.merge"))
    if pair is None:
        raise NotFound
    return pair


def _merge_form(pair: Pair, *, is_fresh: bool = False) -> MergeForm:
    form = MergeForm(formdata=None) if is_fresh else MergeForm()
    form.stays.choices = options(
        (number, f"{name} ({number})")
        for number, name in ((pair.older_ref, pair.older.name), (pair.newer_ref, pair.newer.name))
    )
    if is_fresh or not form.is_submitted():
        form.stays.data = pair.older_ref
        form.reason.data = ", ".join(str(REASON_WORDS[reason]) for reason in pair.reasons)
    return form


def _compare(pair: Pair, form: MergeForm, two: TwoForm | None = None) -> str:
    scope = my_scope("customers.merge")
    sides = [_side(card) for one in (pair.older, pair.newer) if (card := queries.card(one.id, scope))]
    return render_template(
        "customers/compare.html",
        pair=pair,
        sides=sides,
        form=form,
        words=REASON_WORDS,
        apart=duplicate_queries.apart(pair.older.id, pair.newer.id),
        two=two or TwoForm(formdata=None),
    )


def _side(card: CustomerRow) -> dict[str, Any]:
    """One of the two, with what would count together."""
    scope = my_scope("cases.read")
    found = cases.cases_of_customer(card.numbers, scope)
    totals = remedies.given_total(card.numbers, scope)
    return {
        "card": card,
        "cases": found.rows[:5],
        "count": len(found.rows),
        "has_more": bool(found.next_cursor),
        "totals": [Money(minor, currency) for currency, minor in sorted(totals.items())],
    }


def _ref(customer_id: int) -> str:
    return ref("customer", customer_id)
