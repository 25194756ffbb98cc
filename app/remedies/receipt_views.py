"""The receipt of a decision, judged again each time it is looked at; and what similar cases got."""

from dataclasses import dataclass

from flask import render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _

from app.cases import queries as cases
from app.cases.models import Case
from app.kernel.errors import NotFound
from app.kernel.money import NO_CURRENCY, BadMoney, Money
from app.kernel.references import parse_ref
from app.people.access import my_scope, needs
from app.policies import queries as policies
from app.policies.queries import KindRow
from app.remedies import precedent_queries as precedents
from app.remedies import queries, words
from app.remedies import receipt_queries as receipts
from app.remedies.blueprint import bp
from app.remedies.precedent_queries import Similar, Stratum
from app.remedies.precedent_rules import COUNT_MIN, LOSS_PERCENT, LOSS_SOURCE, is_far_above
from app.ui.dots import DotPlot, dot_plot
from app.ui.filters import money


@dataclass(frozen=True, slots=True)
class Comparison:
    """What similar cases got, beside what is typed now."""

    similar: Similar
    kind: KindRow
    amount: Money | None
    plot: DotPlot | None
    is_outside: bool
    is_far_above: bool
    loss: Money | None

    @property
    def low(self) -> Money:
        return self._money(self.similar.band.low_minor if self.similar.band else 0)

    @property
    def middle(self) -> Money:
        return self._money(self.similar.band.middle_minor if self.similar.band else 0)

    @property
    def high(self) -> Money:
        return self._money(self.similar.band.high_minor if self.similar.band else 0)

    def _money(self, minor: int) -> Money:
        return Money(minor, self.similar.stratum.currency)


@bp.get("/remedies/<ref>/receipt")
@needs("cases.read")
def receipt(ref: str) -> str:
    identity = parse_ref("remedy", ref)
    row = queries.find(identity, my_scope("cases.read")) if identity else None
    if row is None:
        raise NotFound
    return render_template(
        "remedies/receipt.html",
        remedy=row,
        receipts=receipts.receipts_of(row.id),
        kind_names={kind.code: kind.name for kind in policies.kinds()},
        unit_name=_window,
        amount_of=_amount,
        occasions={"offer": _("Offered"), "request": _("Asked for"), "approval": _("Approved")},
        outcomes={
            "allowed": _("inside the giver's own authority"),
            "needs_approval": _("above the giver's own authority"),
            "refused": _("refused"),
        },
    )


def _window(unit: str, days: int | None) -> str:
    """Name a window for anybody who reads the receipt, not only for the giver."""
    names = {
        "employee_month": _("The giver's month"),
        "team_month": _("The team's pool"),
        "site_month": _("The site's month"),
    }
    return names.get(unit) or words.unit_name(unit, days)


def _amount(said: dict[str, str]) -> str:
    """Say an amount of a receipt; a count is a plain number."""
    if said["currency"] == NO_CURRENCY:
        return said["amount"]
    return money(Money.parse(said["amount"].lstrip("-"), said["currency"]))


@bp.get("/cases/<ref>/precedents")
@needs("cases.read")
def similar_cases(ref: str) -> str:
    page = cases.case_page(ref, my_scope("cases.read"))
    if page is None:
        raise NotFound
    found = _comparison(page.case, page.currency)
    is_part = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    return render_template(
        "remedies/_similar.html" if is_part else "remedies/similar.html",
        page=page,
        found=found,
        count_min=COUNT_MIN,
        loss_percent=LOSS_PERCENT,
        loss_source=LOSS_SOURCE,
        kinds=[kind for kind in policies.kinds(active_only=True) if kind.monetary],
    )


def _comparison(case: Case, currency: str) -> Comparison | None:
    """Compare what the address names; None for a kind that isn't money."""
    kinds = policies.kinds()
    wanted = request.args.get("kind")
    kind = next((one for one in kinds if one.monetary and one.active and wanted in (None, "", one.code)), None)
    if kind is None:
        return None
    amount = _typed(currency)
    similar = precedents.similar(Stratum(case.category_id, case.severity, kind.code, currency), my_scope("cases.read"))
    minor = amount.minor if amount else 0
    loss = Money(case.loss_minor, currency) if case.loss_minor else None
    return Comparison(
        similar=similar,
        kind=kind,
        amount=amount,
        plot=dot_plot(similar.given, minor) if similar.band else None,
        is_outside=amount is not None and similar.band is not None and similar.band.is_outside(minor),
        is_far_above=amount is not None and is_far_above(case.given_minor + minor, case.loss_minor),
        loss=loss,
    )


def _typed(currency: str) -> Money | None:
    try:
        found = Money.parse(request.args.get("amount", ""), currency, str(get_locale()))
    except BadMoney:
        return None
    return found if found.minor > 0 else None
