"""Where exceptions are always granted: proposals for higher limits, and why others aren't ready."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.cases import queries as cases
from app.insights import proposal_actions as proposals
from app.insights import proposal_queries as queries
from app.insights.blueprint import bp
from app.insights.proposal_queries import AcceptedRow
from app.insights.proposal_rules import Evidence, evidence, is_capped, raised
from app.insights.rules import COUNT_MIN
from app.insights.simulation_views import sites_in_scope
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.people.access import can, me, my_scope, needs
from app.people.words import ROLE_WORDS
from app.policies import queries as policies
from app.policies.rules import Rule
from app.policies.words import unit_words
from app.ui.filters import number, percent

# Of bands that aren't ready; those with most behind them come first.
ROWS_MAX = 25


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One band as the page says it. reason: why nothing is proposed, empty where a draft can be made."""

    evidence: Evidence
    what: str
    who: str
    per: str
    over: Money
    up_to: Money
    limit: Money
    at_risk: Money
    granted: str
    interval: str
    is_few: bool  # then only its number is said
    reason: str
    drafted: AcceptedRow | None

    @property
    def is_open(self) -> bool:
        return not self.reason and (self.drafted is None or self.drafted.state != "draft")

    @property
    def drafted_ref(self) -> str:
        return ref("policy", self.drafted.version_id) if self.drafted else ""


@bp.get("/authority-proposals")
@needs("policies.simulate")
def authority_proposals() -> str:
    now = utc_now()
    sites = sites_in_scope()
    in_force = policies.version_in_force(now)
    found = evidence(queries.decided(tuple(site.id for site in sites), now))
    others = [one for one in found if not one.is_enough]
    rules = in_force.rules if in_force else ()
    return render_template(
        "insights/authority_proposals.html",
        ready=_rows([one for one in found if one.is_enough], rules),
        others=_rows(others[:ROWS_MAX], rules),
        hidden=max(0, len(others) - ROWS_MAX),
        days=queries.LOOKBACK.days,
        may_accept=can("policies.write"),
        is_whole=my_scope("policies.simulate").kind == "company",
    )


@bp.post("/authority-proposals")
@needs("policies.write")
def accept_proposal() -> ResponseReturnValue:
    try:
        version = proposals.accept(band=request.form.get("band", ""), actor=me(), now=utc_now())
    except (proposals.NotProposed, proposals.DraftedAlready, NotFound) as refusal:
        sentence = _("This proposal isn't there any more.") if isinstance(refusal, NotFound) else str(refusal)
        flash(sentence, "bad")
        return redirect(url_for("insights.authority_proposals"), 303)
    flash(_("A draft was made. Try it on the past, then have it reviewed; the policy in force is as it was."), "good")
    return redirect(url_for("policies.show", ref=ref("policy", version.id)), 303)


def _rows(found: Sequence[Evidence], rules: tuple[Rule, ...]) -> list[ProposalRow]:
    kinds = {kind.code: kind.name for kind in policies.kinds()}
    categories = {category.id: category.name for category in cases.categories()}
    drafted = queries.accepted()
    rows = []
    for one in found:
        band, is_few = one.band, one.decided < COUNT_MIN and not one.is_enough
        rows.append(
            ProposalRow(
                evidence=one,
                what=f"{kinds.get(band.kind, band.kind)}, {categories.get(band.category_id, ref('category', band.category_id))}",
                who=str(ROLE_WORDS.get(band.role, band.role)),
                # Named are the limits of what was granted: beside one request that would say how it was decided.
                per="" if is_few else ", ".join(unit_words(need.unit, need.days) for need in one.needs),
                over=Money(band.over, band.currency),
                up_to=Money(band.up_to, band.currency),
                limit=Money(one.limit_minor, band.currency),
                at_risk=Money(one.at_risk_minor, band.currency),
                granted=_("%(n)s, too few", n=number(one.decided))
                if is_few
                else _("%(k)s of %(n)s", k=number(one.granted), n=number(one.decided)),
                interval="" if is_few else f"{percent(one.low)}–{percent(one.high)}",
                is_few=is_few,
                reason=_("Too few decisions to say anything.") if is_few else _why_not(one, rules),
                drafted=drafted.get(band.key),
            )
        )
    return rows


def _why_not(one: Evidence, rules: tuple[Rule, ...]) -> str:
    """Say what is missing, or nothing where a draft can be made."""
    if one.is_enough:
        if is_capped(rules, one.band, one.needs):
            return _("The cap of the policy forbids it.")
        return "" if raised(rules, one.band, one.needs) else _("The policy in force allows it already.")
    refused, more = one.decided - one.granted, one.more
    if more is None:
        return _("Too often it was not granted in full: whoever decides is needed here.")
    if not refused:
        return ngettext(
            "%(num)d more, granted in full, would be enough.",
            "%(num)d more, all granted in full, would be enough.",
            more,
        )
    missed = ngettext("%(num)d was not granted in full", "%(num)d were not granted in full", refused)
    return _("%(missed)s; %(more)s more that all are would be enough.", missed=missed, more=number(more))
