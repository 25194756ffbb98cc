"""Every share equals the same figure counted by another hand in SQL, and what lies behind it is what it counts."""

from datetime import timedelta

from flask import Flask

from app.insights import measure_queries as measures
from app.insights.measures import MEASURES
from app.insights.queries import Part
from app.kernel.paging import Page
from tests.insights.recoveries import ORACLES, counted, live_some_weeks
from tests.people.builders import make_company


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


def test_every_measure_says_what_it_is_and_what_it_must_not_be_used_for() -> None:
    assert set(measures.SHARES) <= set(MEASURES)
    for name, one in MEASURES.items():
        assert one.name == name and all(str(words) for words in (one.words, one.definition, one.formula, one.not_for))
        assert one.source and (one.unit == "count" or one.n_min >= 10)
        assert not one.in_review or one.credited_to
