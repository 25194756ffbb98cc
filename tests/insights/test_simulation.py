"""The simulator on a real past: it agrees with what enforcement answered, and it writes nothing."""

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.insights import simulation_queries as queries
from app.insights.equity_rules import Groups, gaps, newcombe_interval
from app.kernel.database import Base, db
from app.kernel.time import utc_now
from app.people.queries import PersonRow
from app.policies import queries as policies
from app.remedies.rules import NeedsApproval, Refused
from tests.cases.builders import make_case
from tests.insights.past import CAP, INCIDENT, draft_of, live_a_week, live_under_every_unit, rules_now, small_policy
from tests.people.builders import Company, make_company, sign_in
from tests.remedies.builders import give

# What a page or a command says doesn't depend on the database; the queries behind it are tried on both.
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


@pytest.fixture
def start(company: Company) -> datetime:
    return live_a_week(company)


def span_of(company: Company, start: datetime) -> queries.Span:
    return queries.Span(start, utc_now(), (company.quayside.id,))


def url_of(version_id: int, start: datetime, **more: str) -> str:
    dates = f"from={start - timedelta(days=1):%Y-%m-%d}&to={utc_now():%Y-%m-%d}"
    return f"/policies/PO-{version_id}/simulation?{dates}" + "".join(f"&{key}={value}" for key, value in more.items())


def page(app: Flask, person: PersonRow, url: str) -> tuple[int, str]:
    answer = sign_in(app.test_client(), person).get(url)
    return answer.status_code, answer.get_data(as_text=True)


def test_a_replay_gives_every_recorded_answer_again_and_an_equal_draft_differs_in_nothing(
    company: Company, start: datetime
) -> None:
    twin = policies.rules_of(draft_of(rules_now()))
    for against in (rules_now(), None):
        result = queries.simulate(twin, span_of(company, start), against=against)
        assert result.faithful == (12, 12)
        assert (result.then.allowed, result.then.needs_approval, result.then.refused) == (8, 4, 0)
        assert result.changed == 0
        assert set(result.spend_change.values()) == {0}
        assert (result.waiting.net_seconds, result.cases, result.changes) == (0, 0, ())
        # 9,000 + 11,000 + 15,000 settled, 5,000 + 20,000 + 12,000 held, 20,000 settled, 500 held
        assert result.then.spend == result.after.spend == {"GBP": 92_500}


def test_windows_of_every_unit_and_counts_are_rebuilt_as_enforcement_had_them(company: Company) -> None:
    start, kept = live_under_every_unit(company)
    result = queries.simulate(rules_now(), span_of(company, start), against=rules_now())
    assert result.faithful == (kept, kept)
    assert result.changed == 0
    assert min(result.then.allowed, result.then.needs_approval) >= 4


def test_a_wider_draft_frees_what_fits_and_says_what_that_costs_and_saves(company: Company, start: datetime) -> None:
    draft = policies.rules_of(draft_of(rules_now(), incident=40_000, customer_days=50_000, employee_month=200_000))
    result = queries.simulate(draft, span_of(company, start), against=rules_now())
    # Freed: Cleo's 15,000 (waited 1 h), the part of 15,000 that became 12,000 (3 h), and the 25,000 that still waits.
    assert result.shifts == {"freed": 3, "restrained": 0, "refused": 0, "opened": 0}
    assert result.spend_change == {"GBP": 3_000 + 25_000}
    assert (result.waiting.saved_seconds, result.waiting.saved_measured) == (4 * 3_600, 2)
    assert (result.waiting.saved_unmeasured, result.waiting.net_seconds) == (1, None), "one wait can't be told"
    assert result.roles == {"frontline": {"freed": 3}}
    assert (result.cases, result.customers) == (3, 3)


def test_a_narrower_draft_says_who_would_have_to_ask_and_what_would_be_refused(
    company: Company, start: datetime
) -> None:
    rules = [rule for rule in rules_now() if rule.unit != "employee_month"]
    narrow = policies.rules_of(draft_of(tuple(rules), incident=10_000))
    result = queries.simulate(narrow, span_of(company, start), against=rules_now())
    assert result.shifts["restrained"] == 6
    assert result.spend_change == {"GBP": 0}, "whoever is asked is taken to approve"
    nobody = queries.simulate(rules_now()[-1:], span_of(company, start), against=rules_now())
    assert nobody.after.refused == 12
    assert nobody.spend_change == {"GBP": -92_500}


