"""Several requests under the same rule, decided with one press, and what became of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField
from wtforms.validators import InputRequired, Length

from app.approvals import actions as approvals
from app.approvals import batch_actions, batch_rules, bound_queries, mine_queries, queries
from app.approvals.blueprint import bp
from app.approvals.mine_queries import Item
from app.approvals.queries import RequestRow
from app.approvals.writing import REASON_CHARACTERS_MAX
from app.kernel.errors import NotFound, Refusal
from app.kernel.money import Money
from app.kernel.paging import Page
from app.kernel.references import parse_ref
from app.kernel.signing import NotSignedHere, sign, verify
from app.kernel.time import iso, parse_instant, utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.people.step_up import require_proof
from app.policies import queries as policies
from app.remedies import actions as remedies
from app.ui.forms import Form, IntentField, ParagraphField, options

SHOWN = "batch-shown"
SHOWN_LASTS = timedelta(hours=1)
ROWS_READ = 200


class BatchForm(Form):
    outcome = RadioField(
        _l("Decision"),
        [InputRequired()],
        choices=options([("approved", _l("Approve all picked")), ("declined", _l("Decline all picked"))]),
    )
    reason = ParagraphField(_l("Why?"), [Length(max=REASON_CHARACTERS_MAX)])
    shown = HiddenField(validators=[InputRequired(), Length(max=500)])
    intent = IntentField()

    def validate(self, extra_validators: Any = None) -> bool:
        sound = bool(super().validate(extra_validators))
        if self.outcome.data == "declined" and not self.reason.data:
            self.reason.errors = [_("Say why, in a sentence.")]
        return sound and not self.reason.errors


@dataclass(frozen=True, slots=True)
class Group:
    """The requests under one rule, as the page shows them."""

    rule: batch_rules.Rule
    items: list[Item]
    cap: Money
    form: BatchForm

    @property
    def key(self) -> str:
        return self.items[0].row.ref


@bp.get("/exceptions/batch")
@needs("exceptions.decide")
def batch() -> str:
    return _page()


@bp.post("/exceptions/batch")
@needs("exceptions.decide")
def decide_batch() -> ResponseReturnValue:
    form, terms = BatchForm(), _terms()
    shown_at = _shown_at(form.shown.data or "")
    if not form.validate() or shown_at is None or not terms:
        form.refuse(_("Pick at least one request.") if not terms else _("Please check this"))
        return _page(form), 422
    if form.outcome.data == "approved":
        _ask_for_proof(list(terms))
    try:
        done = _decide(form, terms, shown_at)
    except Refusal as refusal:
        status = form.take(refusal)
        return _page(form), status
    return redirect(url_for("approvals.batch_done", batch_id=done), 303)


def _terms() -> dict[int, str]:
    """What was read of each picked request, by its id."""
    picked = {one: parse_ref("exception", one) for one in request.form.getlist("pick")}
    return {identity: request.form.get(f"terms-{one}", "") for one, identity in picked.items() if identity}


def _decide(form: BatchForm, terms: dict[int, str], shown_at: datetime) -> int:
    return batch_actions.decide_batch(
        terms=terms,
        outcome=form.outcome.data,
        shown_at=shown_at,
        intent=form.intent.data or "",
        deed=_deed(form.outcome.data, form.reason.data or ""),
        actor=me(),
        now=utc_now(),
    )


@bp.get("/exceptions/batches/<int(max=999999999999999999):batch_id>")
@needs("exceptions.decide")
def batch_done(batch_id: int) -> str:
    found = batch_actions.batch_of(batch_id, me())
    rows = {row.id: row for row in queries.request_rows(found.picks)}
    results = {result["ref"]: result for result in found.results or ()}
    items = [(row, results.get(row.ref)) for identity in found.picks if (row := rows.get(identity))]
    return render_template("approvals/batch_done.html", batch=found, items=items, kinds=_kinds())


def _deed(outcome: str, reason: str) -> batch_actions.Deed:
    def deed(row: RequestRow, terms: str) -> Any:
        # The same action as for a single one: money is reserved by remedies, a request without a remedy has none.
        decide: Any = remedies.decide_exception if row.remedy_id else approvals.decide
        return decide(
            exception_id=row.id,
            outcome=outcome,
            amount=None,
            reason=reason,
            actor=me(),
            now=utc_now(),
            terms_hash=terms,
        )

    return deed


def _ask_for_proof(ids: list[int]) -> None:
    """Ask for the second factor where the sum of the picked requests is above its bound."""
    rows = queries.request_rows(ids)
    for currency in {row.currency for row in rows}:
        total = Money(sum(row.amount_minor for row in rows if row.currency == currency), currency)
        if bound_queries.bounds(currency).asks_for_proof(total):
            require_proof(is_needed=True)


def _page(sent: BatchForm | None = None) -> str:
    caps = {currency: one.batch_max for currency, one in bound_queries.all_bounds().items() if one.batch_max}
    found, _slice = mine_queries.read("waiting", my_scope("exceptions.decide"), me(), Page(size=ROWS_READ), utc_now())
    groups = [
        Group(rule, items, caps[rule.currency], _form(sent, items))
        for rule, items in batch_rules.grouped(found, caps).items()
    ]
    is_placed = sent is None or any(group.form is sent for group in groups)
    return render_template(
        "approvals/batch.html",
        groups=groups,
        caps=caps,
        picked=request.form.getlist("pick"),
        refusal="" if sent is None or is_placed else " ".join(sent.form_errors),
        names=people.names(item.row.requested_by_id for group in groups for item in group.items),
        kinds=_kinds(),
        now=utc_now(),
    )


def _form(sent: BatchForm | None, items: list[Item]) -> BatchForm:
    """The form of a group: the one that was sent, with its mistakes, where its picks are, or a new one."""
    is_sent = sent is not None and {item.row.ref for item in items} & set(request.form.getlist("pick"))
    form = sent if sent is not None and is_sent else BatchForm(formdata=None)
    form.shown.data, form.shown.raw_data = form.shown.data if is_sent else _stamp(), None
    for field in form:
        if not field.id.startswith("EX-"):
            field.id = f"{items[0].row.ref}-{field.id}"
            field.label.field_id = field.id
    return form


def _stamp() -> str:
    """Say, signed, when the page was shown."""
    now = utc_now()
    secrets = current_app.extensions["makegood_settings"].secrets
    return sign(SHOWN, me().label, {"at": iso(now)}, expires_at=now + SHOWN_LASTS, secrets_=secrets)


def _shown_at(stamp: str) -> datetime | None:
    try:
        found = verify(stamp, SHOWN, secrets_=current_app.extensions["makegood_settings"].secrets)
    except NotSignedHere:
        return None
    if found.audience != me().label:
        raise NotFound
    return None if found.is_over(utc_now()) else parse_instant(found.said["at"])


def _kinds() -> dict[str, str]:
    return {kind.code: kind.name for kind in policies.kinds()}
