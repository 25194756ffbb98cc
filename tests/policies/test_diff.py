"""What changed between two versions, by clause."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from app.policies.diff_rules import difference
from app.policies.document_rules import Clause, Document
from tests.counts import examples
from tests.policies.test_checks import CAP, document, row
from tests.policies.test_files import documents


@settings(max_examples=examples(1_000))
@given(documents)
def test_a_document_doesnt_differ_from_itself_in_whatever_order(one: Document) -> None:
    assert difference(one, one).is_empty
    turned = difference(one, one.with_rules(reversed(one.rules)))
    assert (turned.is_empty, turned.kept_count) == (True, len(one.rules))


@settings(max_examples=examples(1_000))
@given(documents, documents, st.data())
def test_every_rule_of_both_sides_is_kept_changed_added_or_removed(
    one: Document, other: Document, data: st.DataObject
) -> None:
    there, back = difference(one, other), difference(other, one)
    assert there.kept_count + there.count("changed") + there.count("added") == len(other.rules)
    assert there.kept_count + there.count("changed") + there.count("removed") == len(one.rules)
    assert (there.count("added"), there.count("removed")) == (back.count("removed"), back.count("added"))


def test_a_limit_that_moved_is_a_change_with_old_and_new() -> None:
    change = difference(document(row(), CAP), document(CAP, row(limit_minor=30_000))).clauses[0].changes[0]
    assert change.before is not None and change.after is not None
    assert (change.kind, change.parts, change.before.limit_minor, change.after.limit_minor, change.ratio) == (
        "changed", ("limit_minor",), 20_000, 30_000, 1.5,
    )  # fmt: skip


def test_a_rule_with_another_scope_under_its_clause_is_a_change_and_not_two() -> None:
    found = difference(document(row()), document(row(severity_min=2)))
    assert [(one.kind, one.parts) for one in found.clauses[0].changes] == [("changed", ("severity_min",))]
    other = difference(document(row()), document(row(role="manager", unit="remedy")))
    assert sorted(one.kind for one in other.clauses[0].changes) == ["added", "removed"]


def test_clauses_stand_in_the_order_in_which_people_count_and_their_words_are_compared() -> None:
    before = replace(document(), clauses=(Clause("4.2", "One"), Clause("4.10", "Ten")))
    after = replace(document(), title="Other", clauses=(Clause("4.2", "Two"),))
    found = difference(before, after)
    assert [(clause.code, clause.words_changed) for clause in found.clauses] == [("4.2", True), ("4.10", True)]
    assert found.words == (("title", "Policy", "Other"),)