def test_the_simulator_writes_nothing(app: Flask, company: Company, start: datetime) -> None:
    draft = draft_of(rules_now(), incident=40_000)
    client = sign_in(app.test_client(), company.max)
    client.get("/policies")
    seen: list[str] = []

    def watch(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement.lstrip().split()[0].upper())

    def rows() -> dict[str, int]:
        return {
            name: db.session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }

    before = rows()
    event.listen(db.engine, "before_cursor_execute", watch)
    try:
        assert client.get(url_of(draft, start)).status_code == 200
        queries.simulate(rules_now(), span_of(company, start), against=None)
    finally:
        event.remove(db.engine, "before_cursor_execute", watch)
    assert set(seen) <= {"SELECT", "BEGIN"}, set(seen)
    assert rows() == before


@one_database
def test_the_page_shows_what_differs_and_keeps_a_mistake_with_its_words(
    app: Flask, company: Company, start: datetime
) -> None:
    draft = draft_of(rules_now(), incident=40_000, customer_days=50_000, employee_month=200_000)
    code, body = page(app, company.sam, url_of(draft, start))
    assert code == 200
    for words in ("3 of 12", "12 of 12", "MG-2", "No approval any more", "+£280.00", "can&#39;t tell"):
        assert words in body, words
    main = body.split('id="main"')[1]
    assert not any(name in main for name in ("Ana Ruiz", "Bo Lindgren", "Sam Okafor")), "nobody is named"
    assert "3 of 12" not in page(app, company.sam, url_of(draft, start, shift="refused"))[1].split('id="cases"')[1]
    code, body = page(app, company.sam, f"/policies/PO-{draft}/simulation?from=2026-02-01&to=2026-01-01")
    assert code == 422
    assert "before the beginning" in body
    assert 'value="2026-02-01"' in body
    assert page(app, company.sam, f"/policies/PO-{draft}/simulation?from=x&to=2026-01-01")[0] == 422


@one_database
def test_who_may_try_a_policy_and_on_which_places(app: Flask, company: Company, start: datetime) -> None:
    draft = draft_of(rules_now(), incident=40_000, customer_days=50_000, employee_month=200_000)
    assert company.tom
    codes = {who: page(app, getattr(company, who), url_of(draft, start))[0] for who in ("ana", "hana", "audra", "ada")}
    assert codes == {"ana": 403, "hana": 200, "audra": 200, "ada": 200}
    code, body = page(app, company.tom, url_of(draft, start, site=str(company.quayside.id)))
    assert (code, "Nobody asked for anything" in body) == (200, True), "a stranger's site isn't theirs to replay"
    assert 'href="/cases/MG-' not in page(app, company.hana, url_of(draft, start))[1], "figures, never single cases"
    assert page(app, company.max, "/policies/PO-999/simulation")[0] == 404


@one_database
def test_the_command_gives_the_same_answer_for_a_version_and_for_its_file(
    app: Flask, company: Company, start: datetime, tmp_path: object
) -> None:
    draft = draft_of(rules_now(), incident=40_000, customer_days=50_000, employee_month=200_000)
    number = next(row.number for row in policies.versions() if row.id == draft)
    since = f"{start - timedelta(days=1):%Y-%m-%d}"
    runner = app.test_cli_runner()
    found = runner.invoke(args=["policy", "simulate", str(number), "--from", since, "--json"])
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    assert (said["asked"], said["changed"], said["shifts"]["freed"]) == (12, 3, 3)
    assert said["replayed_as_recorded"] == {"count": 12, "of": 12}
    words = runner.invoke(args=["policy", "simulate", f"PO-{draft}", "--from", since, "--site", "QUAY"])
    assert "3 of 12 answers differ" in words.stdout
    nine = f"{utc_now():%Y-%m-%d}"
    few = json.loads(runner.invoke(args=["policy", "simulate", str(number), "--from", nine, "--json"]).stdout)
    assert few["asked"] == 0 and few["changed"] is few["after"] is few["equity"] is few["affected"] is None
    for wrong in (["999"], ["no-such-file.yaml"], [str(number), "--from", "2026-02-02", "--to", "2026-02-01"]):
        assert runner.invoke(args=["policy", "simulate", *wrong]).exit_code == 2


