"""Every share equals the same figure counted by another hand in SQL, and what lies behind it is what it counts."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases import actions as cases
from app.feedback import actions as feedback
from app.feedback.models import FollowUp
from app.insights import band_queries, figure_queries, risk_figures, room_queries
from app.insights import measure_queries as measures
from app.insights.measures import MEASURES
from app.insights.queries import Part
from app.kernel.database import db
from app.kernel.paging import Page
from tests.insights import figure_oracles
from tests.insights.recoveries import ORACLES, PEOPLE, counted, counted_by_person, live_some_weeks
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy


def test_every_share_equals_sql_by_another_hand_and_its_parts_add_up(app: Flask) -> None:
    company = make_company()
    now = live_some_weeks(company)
    part = Part((company.quayside.id,), None, now - timedelta(days=90), now)
    found = {}
    for name in ORACLES:
        tally = measures.tally(name, part, now)
        k, n = found[name] = (tally.total.k, tally.total.n)
        assert (k, n) == counted(name, part, now), name
        assert (measures.total(name, part, now).successes, measures.total(name, part, now).trials) == (k, n)
        for group in ("stage", "cause", "segment", "site_id"):
            groups = measures.by(group, name, part, now)
            assert (sum(one.successes for one in groups.values()), sum(one.trials for one in groups.values())) == (k, n)
        behind = [measures.behind(name, part, now, Page(size=200), hit=hit).rows for hit in (True, False)]
        assert [len(rows) for rows in behind] == [k, n - k], name
        assert sum(counts.n for counts in tally.people.values()) <= n
        if name in PEOPLE:
            people = {who: (counts.k, counts.n) for who, counts in tally.people.items()}
            assert people == counted_by_person(name, part, now), name
    # Told by STORIES, so that the oracle can't be wrong in the same way.
    assert found["discretion-utilisation"] == (8, 12)
    assert found["first-contact"] == (8, 14)
    assert found["autonomy"] == (10, 12)
    assert found["recovery"] == (8, 12)
    assert found["rubber-stamp"] == (1, 2)
    assert found["promise-kept"] == (2, 3)
    assert found["reopened"] == (3, 15)
    assert found["double-deviation"] == (4, 15)
    assert found["repeat-contact"] == (2, 15)
    assert found["follow-up"] == (1, 3)
    _bands_add_up_and_lead_to_their_cases(part, now)
    others = equals_its_oracles(part, now)
    assert others["waiting-sum"] == {"all": (2, None)} and others["exceptions"] == {
        "approved": (1, 1),
        "declined": (1, 1),
    }


def _bands_add_up_and_lead_to_their_cases(part: Part, now: datetime) -> None:
    for name in band_queries.TABLES:
        bands, whole = band_queries.by_band(name, part, now), measures.total(name, part, now)
        assert (sum(one.successes for one in bands.values()), sum(one.trials for one in bands.values())) == (
            whole.successes, whole.trials,
        )  # fmt: skip
        for band, one in bands.items():
            assert band_queries.band_of_key(band.key) == band
            assert len(measures.behind(name, part, now, Page(size=200), band=band).rows) == one.trials
    assert band_queries.band_of_key("refund:GBP:1-2") is None and band_queries.band_of_key("all") is None


def equals_its_oracles(part: Part, now: datetime) -> dict[str, figure_oracles.Known]:
    """Every figure that is no plain share, against rows read and added up by another hand; returns what was compared."""
    found = {}
    for name, work_out in figure_oracles.FIGURES.items():
        wanted = found[name] = work_out(part, now)
        # Without groups where the oracle has none; a segment's figures all stand in its own.
        shown = {one.key: one for one in figure_queries.figures(name, part, now)}
        assert set(wanted) <= set(shown) or all(n == 0 for n, *_ in wanted.values()), (name, set(wanted) ^ set(shown))
        for key, (n, value, *bounds) in wanted.items():
            if key in shown:
                one = shown[key]
                assert (one.n, one.value) == (n, value if value is None else pytest.approx(value, rel=1e-6)), (
                    name,
                    key,
                )
                assert not bounds or (one.low, one.high) == pytest.approx(tuple(bounds), abs=1e-9), (name, key)
                assert one.low is None or one.high is None or one.value is None or one.low <= one.value <= one.high
    assert set(MEASURES) == {*ORACLES, *figure_oracles.FIGURES}, "every measure has an oracle"
    return found


def test_who_left_room_unused_while_it_ended_badly_is_found_and_nobody_without_such_cases(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = make_company()
    now = live_some_weeks(company)
    part = Part((company.quayside.id,), None, now - timedelta(days=90), now)
    assert measures.tally("under-use", part, now).total.k == 0, "fewer than 20 precedents say nothing"
    monkeypatch.setattr(room_queries, "COUNT_MIN", 5)
    # Bea Lund's reopened case is open still; of Kim Vale's kind nobody ever got anything. So Bea's is resolved again.
    case_id = db.session.scalars(select(FollowUp.case_id).order_by(FollowUp.id)).first()
    follow_up = db.session.scalars(select(FollowUp).where(FollowUp.case_id == case_id)).one()
    feedback.close_follow_up(
        follow_up_id=follow_up.id, cause="equipment", action="Called.", version=1, actor=company.bo.actor, now=now
    )
    cases.resolve(
        case_id=follow_up.case_id, outcome="explained", root_cause="equipment", note="", actor=company.bo.actor, now=now
    )
    part = Part(part.site_ids, None, part.since, now + timedelta(days=1))
    found = measures.tally("under-use", part, part.until)
    assert {person: counts.k for person, counts in found.people.items()} == {company.ana.id: 0, company.bo.id: 1}
    assert company.sam.id not in found.people
    assert [row.id for row in measures.behind("under-use", part, part.until, Page(), hit=True).rows] == [case_id]
    publish_policy(
        [{"role": "frontline", "currency": "GBP", "unit": "incident", "limit_minor": 100, "clause": "1"}], now=now
    )
    assert measures.tally("under-use", part, part.until).total.k == 0, "what similar cases got was out of reach"


def test_every_measure_says_what_it_is_and_what_it_must_not_be_used_for() -> None:
    assert set(measures.SHARES) <= set(MEASURES)
    assert {name for name, one in MEASURES.items() if one.in_review} == set(PEOPLE)
    for name, one in MEASURES.items():
        assert one.name == name and all(str(words) for words in (one.words, one.definition, one.formula, one.not_for))
        assert one.source and (one.unit == "count" or one.n_min >= 10)
        assert not one.in_review or one.credited_to


def test_no_source_names_a_paper_that_only_its_makers_have() -> None:
    """A page, the API and a file print the registry's source as it stands; a newcomer reads the code."""
    ours = re.compile(r"domain anchors|domain\.md|design\.md|design,? §|\brow \d+$|§", re.I)
    for one in [*MEASURES.values(), *risk_figures.MEASURES.values()]:
        assert not ours.search(one.source), one.name
        assert one.source.startswith("Makegood's own definition") or re.match(r"[A-Z][A-Za-z ]+,? ", one.source), (
            one.name
        )
    root = Path(__file__).parents[2]
    papers = re.compile(r"domain anchors|\b(domain|design)(\.md|,? §)", re.I)
    read = [
        path for top in ("app", "docs") for path in (root / top).rglob("*") if path.suffix in {".py", ".html", ".md"}
    ]
    assert len(read) > 100 and not [path.name for path in read if papers.search(path.read_text("utf-8"))]
