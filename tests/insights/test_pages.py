"""The page of figures: counts agree with the cases, scope holds, few stay few, and queries don't grow."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.approvals import actions as approvals
from app.cases import actions as cases
from app.insights import queries
from app.insights.rules import PERIODS
from app.kernel.database import db
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.sla.models import Clock
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import Company, make_company, sign_in


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def resolved(
    person: PersonRow, now: datetime, *, asked_minutes: int | None = None, decider: PersonRow | None = None
) -> None:
    case = make_case(person, now=now)
    if asked_minutes is not None:
        assert decider is not None
        request = make_request(person, case=case, now=now)
        approvals.decide(
            exception_id=request.id,
            outcome="approved",
            amount=None,
            reason="",
            actor=decider.actor,
            now=now + timedelta(minutes=asked_minutes),
        )
    cases.resolve(
        case_id=case.id,
        outcome="made_good",
        root_cause="process",
        note="Done.",
        actor=person.actor,
        now=now + timedelta(minutes=90),
    )


def fill(company: Company, count: int, asked: int) -> None:
    start = utc_now() - timedelta(days=5)
    for number in range(count):
        minutes = number + 1 if number < asked else None
        resolved(company.ana, start + timedelta(minutes=number), asked_minutes=minutes, decider=company.sam)


def page(app: Flask, person: PersonRow, url: str = "/insights") -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).get(url)
    return answer.status_code, answer.get_data(as_text=True)


def test_the_figures_agree_with_the_cases(app: Flask, company: Company) -> None:
    fill(company, 14, 11)
    part = queries.part_of((company.quayside.id,), None, PERIODS[1], utc_now())
    own = queries.own_authority(part)[None]
    assert (own.successes, own.trials) == (3, 14)
    found = queries.wait_percentiles(queries.waits(part))[None]
    assert (found[0].value, found[1].value, found[0].count) == (6 * 60, 10 * 60, 11)
    assert queries.outcomes(part) == {"approved": 11}
    code, body = page(app, company.sam)
    assert code == 200
    for words in ("3 of 14", "21%", "6 m", "10 m", "11 answers", "Not for:", "Front desk"):
        assert words in body.replace("\xa0", ""), words


def test_few_cases_say_too_few_instead_of_a_share(app: Flask, company: Company) -> None:
    fill(company, 9, 2)
    body = page(app, company.sam)[1]
    assert "too few" in body
    assert "9: too few to say" in body and "7 of 9" not in body  # k beside n would be the share that is not to be said


def test_no_person_is_named_among_the_figures(app: Flask, company: Company) -> None:
    fill(company, 10, 3)
    body = page(app, company.max)[1].split('id="main"')[1].split("<footer")[0]
    for name in ("Ana", "Bo Lindgren", "Okafor"):
        assert name not in body


def test_a_supervisor_elsewhere_sees_their_own_site_only(app: Flask, company: Company) -> None:
    fill(company, 3, 1)
    assert company.tom
    code, body = page(app, company.tom, f"/insights?site={company.quayside.id}")
    assert code == 200
    assert "of 3" not in body
    assert "Air conditioning" not in page(app, company.tom, f"/insights/cases/own?site={company.quayside.id}")[1]


@pytest.mark.parametrize(
    ("who", "figures", "behind"),
    [("max", 200, 200), ("hana", 200, 403), ("audra", 200, 200), ("ana", 403, 403), ("ada", 403, 403)],
)
def test_who_may_read_figures_and_who_the_cases_behind(
    app: Flask, company: Company, who: str, figures: int, behind: int
) -> None:
    assert page(app, getattr(company, who))[0] == figures
    assert page(app, getattr(company, who), "/insights/cases/late")[0] == behind


@pytest.mark.parametrize("measure", queries.MEASURES)
def test_the_list_behind_a_figure_has_as_many_cases(app: Flask, company: Company, measure: str) -> None:
    fill(company, 5, 2)
    make_case(company.ana, now=utc_now() - timedelta(days=30))
    counts = {"own": 3, "exception": 2, "asked": 2}
    code, body = page(app, company.sam, f"/insights/cases/{measure}")
    assert code == 200
    if measure in counts:
        assert body.count("Air conditioning failed") == counts[measure]
    elif measure == "late":
        late = db.session.scalar(select(func.count()).where(Clock.stopped_at.is_(None), Clock.due_at < utc_now()))
        assert body.count("Air conditioning failed") == late
    assert page(app, company.sam, "/insights/cases/nonsense")[0] == 404


@pytest.mark.parametrize(
    "query", ["?period=x&site=abc&team=-1", "?team=99999", "?period=365d", "?site=1&team=1&period=7d"]
)
def test_filters_that_mean_nothing_are_ignored(app: Flask, company: Company, query: str) -> None:
    assert page(app, company.max, f"/insights{query}")[0] == 200


def test_the_number_of_queries_is_bounded_and_does_not_grow(
    app: Flask, company: Company, statements: list[str]
) -> None:
    client = sign_in(app.test_client(), company.max)
    client.get("/insights")
    statements.clear()
    client.get("/insights")
    few = len(statements)
    assert few <= 15
    fill(company, 12, 3)
    statements.clear()
    client.get("/insights")
    assert len(statements) <= few
