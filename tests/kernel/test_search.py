"""The word index: what is typed never is an operator, and both databases find the same."""

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cases.models import CASE_SEARCH
from app.kernel import search
from app.kernel.search import WORD_LENGTH_MAX, fold, words_of
from app.kernel.transactions import transaction
from tests.counts import examples


@pytest.mark.parametrize(
    ("body", "folded"),
    [
        ("Zoë’s step-free", "zoe s step free"),
        ("cleo@example.org", "cleo example org"),
        ("£12.50 AC/DC", "12 50 ac dc"),
        ("snake_case \x00 end", "snake case end"),
        ("STRASSE straße", "strasse strasse"),
        ("", ""),
        ("🙂 — …", ""),
    ],
)
def test_a_text_is_folded_to_plain_words(body: str, folded: str) -> None:
    assert fold(body) == folded


def test_a_term_has_at_most_eight_words_of_bounded_length() -> None:
    assert len(words_of("a b c d e f g h i j")) == 8
    assert max(map(len, words_of("x" * 500))) == WORD_LENGTH_MAX


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(body: str) -> None:
    assert fold(fold(body)) == fold(body)


def put(*bodies: str, first: int = 1) -> None:
    with transaction():
        CASE_SEARCH.put(list(enumerate(bodies, first)), new=True)


def test_every_whole_word_and_the_beginning_of_the_last_are_found_newest_first(app: Flask) -> None:
    put("air conditioning failed", "air bag lost", "the air was conditioned")
    assert CASE_SEARCH.find("air", limit=9) == [3, 2, 1]
    assert CASE_SEARCH.find("air", limit=2) == [3, 2]
    assert CASE_SEARCH.find("AIR condit", limit=9) == [3, 1]
    assert CASE_SEARCH.find("condit air", limit=9) == []
    assert CASE_SEARCH.find("air", limit=9, among=[1, 2]) == [2, 1]
    assert CASE_SEARCH.find("air", limit=9, among=[]) == []


def test_a_search_for_a_common_word_stays_within_the_words_that_it_is_given(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("site1only lamp", "site2only lamp", "siteeveryonly lamp")
    assert CASE_SEARCH.find("lamp", limit=9, within=["site2only"]) == [3, 2, 1]  # rare: whoever asks filters
    monkeypatch.setattr(search, "PROBE", 2)
    assert CASE_SEARCH.find("lamp", limit=9, within=["site2only"]) == [2]
    assert CASE_SEARCH.find("lam", limit=9, within=["site1only", "siteeveryonly"]) == [3, 1]


def test_a_changed_text_is_found_by_its_new_words_alone(app: Flask) -> None:
    put("blue scarf")
    with transaction():
        CASE_SEARCH.put([(1, "red scarf")], new=False)
    assert CASE_SEARCH.find("blue", limit=9) == []
    assert CASE_SEARCH.find("red", limit=9) == [1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(1_000, 60), deadline=None)
@given(st.text(max_size=80))
def test_any_text_may_be_searched_for(app: Flask, term: str) -> None:
    assert CASE_SEARCH.find(term, limit=5) == []
    assert CASE_SEARCH.find(term, limit=5, within=["site1only"]) == []
    assert CASE_SEARCH.find(term, limit=5, among=[1]) == []


@pytest.mark.parametrize(
    "term", ['"', "' OR 1=1", "AND OR NOT", "(((", "*", "NEAR(a b)", "a:b", ":*", "&|!", "\\", "%", "--"]
)
def test_operators_are_only_words(app: Flask, term: str) -> None:
    put("nothing of that kind")
    assert CASE_SEARCH.find(term, limit=5) in ([], [1])
