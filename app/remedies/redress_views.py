"""What is owed by law or contract: given on the case page, kept on a page of its own."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import queries as cases
from app.cases import words as case_words
from app.cases.models import Case
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.money import Money
from app.kernel.time import UTC, utc_now
from app.people.access import me, my_scope, needs
from app.policies import queries as policies
from app.remedies import actions as remedies
from app.remedies import redress_actions as redress
from app.remedies import redress_queries as queries
from app.remedies.blueprint import bp
from app.remedies.redress_forms import EntitlementForm, FindingForm, OwedForm
from app.remedies.redress_panel import owed_forms
from app.remedies.redress_rules import EXAMPLES, say_formula
from app.ui.filters import money


@bp.post("/cases/<ref>/redress")
@needs("remedies.give")
def give_owed(ref: str) -> ResponseReturnValue:
    """Offer what a rule says is still owed."""
    case, form = _case(ref), OwedForm()
    try:
        if not form.validate():
            raise BadInput({"entitlement": [_("Send the form again.")]})
        line = redress.line_of(case, form.entitlement.data or "", utc_now())
        # What the page showed is what is given: the same form sent twice means the same.
        amount = Money(form.amount_minor.data or 0, line.given.currency)
        remedy = remedies.offer(
            case_id=case.id, kind=line.rule.kind, amount=amount, reason=line.rule.source, nature="redress",
            entitlement=line.rule.code, intent=form.intent.data or "", actor=me(), now=utc_now(),
        )  # fmt: skip
    except (BadInput, Refusal) as refusal:
        return _again(case, refusal)
    flash(_("%(amount)s is offered as owed; it takes from no purse.", amount=money(amount)), "good")
    return redirect(url_for("cases.show", ref=ref, _anchor=remedy.ref), 303)


@bp.post("/cases/<ref>/redress-findings")
@needs("remedies.give")
def find_owed(ref: str) -> ResponseReturnValue:
    case, form = _case(ref), FindingForm()
    try:
        if not form.validate():
            raise BadInput({"fact": [_("Type a whole number.")]})
        redress.find(
            case_id=case.id, code=form.entitlement.data or "", fact=form.fact.data, not_owed=form.not_owed.data or "",
            actor=me(), now=utc_now(),
        )  # fmt: skip
    except (BadInput, Refusal) as refusal:
        return _again(case, refusal)
    flash(_("Noted."), "good")
    return redirect(url_for("cases.show", ref=ref, _anchor="owed"), 303)


def _again(case: Case, refusal: Refusal) -> ResponseReturnValue:
    """Show what is owed as it stands now, with what was wrong."""
    errors = refusal.errors.values() if isinstance(refusal, BadInput) else ()
    sentence = " ".join(text for texts in errors for text in texts) or str(refusal)
    owed = queries.owed_in_case(case, utc_now())
    page = render_template("remedies/redress.html", case=case, owed=owed, owed_forms=owed_forms, refusal=sentence)
    return page, refusal.status


@bp.get("/entitlements")
@needs("policies.read")
def entitlements() -> str:
    return _list(EntitlementForm(formdata=None, valid_from=utc_now().date()))


@bp.post("/entitlements")
@needs("settings.write")
def add_entitlement() -> ResponseReturnValue:
    form = EntitlementForm().prepare()
    if form.validate():
        said = {name: value for name, value in form.data.items() if name not in ("csrf_token", "valid_from", "country")}
        first = form.valid_from.data
        assert first is not None
        try:
            redress.add_entitlement(
                **{**said, "severity_min": int(said["severity_min"])}, country=(form.country.data or "").upper() or None,
                valid_from=utc_now().replace(year=first.year, month=first.month, day=first.day, hour=0, minute=0, tzinfo=UTC),
                actor=me(), now=utc_now(),
            )  # fmt: skip
        except BadInput as mistake:
            form.take(mistake)
        else:
            flash(_("%(name)s holds from that day.", name=form.name.data), "good")
            return redirect(url_for("remedies.entitlements"), 303)
    return _list(form), 422


@bp.post("/entitlements/<code>/retirement")
@needs("settings.write")
def retire_entitlement(code: str) -> ResponseReturnValue:
    redress.retire_entitlement(code=code, actor=me(), now=utc_now())
    flash(_("It holds for what happened before, and for nothing new."), "good")
    return redirect(url_for("remedies.entitlements"), 303)


def _list(form: EntitlementForm) -> str:
    return render_template(
        "remedies/entitlements.html",
        rows=queries.entitlements(),
        form=form.prepare(),
        categories={row.id: row.name for row in cases.categories()},
        kinds={kind.code: kind.name for kind in policies.kinds()},
        attributions=case_words.ATTRIBUTION_WORDS,
        say=say_formula,
        examples=EXAMPLES,
    )


def _case(ref: str) -> Case:
    page = cases.case_page(ref, my_scope("cases.read"))
    if page is None:
        raise NotFound
    return page.case
