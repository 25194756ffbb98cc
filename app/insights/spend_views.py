"""Pools that are spent ahead of their month: what they went to, and a narrow draft to try before anything is cut."""

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import queries as cases
from app.insights import spend_actions
from app.insights.blueprint import bp
from app.insights.simulation_views import sites_in_scope
from app.insights.spend_queries import Alarm, alarms
from app.insights.spend_rules import Spent, lowered
from app.kernel.errors import NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, needs
from app.people.words import ROLE_WORDS
from app.policies import queries as policies
from app.policies.rules import Rule
from app.policies.words import unit_words
from app.ui.filters import percent
from app.ui.forms import new_intent

BANDS_MAX, PAST_DAYS = 3, 60


@bp.get("/spend-alarms")
@needs("policies.simulate")
def spend_alarms() -> str:
    now = utc_now()
    in_force = policies.version_in_force(now)
    found = alarms(sites_in_scope(), now)
    return render_template(
        "insights/spend_alarms.html",
        alarms=_rows(found, in_force.rules if in_force else ()),
        may_draft=can("policies.write"),
    )


@bp.post("/spend-alarms/<ref>")
@needs("policies.write")
def draft_lower_limit(ref: str) -> ResponseReturnValue:
    """Make the draft and go on to trying it on the past weeks of the site."""
    purse_id, now = parse_ref("purse", ref), utc_now()
    if purse_id is None:
        raise NotFound
    try:
        version_id = spend_actions.draft_lower_limit(
            purse_id=purse_id, band=request.form.get("band", "")[:200], intent=request.form.get("intent", ""),
            actor=me(), now=now,
        )  # fmt: skip
    except NotFound:
        raise
    except Refusal as refusal:
        flash(str(refusal), "bad")
        return redirect(url_for("insights.spend_alarms"), 303)
    flash(_("A draft was made, and tried on the past. The policy in force is as it was."), "good")
    days: dict[str, Any] = {"from": (now - timedelta(days=PAST_DAYS)).date().isoformat(), "to": now.date().isoformat()}
    return redirect(url_for("insights.simulation", ref=f"PO-{version_id}", **days), 303)


def _rows(found: tuple[Alarm, ...], rules: tuple[Rule, ...]) -> list[dict[str, Any]]:
    """Each alarm in words, with what took most of the pool."""
    kinds = {kind.code: kind.name for kind in policies.kinds()}
    categories = {category.id: category.name for category in cases.categories()}
    sites = {site.id: site.name for site in people.sites()}
    teams = {team.id: team.name for team in people.teams()}

    def band(alarm: Alarm, one: Spent) -> dict[str, Any]:
        return {
            "key": one.key,
            "intent": new_intent(),
            "what": f"{kinds.get(one.kind, one.kind)}, {categories.get(one.category_id, ref('category', one.category_id))}",
            "who": str(ROLE_WORDS.get(one.role, one.role)),
            "count": one.count,
            "amount": Money(one.minor, one.currency),
            "share": percent(one.share),
            "limit": Money(one.limit_minor, one.currency) if one.limit_minor else None,
            "can_lower": lowered(rules, one, alarm.site_id) is not None,
        }

    return [
        {
            "ref": ref("purse", alarm.purse_id),
            "place": teams.get(alarm.team_id or 0) or sites.get(alarm.site_id, ""),
            "per": unit_words(alarm.unit, None),
            "alarm": alarm,
            "elapsed": percent(alarm.elapsed),
            "bands": [band(alarm, one) for one in alarm.spent[:BANDS_MAX]],
        }
        for alarm in found
    ]
