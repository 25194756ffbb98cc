"""Which row a request falls under, the route that follows, and what keeps a draft from being published."""

from dataclasses import replace
from datetime import datetime

import pytest

from app.approvals.matrix_document_rules import Known, findings, rows_of
from app.approvals.matrix_rules import Ask, Candidate, MatrixRow, StepRule, can_be_staffed, route, row_for
from app.kernel.time import UTC

NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
ASK = Ask(
    "refund", 18_000, "GBP", site_id=1, team_id=2, category_id=3, asker_role="frontline", asker_title="Receptionist"
)
SAM = Candidate(3, 3, "supervisor", "Front office", 1, 2, "site")
MAX = Candidate(4, 4, "manager", "Hotel manager", 1, None, "company")
TOM = Candidate(5, 5, "supervisor", "", 9, None, "site")
ONE = (StepRule(("role:supervisor",)),)
TWO = (StepRule(("role:supervisor",)), StepRule(("role:manager",)))
LOW = MatrixRow("low", ONE, "GBP", 0, 20_000)
HIGH = MatrixRow("high", TWO, "GBP", 20_000, 500_000)
KNOWN = Known(
    roles={"supervisor", "manager"},
    asking_roles={"frontline"},
    titles={"Hotel manager", "Receptionist"},
    person_ids={3, 4},
    site_ids={1, 9},
    team_sites={2: 1},
    kinds={"refund"},
    category_ids={3},
)


@pytest.mark.parametrize(
    ("minor", "name", "is_beyond"),
    [(0, "low", False), (1, "low", False), (20_000, "low", False), (20_001, "high", False), (500_000, "high", False),
     (500_001, None, True)],
)  # fmt: skip
def test_a_band_begins_above_its_lower_end_and_holds_its_upper_one(minor: int, name: str, is_beyond: bool) -> None:
    row, beyond = row_for(replace(ASK, amount_minor=minor), (LOW, HIGH))
    assert (row.name if row else None, beyond) == (name, is_beyond)


@pytest.mark.parametrize(
    "change",
    [{"site_id": 1}, {"site_id": 1, "team_id": 2}, {"kinds": ("refund",)}, {"category_ids": (3,)},
     {"askers": ("title:receptionist",)}],
)  # fmt: skip
def test_the_more_particular_row_comes_first_wherever_it_stands(change: dict[str, object]) -> None:
    particular = replace(LOW, name="particular", **change)  # type: ignore[arg-type]
    for rows in ((LOW, particular), (particular, LOW)):
        assert row_for(ASK, rows) == (particular, False)
    other = {"site_id": 9, "team_id": 7, "kind": "points", "category_id": 8, "asker_title": "Cook"}
    assert row_for(replace(ASK, **other), (particular, LOW)) == (LOW, False)  # type: ignore[arg-type]


def test_where_no_row_speaks_one_supervisor_or_manager_decides_as_before() -> None:
    found = route(replace(ASK, currency="USD"), (LOW, HIGH), (SAM, MAX, TOM), NOW)
    assert [(step.needed, step.decider_ids) for step in found.steps] == [(1, (3, 4))]
    assert (found.row_name, found.key, found.is_staffed) == ("", "-|1", True)


def test_above_everything_and_a_row_without_steps_are_decided_by_nobody() -> None:
    assert route(replace(ASK, amount_minor=500_001), (LOW, HIGH), (SAM, MAX), NOW).is_beyond
    assert route(ASK, (MatrixRow("never", (), "GBP"),), (SAM, MAX), NOW).is_beyond


def test_nobody_with_a_part_in_it_is_named_in_any_step() -> None:
    found = route(
        replace(ASK, amount_minor=30_000), (LOW, HIGH), (SAM, MAX, replace(SAM, id=6, human=3)), NOW, barred=[3]
    )
    assert [step.decider_ids for step in found.steps] == [(), (4,)]
    assert not found.is_staffed


def test_steps_that_only_the_same_person_could_take_cannot_be_staffed() -> None:
    twice = (StepRule(("role:manager",)), StepRule(("title:hotel MANAGER", "person:4")))
    assert not route(ASK, (MatrixRow("twice", twice),), (SAM, MAX), NOW).is_staffed
    second = replace(MAX, id=7, human=4)
    assert not route(ASK, (MatrixRow("twice", twice),), (SAM, MAX, second), NOW).is_staffed
    assert route(ASK, (MatrixRow("twice", twice),), (SAM, MAX, replace(second, human=7)), NOW).is_staffed
    quorum = route(ASK, (MatrixRow("two of", (StepRule(("role:supervisor", "role:manager"), 2),)),), (SAM, MAX), NOW)
    assert quorum.is_staffed and can_be_staffed(quorum.steps, {3: 3, 4: 4})
    assert not can_be_staffed(quorum.steps, {3: 3, 4: 3})


def test_who_is_away_is_told_apart() -> None:
    step = route(ASK, (), (replace(SAM, is_away=True), MAX), NOW).steps[0]
    assert (step.decider_ids, step.away_ids, step.present_ids) == ((3, 4), (3,), (4,))


def test_rows_come_back_from_the_store_as_they_went_in() -> None:
    row = MatrixRow("all", TWO, "GBP", 1, 2, 1, 2, ("refund",), (3,), ("goodwill",), ("role:frontline",))
    assert rows_of([row.json(), HIGH.json()]) == (row, HIGH)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (replace(LOW, name=" "), "no-name"),
        (replace(LOW, currency=None), "no-currency"),
        (replace(LOW, above_minor=20_000), "bad-band"),
        (replace(LOW, site_id=8), "unknown-site"),
        (replace(LOW, site_id=9, team_id=2), "team-elsewhere"),
        (replace(LOW, kinds=("gold",)), "unknown-kind"),
        (replace(LOW, category_ids=(8,)), "unknown-category"),
        (replace(LOW, natures=("mood",)), "unknown-nature"),
        (replace(LOW, askers=("role:auditor",)), "unknown-asker"),
        (replace(LOW, steps=ONE * 6), "too-many-steps"),
        (replace(LOW, steps=(StepRule(()),)), "empty-step"),
        (replace(LOW, steps=(StepRule(("role:manager",), 6),)), "bad-quorum"),
        (replace(LOW, steps=(StepRule(("role:frontline",)),)), "unknown-who"),
        (replace(LOW, steps=(StepRule(("person:1",)),)), "unknown-who"),
    ],
)
def test_what_is_wrong_with_a_row_is_found(row: MatrixRow, code: str) -> None:
    assert [finding.code for finding in findings([row], KNOWN)] == [code]


def test_rows_may_touch_but_not_overlap_unless_they_speak_of_other_things() -> None:
    assert findings([LOW, HIGH], KNOWN) == []
    wide = replace(HIGH, above_minor=19_999)
    assert [(one.place, one.code, one.about) for one in findings([LOW, wide], KNOWN)] == [(1, "overlap", "low")]
    assert findings([LOW, replace(wide, site_id=1)], KNOWN) == []
