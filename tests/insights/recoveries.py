"""Some weeks of recoveries for the measures, told by actions, and the same figures counted by SQL of another hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text

from app.cases import actions as cases
from app.cases import dialogue_actions as dialogue
from app.customers.segment_actions import set_segment
from app.feedback import actions as feedback
from app.feedback.models import FollowUp
from app.feedback.rules import Scores
from app.insights.queries import Part
from app.kernel.actor import command, customer
from app.kernel.database import db
from app.kernel.time import utc_now
from app.promises import actions as promises
from app.remedies import actions as remedies
from tests.cases.builders import make_case
from tests.insights.past import ask, decide
from tests.people.builders import Company
from tests.remedies.builders import give, publish_policy

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# (days ago, who, customer, severity, goodwill in pounds, CSAT, cause, what else happened)
STORIES: Sequence[tuple[int, str, str, int, int, int | None, str, str]] = (
    (80, "ana", "Cleo Marchetti", 3, 150, 5, "process", ""),
    (79, "bo", "Bea Lund", 3, 0, 1, "equipment", ""),
    (78, "ana", "Dan Oh", 2, 90, 4, "process", "promise"),
    (76, "bo", "Eve Poe", 1, 0, None, "guest", "no-company"),
    (75, "ana", "Fay Quin", 3, 300, 5, "supplier", "ask"),
    (74, "bo", "Gus Rowe", 2, 170, 2, "staffing", "again"),
    (73, "ana", "Hal Sims", 0, 20, None, "unknown", ""),
    (70, "ana", "Cleo Marchetti", 3, 120, 4, "process", ""),
    (66, "bo", "Ivy Tate", 2, 0, 4, "weather", "wrote"),
    (60, "ana", "Jon Ueda", 3, 250, None, "training", "refused"),
    (55, "bo", "Kim Vale", 4, 0, 2, "equipment", "promise-broken"),
    (50, "ana", "Lea West", 2, 199, 5, "process", "handed-over"),
    (40, "bo", "Moe Xu", 3, 140, 5, "process", "promise"),
    (38, "ana", "Ned Yost", 3, 60, 3, "process", "twice"),
    (36, "bo", "Oda Zinn", 2, 0, 5, "information", ""),
    (3, "ana", "Pia Arno", 3, 100, None, "process", ""),
    (2, "bo", "Bea Lund", 3, 0, None, "equipment", "open"),
)


def live_some_weeks(company: Company) -> datetime:
    """Tell STORIES at the front desk; returns now."""
    now = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - DAY
    front: dict[str, Any] = {"role": "frontline", "currency": company.quayside.currency}
    limits = [{**front, "unit": "incident", "limit_minor": 20_000, "clause": "4.2"}]
    publish_policy(
        [*limits, {**front, "unit": "employee_month", "limit_minor": 500_000, "clause": "5.1"}], now=now - 100 * DAY
    )
    for story in STORIES:
        _tell(company, now, *story)
    return now


def _tell(
    company: Company, now: datetime, ago: int, who: str, name: str, severity: int, pounds: int, csat: int | None,
    cause: str, more: str,
) -> None:  # fmt: skip
    person, at = getattr(company, who), now - ago * DAY
    other = company.bo if who == "ana" else company.ana
    attribution = "customer" if more == "no-company" else "company"
    stage = "stay" if severity > 2 else "arrival"
    case = make_case(person, customer=name, severity=severity, attribution=attribution, journey_stage=stage, now=at)
    if severity == 4 and case.customer_id:
        set_segment(customer_id=case.customer_id, segment="regular", actor=command("test"), now=at)
    if more.startswith("promise"):
        made = promises.make(
            case_id=case.id, what="A new room.", told_to=name, due_at=at + 8 * HOUR, keeper_id=None,
            actor=person.actor, now=at,
        )  # fmt: skip
        kept = at + (9 if more == "promise-broken" else 5) * HOUR
        promises.keep(promise_id=made.id, version=made.version, actor=person.actor, now=kept)
    if more in ("ask", "refused"):
        request = ask(person, case.id, pounds * 100, at + HOUR)
        decide(company.sam, request.id, "approved" if more == "ask" else "declined", at + 3 * HOUR)
    elif pounds:
        for minor in (pounds * 100, 13_000) if more == "twice" else (pounds * 100,):
            remedy = give(person, case.id, minor, now=at + HOUR)
            remedies.accept(remedy_id=remedy.id, actor=person.actor, now=at + 2 * HOUR)
    if more == "handed-over":
        cases.assign(case_id=case.id, owner_id=other.id, team_id=case.team_id, actor=person.actor, now=at + HOUR)
        person = other
    if more == "open":
        return
    end = at + 10 * HOUR
    cases.resolve(
        case_id=case.id, outcome="made_good", root_cause=cause, note="", actor=person.actor, now=end, version=None
    )
    if more == "wrote":
        dialogue.hear(case_id=case.id, text="And the bill?", channel="email", actor=customer("CU-1", 1), now=end + DAY)
    if csat is not None:
        survey = feedback.hand_out(case_id=case.id, actor=person.actor, now=end + HOUR)
        scores = Scores(csat=csat, nps=10 if csat > 3 else 7)
        feedback.answer(survey_id=survey.id, scores=scores, comment="", actor=customer("CU-1", 1), now=end + 2 * HOUR)
    if more == "again":
        found = db.session.scalars(select(FollowUp).where(FollowUp.case_id == case.id)).one()
        feedback.close_follow_up(
            follow_up_id=found.id, cause=cause, action="Called.", version=1, actor=person.actor, now=end + 5 * HOUR
        )
        cases.resolve(
            case_id=case.id, outcome="made_good", root_cause=cause, note="", actor=company.bo.actor, now=end + DAY
        )


_CASES = "FROM case_file c WHERE c.site_id IN ({sites}) AND c.resolved_at >= :since AND c.resolved_at < :until AND NOT c.historic"
_SURVEYS = "FROM survey s JOIN case_file c ON c.id = s.case_id WHERE s.site_id IN ({sites}) AND s.resolved_at >= :since"
_OLD = " AND s.resolved_at < :until AND {days:s.resolved_at::now} >= 30"
_AGAIN = (
    "(SELECT count(*) FROM case_event e WHERE e.case_id = s.case_id AND e.kind = 'reopened' AND e.at > s.resolved_at"
    " AND {days:s.resolved_at:e.at} <= %d)"
)
_OTHER = (
    "(SELECT count(*) FROM case_file o WHERE o.customer_id = s.customer_id AND o.id <> s.case_id AND NOT o.historic AND"
    " o.severity > 0 AND o.received_at > s.resolved_at AND {days:s.resolved_at:o.received_at} <= 30%s)"
)
_ALIKE = " AND (o.root_cause = c.root_cause OR (o.root_cause IS NULL AND o.category_id = c.category_id))"
_ASKED = "(SELECT count(*) FROM exception_request x WHERE x.case_id = c.id%s)"
_OWN = (
    "(SELECT count(*) FROM remedy r WHERE r.case_id = c.id AND r.nature = 'goodwill' AND r.exception_id IS NULL"
    " AND r.state NOT IN ('requested','withdrawn'))"
)
# name → (hit, rows): counted by another hand than the product's statements.
ORACLES: dict[str, tuple[str, str]] = {
    "discretion-utilisation": (f"{_OWN} > 0", f"{_CASES} AND c.severity >= 2 AND c.attribution = 'company'"),
    "own-authority": (f"{_ASKED % ''} = 0", f"{_CASES} AND c.severity <> 0"),
    "first-contact": (
        "(c.logged_by_id IS NULL OR c.logged_by_id = s.resolver_id)"
        f" AND {_ASKED % ' AND x.asked_at <= s.resolved_at'} + {_AGAIN % 7} + (SELECT count(*) FROM case_event e"
        " WHERE e.case_id = s.case_id AND e.at <= s.resolved_at AND (e.kind IN ('waiting','wrote') OR"
        " (e.kind = 'assigned' AND (e.about_id IS NULL OR e.about_id <> s.resolver_id)))) = 0",
        f"{_SURVEYS} AND s.resolved_at < :until AND {{days:s.resolved_at::now}} >= 7 AND s.round = 0",
    ),
    "autonomy": (
        "r.exception_id IS NULL",
        "FROM remedy r WHERE r.site_id IN ({sites}) AND r.created_at >= :since AND r.created_at < :until AND NOT r.historic"
        " AND r.nature = 'goodwill' AND r.amount_minor <> 0 AND r.state <> 'requested' AND r.state <> 'withdrawn'",
    ),
    "rubber-stamp": (
        "d.outcome = 'approved' AND d.amount_minor >= x.amount_minor",
        "FROM exception_decision d, exception_request x WHERE x.id = d.exception_id AND x.site_id IN ({sites})"
        " AND x.ended_at >= :since AND x.ended_at < :until AND x.state IN ('approved','declined')",
    ),
    "recovery": (
        "a.csat > 3",
        f"{_SURVEYS.replace('JOIN', 'JOIN survey_answer a ON a.survey_id = s.id JOIN', 1)} AND s.resolved_at < :until"
        " AND a.csat IS NOT NULL",
    ),
    "response": ("s.state = 'answered'", f"{_SURVEYS} AND s.resolved_at < :until AND s.sent_at IS NOT NULL"),
    "reopened": (f"{_AGAIN % 30} > 0", f"{_SURVEYS}{_OLD}"),
    "repeat-contact": (
        f"{_AGAIN.replace('reopened', 'wrote') % 30} + {_OTHER % ''} > 0",
        f"{_SURVEYS}{_OLD} AND s.customer_id IS NOT NULL",
    ),
    "double-deviation": (f"{_AGAIN % 30} + {_OTHER % _ALIKE} > 0", f"{_SURVEYS}{_OLD}"),
    "promise-kept": (
        "p.broken_at IS NULL AND p.kept_at IS NOT NULL",
        "FROM promise p WHERE p.site_id IN ({sites}) AND p.due_at >= :since AND p.due_at < :until AND p.due_at <= :now"
        " AND NOT (p.withdrawn_at IS NOT NULL AND p.withdrawn_at < p.due_at)",
    ),
    "told-before-miss": (
        "p.told_at <= p.due_at",
        "FROM promise p WHERE p.site_id IN ({sites}) AND p.due_at >= :since AND p.due_at < :until AND p.due_at <= :now"
        " AND p.broken_at IS NOT NULL",
    ),
    "follow-up": (
        "f.closed_at <= f.due_at",
        "FROM follow_up f WHERE f.site_id IN ({sites}) AND f.due_at >= :since AND f.due_at < :until AND f.due_at <= :now",
    ),
    "under-use": (
        "(SELECT count(*) FROM remedy r WHERE r.case_id = c.id AND r.nature = 'goodwill') = 0 AND (c.reopened_count > 0 OR"
        " c.id IN (SELECT case_id FROM follow_up)) AND 20 <= (SELECT count(*) FROM precedent p WHERE"
        " p.category_id = c.category_id AND p.severity = c.severity AND p.answer = 'accepted')",
        f"{_CASES} AND c.severity >= 3 AND c.attribution = 'company'",
    ),
}  # fmt: skip


def counted(name: str, part: Part, now: datetime) -> tuple[int, int]:
    """k and n of a measure as its oracle counts them."""
    return _rows(name, "0", part, now).get(0, (0, 0))


# Whose counts a case belongs to, of the measures that a review of one person shows.
PEOPLE = {
    "discretion-utilisation": "c.resolved_by_id", "recovery": "s.resolver_id", "double-deviation": "s.resolver_id",
    "promise-kept": "p.keeper_id",
}  # fmt: skip


def counted_by_person(name: str, part: Part, now: datetime) -> dict[int, tuple[int, int]]:
    """The same for each person."""
    return {who: counts for who, counts in _rows(name, PEOPLE[name], part, now).items() if who is not None}


def _rows(name: str, by: str, part: Part, now: datetime) -> dict[int, tuple[int, int]]:
    hit, rows = ORACLES[name]
    given = {"since": part.since, "until": part.until, "now": now}
    values: dict[str, Any] = given
    if db.engine.dialect.name == "sqlite":
        values = {key: f"{value:%Y-%m-%d %H:%M:%S.%f}" for key, value in given.items()}
    statement = _in_dialect(f"SELECT {by}, sum(CASE WHEN {hit} THEN 1 ELSE 0 END), count(*) {rows} GROUP BY {by}", part)
    if by == "0":
        statement = statement.removesuffix(" GROUP BY 0") + " HAVING count(*) > 0"
    found = db.session.execute(text(statement), {key: value for key, value in values.items() if f":{key}" in statement})
    return {who: (int(k), int(n)) for who, k, n in found}


def _in_dialect(statement: str, part: Part) -> str:
    """Put in the sites, and the days between two instants: {days:EARLIER:LATER}."""
    statement = statement.replace("{sites}", ",".join(map(str, part.site_ids)))
    while "{days:" in statement:
        head, _, rest = statement.partition("{days:")
        inside, _, tail = rest.partition("}")
        earlier, _, later = inside.partition(":")
        if db.engine.dialect.name == "sqlite":
            between = f"(julianday({later}) - julianday({earlier}))"
        else:
            later = f"CAST({later} AS timestamptz)" if later == ":now" else later
            between = f"(extract(epoch FROM {later} - {earlier}) / 86400)"
        statement = head + between + tail
    return statement
