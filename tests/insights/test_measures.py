"""Every share equals the same figure counted by another hand in SQL, and what lies behind it is what it counts."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases import actions as cases
from app.feedback import actions as feedback
from app.feedback.models import FollowUp
from app.insights import measure_queries as measures
from app.insights import room_queries
from app.insights.measures import MEASURES
from app.insights.queries import Part
from app.kernel.database import db
from app.kernel.paging import Page
from tests.insights.recoveries import ORACLES, counted, live_some_weeks
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
    for name, one in MEASURES.items():
        assert one.name == name and all(str(words) for words in (one.words, one.definition, one.formula, one.not_for))
        assert one.source and (one.unit == "count" or one.n_min >= 10)
        assert not one.in_review or one.credited_to