def test_newcombe_has_the_worked_value_of_its_source() -> None:
    low, high = newcombe_interval(56, 70, 48, 80)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_a_gap_is_said_only_when_the_interval_says_so() -> None:
    assert [gap.verdict for gap in gaps({"en": (9, 9), "de": (1, 9)})] == ["too_few"]
    assert [gap.verdict for gap in gaps({"en": (12, 20), "de": (10, 20)})] == ["cannot_tell"]
    assert [gap.verdict for gap in gaps({"en": (90, 100), "de": (60, 100)})] == ["gap"]
    assert [gap.group for gap in gaps({"a": (1, 30), "b": (25, 40), "c": (9, 35)})] == ["b", "c", "a"], (
        "by n, not by rank"
    )


def test_amounts_are_compared_within_a_currency_and_few_are_not() -> None:
    groups = Groups()
    for number in range(40):
        groups.add("en", True, "GBP", 10_000 + number)
        groups.add("de", True, "GBP", 20_000 + number)
        groups.add("ja", True, "JPY", 30_000)
    for _one in range(9):
        groups.add("fr", True, "GBP", 15_000)
    found = {(gap.group, gap.currency): gap for gap in groups.amount_gaps()}
    assert ("ja", "JPY") not in found, "alone in its currency"
    assert found["fr", "GBP"].verdict == "too_few"
    assert found["de", "GBP"].verdict == found["en", "GBP"].verdict == "gap"
    ratio = found["de", "GBP"].ratio
    assert ratio is not None
    assert 1.8 < ratio < 1.95, "against the others, some of whom got 15,000"


def test_only_alike_cases_that_both_sides_have_are_counted() -> None:
    groups = Groups()
    for _one in range(9):
        groups.add("en", True, "GBP", 10_000, stratum="noise")
        groups.add("de", True, "GBP", 10_000, stratum="billing")
    groups.add("en", True, "GBP", 20_000, stratum="safety")
    groups.add("de", True, "GBP", 10_000, stratum="safety")
    (gap,) = groups.amount_gaps()
    assert (gap.verdict, gap.count, gap.rest_count, gap.low) == ("too_few", 1, 1, None), "one gift against one"


def test_what_the_policy_refused_is_replayed_and_a_draft_that_opens_it_gives_it(company: Company) -> None:
    """Of a case's refused attempts the last counts, and none where something was given afterwards."""
    start = utc_now() - timedelta(days=5)
    small_policy(now=start - timedelta(days=1))
    first, second, third = (make_case(company.ana, customer=name, now=start).id for name in ("A", "B", "C"))
    for hours, (case_id, minor) in enumerate(
        ((first, CAP + 500), (first, CAP + 100), (second, CAP + 1), (third, CAP + 9))
    ):
        with pytest.raises(Refused):
            give(company.ana, case_id, minor, now=start + timedelta(hours=hours))
    give(company.ana, second, 5_000, now=start + timedelta(hours=9))
    with pytest.raises(NeedsApproval):  # not refused: somebody could approve it, and asking is on record by itself
        give(company.ana, third, INCIDENT + 1, now=start + timedelta(hours=9))
    span = span_of(company, start)
    assert queries.count(span) == 3
    same = queries.simulate(rules_now(), span, against=None)
    assert (same.then.refused, same.after.refused, same.changed, same.faithful) == (2, 2, 0, (3, 3))
    assert same.then.spend == {"GBP": 5_000}
    wide = policies.rules_of(
        draft_of(rules_now(), incident=CAP + 100, customer_days=2 * CAP, employee_month=9 * CAP, cap=2 * CAP)
    )
    opened = queries.simulate(wide, span, against=rules_now())
    assert (opened.shifts["opened"], opened.after.spend["GBP"]) == (2, 5_000 + CAP + 100 + CAP + 9)
    assert [change.after.outcome for change in opened.changes] == ["allowed", "allowed"]
    tight = queries.simulate(policies.rules_of(draft_of(rules_now(), cap=2 * CAP)), span, against=rules_now())
    assert [change.after.outcome for change in tight.changes] == ["needs_approval", "needs_approval"]
    assert tight.after.spend["GBP"] == 5_000 + CAP + 100 + CAP + 9, "whoever is asked is taken to say yes"
