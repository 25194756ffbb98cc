"""A policy as a YAML file: nothing is lost on the way, and every mistake names its line."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.money import NO_CURRENCY
from app.policies.document_rules import Clause, Document, document_of
from app.policies.known_rules import Known, KnownCategory, KnownKind, KnownSite, KnownTeam
from app.policies.rules import UNITS, Rule
from app.policies.yaml_rules import SIZE_MAX, BadPolicyFile, dump, load
from tests.counts import examples

KNOWN = Known(
    sites={1: KnownSite(1, "LON", "London", "GBP"), 2: KnownSite(2, "TYO", "Tokyo", "JPY")},
    teams={7: KnownTeam(7, 1, "Front desk"), 8: KnownTeam(8, 2, "Front desk: night")},
    kinds={"refund": KnownKind("refund", "Refund"), "repair": KnownKind("repair", "Repair", monetary=False)},
    categories={5: KnownCategory(5, "room", "Room"), 6: KnownCategory(6, "on", "On")},
)

SMALL = """\
format: makegood-policy/1
title: Small
clauses:
  4.10:
    title: One incident
rules:
- clause: 4.10
  role: frontline
  per: incident
  limit: 200.00 USD
"""

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.strip)
lines = st.lists(words, max_size=3).map("\n".join).map(str.strip)
codes = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=12)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))


@st.composite
def written_rules(draw: st.DrawFn) -> Rule:
    unit, count = draw(st.sampled_from(UNITS)), draw(st.booleans())
    low = draw(st.integers(0, 4))
    return Rule(
        id=1,
        role=draw(st.sampled_from([None, "frontline", "supervisor"])),
        site_id=draw(st.sampled_from([None, 1, 2])),
        team_id=draw(st.sampled_from([None, 7, 8])),
        level_min=draw(st.sampled_from([None, 1, 9])),
        certificate=draw(st.none() | codes),
        kind=draw(st.sampled_from([None, "refund", "no", "null", "1e3"])),
        category_id=draw(st.sampled_from([None, 5, 6])),
        severity_min=low,
        severity_max=draw(st.integers(low, 4)),
        segment=draw(st.none() | codes),
        unit=unit,
        days=draw(st.integers(2, 400)) if unit == "customer_days" else None,
        limit_minor=draw(st.integers(0, 10**9)),
        currency=NO_CURRENCY if count else draw(st.sampled_from(["USD", "JPY", "KWD"])),
        measure="count" if count else "amount",
        clause=draw(codes),
        hard=draw(st.booleans()),
        valid_from=draw(st.none() | instants),
        valid_to=draw(st.none() | instants),
    )


documents = st.builds(
    lambda title, source, rationale, clauses, rules: Document(title, source, rationale, clauses).with_rules(rules),
    words.map(lambda text: " ".join(text.split())).filter(bool),
    lines,
    lines,
    st.lists(st.builds(Clause, codes, words, lines), max_size=4, unique_by=lambda one: one.code).map(tuple),
    st.lists(written_rules(), min_size=1, max_size=6),
)


@settings(max_examples=examples(1_000))  # a document costs tens of milliseconds
@given(documents, st.none() | instants)
def test_what_is_written_is_read_back_the_same(document: Document, starts: datetime | None) -> None:
    read = load(dump(document, KNOWN, starts=starts), KNOWN)
    assert (read.document, read.starts) == (document, starts)
    assert len(read.lines) == len(document.rules)


@settings(max_examples=examples(1_000))
@given(documents)
def test_what_is_stored_is_read_back_the_same(document: Document) -> None:
    again = document_of(document.content)
    assert again == document
    assert again.hash == document.hash


def test_values_are_the_text_that_stands_there() -> None:
    read = load(SMALL, KNOWN)
    rule = read.document.rules[0]
    assert (rule.clause, rule.limit_minor, rule.currency, rule.severity_max) == ("4.10", 20_000, "USD", 4)
    assert read.document.clauses == (Clause("4.10", "One incident"),)
    assert read.lines == (7,)
    many = ("1000000000 remedies", 1_000_000_000)
    for said, minor in (("2,000 USD", 200_000), ("30000 JPY", 30_000), ("6 remedies", 6), ("1 remedy", 1), many):
        assert load(SMALL.replace("200.00 USD", said), KNOWN).document.rules[0].limit_minor == minor


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("format: makegood-policy/1", "format: other", 1, "format"),
        ("title: Small", "title:", 2, "title"),
        ("role: frontline", "roll: frontline", 8, "“roll”"),
        ("role: frontline", "clause: again", 8, "twice"),
        ("per: incident", "per: week", 9, "incident"),
        ("200.00 USD", "200", 10, "amount"),
        ("200.00 USD", "2.005 USD", 10, "decimals"),
        ("200.00 USD", "5 ZZZ", 10, "not known"),
        ("200.00 USD", "99999999999999 USD", 10, "too large"),
        ("role: frontline", "site: Paris", 8, "Paris"),
        ("role: frontline", "category: pool", 8, "pool"),
        ("role: frontline", "team: Front desk", 8, "team"),
        ("role: frontline", "severity: 4-2", 8, "severity"),
        ("role: frontline", "days: many", 8, "whole number"),
        ("role: frontline", "hard: maybe", 8, "true or false"),
        ("role: frontline", "from: yesterday", 8, "offset"),
        ("role: frontline", "role: [a]", 8, "single value"),
        ("role: frontline", "role: &a x", 8, "Anchors"),
        ("role: frontline", "role: !!python/name:os.system x", 8, "tags"),
        ("role: frontline", "role: 'frontline", 8, "YAML"),
        ("rules:", "rules: []\nother:", 7, "“other”"),
        ("title: Small", "title: Sm\x07all", 2, "character"),
    ],
)
def test_a_mistake_names_its_line(old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(BadPolicyFile) as caught:
        load(SMALL.replace(old, new, 1), KNOWN)
    problem = caught.value.problems[0]
    assert problem.line == line, problem
    assert words in problem.sentence


@pytest.mark.parametrize("text", ["", "[]", "just words", "- a\n- b", "[" * 5_000, "a: " * 3_000, "x" * (SIZE_MAX + 1)])
def test_what_is_no_policy_is_refused_whole(text: str) -> None:
    with pytest.raises(BadPolicyFile):
        load(text, KNOWN)


def test_every_mistake_is_told_at_once() -> None:
    wrong = SMALL.replace("per: incident", "per: week").replace("200.00 USD", "much")
    with pytest.raises(BadPolicyFile) as caught:
        load(wrong, KNOWN)
    assert [problem.line for problem in caught.value.problems] == [9, 10]


def test_a_rule_says_only_what_differs_from_anybody_and_anything() -> None:
    values: dict[str, Any] = {"site_id": None, "role": None, "clause": "1"}
    rule = replace(load(SMALL, KNOWN).document.rules[0], **values)
    text = dump(Document("T", clauses=(Clause("1"),)).with_rules([rule]), KNOWN)
    assert text.endswith("rules:\n- clause: '1'\n  per: incident\n  limit: 200.00 USD\n")
