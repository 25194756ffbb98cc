"""Whether there was room for what similar cases got, where nobody was offered anything. A few queries for all cases.

In doubt there was none: month purses count what they held at their end, rolling windows what they ever held, and the
role is the one that the person has now.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median_low
from typing import Any

from sqlalchemy import select, tuple_

from app.budgets.models import Purse
from app.budgets.rules import Spending, purse_key
from app.kernel.database import db
from app.kernel.money import Money
from app.people import queries as people
from app.people.models import Employee
from app.policies import queries as policies
from app.policies.rules import Holder, Offer, Rule, Used, judge
from app.remedies.precedent_rules import COUNT_MIN, SAMPLE_MAX
from app.remedies.receipt_models import Precedent

CASES_MAX = 500
PRECEDENTS_MAX = 20_000


def had_room(rows: Sequence[Any]) -> set[int]:
    """The cases of these (at most CASES_MAX, newest first) in which the resolver alone could have given the median.

    rows: facts with `customer_id`. Where fewer than COUNT_MIN similar cases got something, nothing is said.
    """
    rows = [row for row in rows if row.person_id is not None][:CASES_MAX]
    if not rows:
        return set()
    medians = _medians({(row.category_id, row.severity) for row in rows})
    sites = {site.id: site for site in people.sites()}
    roles = _roles({row.person_id for row in rows})
    found = []
    for row in rows:
        median = medians.get((row.category_id, row.severity, sites[row.site_id].currency))
        role = roles.get(row.person_id)
        if median is None or role is None:
            continue
        kind, minor = median
        offer = Offer(
            Money(minor, sites[row.site_id].currency), kind, "goodwill", True, row.severity, row.category_id,
            segment=row.segment, cause=row.cause, has_customer=row.customer_id is not None,
            has_team=row.team_id is not None, at=row.at,
        )  # fmt: skip
        spending = Spending(
            row.case_id, row.customer_id, row.person_id, row.site_id, row.team_id, sites[row.site_id].time_zone
        )
        found.append((row, offer, Holder(role, row.site_id, row.team_id), spending))
    return _allowed(found)


def _medians(strata: set[tuple[int, int]]) -> dict[tuple[int, int, str], tuple[str, int]]:
    """What similar cases got: (category, severity, currency) → the kind given most, and its median."""
    wanted = (
        select(
            Precedent.category_id, Precedent.severity, Precedent.currency, Precedent.kind, Precedent.amount_minor
        )
        .where(tuple_(Precedent.category_id, Precedent.severity).in_(list(strata)), Precedent.answer == "accepted")
        .order_by(Precedent.at.desc(), Precedent.remedy_id.desc())
        .limit(PRECEDENTS_MAX)
    )  # fmt: skip
    given: dict[tuple[int, int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in db.session.execute(wanted):
        amounts = given[row.category_id, row.severity, row.currency][row.kind]
        if len(amounts) < SAMPLE_MAX:
            amounts.append(row.amount_minor)
    found = {}
    for stratum, kinds in given.items():
        kind = max(kinds, key=lambda code: (len(kinds[code]), code))
        if len(kinds[kind]) >= COUNT_MIN:
            found[stratum] = (kind, median_low(kinds[kind]))
    return found


def _roles(person_ids: set[int]) -> dict[int, str]:
    rows = db.session.execute(select(Employee.id, Employee.role).where(Employee.id.in_(list(person_ids))))
    return {row.id: row.role for row in rows}


def _allowed(asked: Sequence[tuple[Any, Offer, Holder, Spending]]) -> set[int]:
    """Judge each under the policy that was in force then; purses in one query."""
    versions = [one for one in policies.versions() if one.state == "published"]
    cases: list[tuple[int, Offer, Holder, tuple[Rule, ...], dict[int, str]]] = []
    for row, offer, holder, spending in asked:
        valid = [one for one in versions if one.valid_from <= row.at]
        if not valid:
            continue
        rules = policies.rules_of(max(valid, key=lambda one: (one.valid_from, one.number)).id)
        keys = {rule.id: key.key for rule in rules if (key := purse_key(rule, spending, row.at))}
        cases.append((row.case_id, offer, holder, rules, keys))
    wanted = {key for *_, keys in cases for key in keys.values()}
    columns = (Purse.key, Purse.settled_minor, Purse.reserved_minor, Purse.approved_minor)
    held = {row[0]: Used(*row[1:]) for row in db.session.execute(select(*columns).where(Purse.key.in_(wanted)))}
    return {
        case_id
        for case_id, offer, holder, rules, keys in cases
        if judge(
            offer, holder, rules, {rule_id: held[key] for rule_id, key in keys.items() if key in held}
        ).outcome == "allowed"
    }  # fmt: skip
