""" "Can I?" as the case page shows it: the same question to the same judge as the deed asks, answered before anything is promised."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from flask_babel import gettext as _
from sqlalchemy import BigInteger, Select, bindparam, select

from app.approvals import route_queries as routes
from app.approvals.route_queries import Preview
from app.cases.models import Case
from app.customers.models import Customer
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Refusal
from app.kernel.money import Money
from app.people.models import Site
from app.people.permissions import has, scope_of
from app.policies import queries as policies
from app.policies.models import RemedyKind
from app.policies.queries import KindRow, VersionRow
from app.policies.rules import REDRESS_ROLES, Decision
from app.remedies import queries, words
from app.remedies.forms import OfferForm
from app.remedies.queries import Place
from app.ui.filters import money
from app.ui.windows import WindowRow

VERDICTS: dict[str, Literal["yes", "needs", "no"]] = {"allowed": "yes", "needs_approval": "needs", "refused": "no"}


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything that the panel shows. `decision` is None as long as no amount stands in the form."""

    case_ref: str
    customer: str
    currency: str
    kinds: tuple[KindRow, ...]
    form: OfferForm
    version: VersionRow | None
    decision: Decision | None
    windows: list[WindowRow]
    title: str
    text: str
    amount: Money | None
    approvers: str
    route: Preview | None
    may_give: bool
    may_record_redress: bool
    may_read_policy: bool
    is_sound: bool

    @property
    def kind_names(self) -> dict[str, str]:
        return {kind.code: kind.name for kind in self.kinds}

    @property
    def active_kinds(self) -> tuple[KindRow, ...]:
        return tuple(kind for kind in self.kinds if kind.active)

    @property
    def verdict(self) -> str:
        return VERDICTS[self.decision.outcome] if self.decision else "blank"

    @property
    def is_possible(self) -> bool:
        return self.may_give and self.decision is not None and self.decision.outcome != "refused"

    @property
    def is_owed(self) -> bool:
        return bool(self.form.nature.data == "redress")

    @property
    def is_exception(self) -> bool:
        return self.decision is not None and self.decision.outcome == "needs_approval"

    @property
    def part(self) -> Money | None:
        """What may be given at once, where the whole needs somebody else."""
        if self.decision is None or not self.is_exception:
            return None
        return self.decision.allowed_now if self.decision.allowed_now.minor else None

    @property
    def button(self) -> str:
        """The button says what it does."""
        what = money(self.amount) if self.amount and self.amount.minor else self.kind_names.get(self.form.kind.data, "")
        if self.is_exception:
            return _("Ask for %(amount)s", amount=what)
        if not self.customer:
            return _("Offer %(amount)s", amount=what)
        return _("Offer %(amount)s to %(name)s", amount=what, name=self.customer)


def panel_for(case: Case, actor: Actor, now: datetime, form: OfferForm | None = None) -> Panel:
    """Answer for what stands in `form`; without one, show the empty form with what is left now.

    At most five queries as long as nobody else has to decide.
    """
    kinds, place, customer = _place(case, actor, now)
    currency = place.currency
    active = tuple(kind for kind in kinds if kind.active)
    sent = form is not None
    form = (form or OfferForm(formdata=None)).prepare(active, currency)
    is_sound = sent and form.validate()
    amount = form.money(active, currency) if sent else None
    decision, text, version = _answer(case, actor, now, form, active, place, amount)
    needs = decision is not None and decision.outcome == "needs_approval" and amount is not None
    route = routes.preview(case, form.kind.data or "", amount, actor, now) if needs and amount is not None else None
    approvers = _approvers(route) if needs else ""
    scope = scope_of(actor, "remedies.give")
    first_name = customer.split(" ")[0] if customer else ""
    names = {kind.code: kind.name for kind in kinds}
    return Panel(
        case_ref=case.ref,
        customer=first_name,
        currency=currency,
        kinds=kinds,
        form=form,
        version=version,
        decision=decision if amount is not None else None,
        windows=words.window_rows(decision, first_name, names) if decision else [],
        title=words.title_of(decision) if decision and amount is not None else "",
        text=text or (words.text_of(decision, approvers) if decision and amount is not None else ""),
        amount=amount,
        approvers=approvers,
        route=route,
        may_give=scope is not None and scope.covers(site_id=case.site_id) and not case.resolved_at,
        may_record_redress=actor.role in REDRESS_ROLES,
        may_read_policy=has(actor, "policies.read"),
        is_sound=is_sound,
    )


def _answer(
    case: Case,
    actor: Actor,
    now: datetime,
    form: OfferForm,
    kinds: tuple[KindRow, ...],
    place: Place,
    amount: Money | None,
) -> tuple[Decision | None, str, VersionRow | None]:
    """Ask the judge; with no amount yet, for the smallest one, so that the windows show what is left."""
    chosen = next((kind for kind in kinds if kind.code == form.kind.data), None)
    if chosen is None:
        return None, "", None
    if form.amount.errors:
        return None, " ".join(str(text) for text in form.amount.errors), None
    asked = amount if amount is not None else Money(1 if chosen.monetary else 0, place.currency)
    try:
        judged = queries.judged(
            case=case, kind=chosen.code, nature=form.nature.data or "goodwill", amount=asked, actor=actor, now=now,
            place=place, known_kind=chosen,
        )  # fmt: skip
    except BadInput as mistake:
        return None, " ".join(text for texts in mistake.errors.values() for text in texts), None
    except Refusal as refusal:
        return None, str(refusal), None
    decision = judged.decision if amount is not None else judged.decision.without_request()
    return decision, "", judged.in_force.version


def _place(case: Case, actor: Actor, now: datetime) -> tuple[tuple[KindRow, ...], Place, str]:
    """The catalogue, the site's money and time, the giver's standing, and the customer's name, in one query."""
    width = len(policies.KIND_COLUMNS)
    params = {**queries.place_params(actor, now), "place_case": case.id}
    rows: Any = db.session.execute(_catalogue_and_place(), params).all()
    if not rows:
        return (), queries.place(case, actor, now), ""
    return tuple(KindRow(*row[:width]) for row in rows), queries.place_of(*rows[0][width:-1]), rows[0][-1] or ""


@cache
def _catalogue_and_place() -> Select[Any]:
    return (
        select(*policies.KIND_COLUMNS, *queries.place_columns(), Customer.name)
        .select_from(RemedyKind)
        .join(Case, Case.id == bindparam("place_case", type_=BigInteger))
        .join(Site, Site.id == Case.site_id)
        .outerjoin(Customer, Customer.id == Case.customer_id)
        .order_by(RemedyKind.id)
    )


def _approvers(route: Preview | None) -> str:
    """Name who is asked first; never the one who asks."""
    first = route.first_ids if route else ()
    return " ".join(route.names[person] for person in first[:1] if route) or _("A supervisor")
