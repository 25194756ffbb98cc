"""The states of a case and what may follow what."""

import pytest

from app.cases import rules, words
from app.cases.checks import check_new, check_resolution, check_text
from app.kernel.errors import BadInput
from app.kernel.time import utc_now


@pytest.mark.parametrize(
    ("state", "deed", "after"),
    [
        ("open", "wait", "waiting"),
        ("open", "resolve", "resolved"),
        ("open", "resume", None),
        ("open", "reopen", None),
        ("open", "close", None),
        ("waiting", "wait", "waiting"),
        ("waiting", "resume", "open"),
        ("waiting", "resolve", "resolved"),
        ("waiting", "close", None),
        ("resolved", "reopen", "open"),
        ("resolved", "close", "closed"),
        ("resolved", "resolve", None),
        ("closed", "reopen", "open"),
        ("closed", "close", None),
        ("closed", "wait", None),
    ],
)
def test_a_deed_leads_to_one_state_or_is_refused(state: str, deed: str, after: str | None) -> None:
    assert rules.next_state(state, deed) == after
    assert (deed in rules.deeds(state)) is (after is not None)


def test_every_deed_leads_to_a_known_state() -> None:
    for state in rules.STATES:
        assert {rules.next_state(state, deed) for deed in rules.deeds(state)} <= set(rules.STATES)


def test_everything_that_can_be_chosen_has_words() -> None:
    assert tuple(words.STATE_WORDS) == rules.STATES
    assert tuple(words.CHANNEL_WORDS) == rules.CHANNELS
    assert tuple(words.STAGE_WORDS) == rules.STAGES
    assert tuple(words.ATTRIBUTION_WORDS) == rules.ATTRIBUTIONS
    assert tuple(words.WAITING_WORDS) == rules.WAITING_FOR
    assert tuple(words.OUTCOME_WORDS) == rules.OUTCOMES
    assert tuple(words.CAUSE_WORDS) == rules.CAUSES
    assert len(words.SEVERITY_WORDS) == 5


def test_every_kind_of_event_stands_behind_one_chip_of_the_timeline() -> None:
    shown = [kind for kinds in words.TIMELINE_KINDS.values() for kind in kinds]
    assert sorted(shown) == sorted(rules.EVENT_KINDS)
    assert set(words.TIMELINE_WORDS) == {"all", *words.TIMELINE_KINDS}


@pytest.mark.parametrize("length", [1, 120])
def test_a_summary_may_have_up_to_120_characters(length: int) -> None:
    now = utc_now()
    check_new(3, "x" * length, "", "desk", now, None, "unknown", now)


@pytest.mark.parametrize("length", [0, 121])
def test_a_summary_needs_a_character_and_one_more_than_120_is_refused(length: int) -> None:
    now = utc_now()
    with pytest.raises(BadInput) as refusal:
        check_new(3, "x" * length, "", "desk", now, None, "unknown", now)
    assert list(refusal.value.errors) == ["summary"]


def test_every_mistake_is_named_at_once() -> None:
    now = utc_now()
    with pytest.raises(BadInput) as refusal:
        check_new(9, "", "x" * 20_001, "fax", now.replace(year=2999), "attic", "nobody", now)
    assert set(refusal.value.errors) == {
        "severity", "summary", "description", "channel", "occurred_at", "journey_stage", "attribution",
    }  # fmt: skip
    with pytest.raises(BadInput) as refusal:
        check_resolution("", "")
    assert set(refusal.value.errors) == {"outcome", "root_cause"}
    with pytest.raises(BadInput):
        check_text(" \n ")
