"""Who may decide: every reason, in its order, on both sides of every edge."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.approvals.rules import Allowed, Decider, Mandate, Refused, RequestFacts, answer_due, may_decide, quantile
from app.kernel.time import UTC

NOW = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
SAM = Decider(id=3, scope="site", site_id=1, team_id=2, email="sam@makegood.example")
ASKED = RequestFacts(
    requested_by_id=1, handler_id=2, site_id=1, team_id=2, state="waiting", expires_at=NOW + timedelta(hours=72)
)


def code(decider: Decider, facts: RequestFacts, now: datetime = NOW) -> str | None:
    answer = may_decide(decider, facts, now)
    return answer.code if isinstance(answer, Refused) else None


def test_a_supervisor_of_the_site_may_decide() -> None:
    assert may_decide(SAM, ASKED, NOW) == Allowed()


@pytest.mark.parametrize(
    ("decider", "facts", "reason"),
    [
        (replace(SAM, scope=None), ASKED, "no-authority"),
        (replace(SAM, id=None), ASKED, "no-authority"),
        (SAM, replace(ASKED, requested_by_id=3), "own-request"),
        (SAM, replace(ASKED, site_id=9), "out-of-scope"),
        (replace(SAM, site_id=None), replace(ASKED, site_id=9), "out-of-scope"),
        (SAM, replace(ASKED, handler_id=3), "own-case"),
        (SAM, replace(ASKED, beneficiary_email=" Sam@Makegood.example"), "beneficiary"),
        (SAM, replace(ASKED, state="approved"), "ended"),
        (SAM, replace(ASKED, expires_at=NOW), "expired"),
    ],
)
def test_everybody_else_is_refused_with_the_reason(decider: Decider, facts: RequestFacts, reason: str) -> None:
    assert code(decider, facts) == reason
    assert str(may_decide(decider, facts, NOW))


@pytest.mark.parametrize("scope", ["own", "team", "site", "company"])
@pytest.mark.parametrize("state", ["waiting", "approved"])
@pytest.mark.parametrize("site", [1, 9])
def test_nobody_ever_decides_their_own_request(scope: str, state: str, site: int) -> None:
    mine = replace(ASKED, requested_by_id=3, state=state, site_id=site)
    assert code(replace(SAM, scope=scope), mine) == "own-request"


@pytest.mark.parametrize(
    ("scope", "site", "team", "reason"),
    [
        ("company", 9, 9, None),
        ("site", 1, 9, None),
        ("team", 1, 2, None),
        ("team", 1, 9, "out-of-scope"),
        ("own", 1, 2, "out-of-scope"),
    ],
)
def test_the_scope_reaches_as_far_as_it_says(scope: str, site: int, team: int, reason: str | None) -> None:
    assert code(replace(SAM, scope=scope), replace(ASKED, site_id=site, team_id=team)) == reason


def test_a_request_can_be_decided_until_just_before_it_expires() -> None:
    assert code(SAM, ASKED, ASKED.expires_at - timedelta(microseconds=1)) is None
    assert code(SAM, ASKED, ASKED.expires_at) == "expired"


def test_two_missing_addresses_are_not_the_same_person() -> None:
    assert code(replace(SAM, email=None), replace(ASKED, beneficiary_email=None)) is None
    assert code(replace(SAM, email=""), replace(ASKED, beneficiary_email="")) is None


def test_an_answer_is_due_an_hour_after_asking() -> None:
    assert answer_due(NOW) == NOW + timedelta(minutes=60)


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([], 0.5, None),
        ([7], 0.9, 7),
        (list(range(1, 11)), 0.9, 9),
        (list(range(1, 11)), 0.5, 5),
        (list(range(1, 12)), 0.5, 6),
    ],
)
def test_a_quantile_is_a_value_that_really_occurred(values: list[int], share: float, found: int | None) -> None:
    assert quantile(values, share) == found


def test_nobody_stands_in_for_themselves_through_a_second_account() -> None:
    day = timedelta(days=1)
    lent = Mandate(SAM, "Sam Okafor", NOW - day, NOW + day, None, None, None)
    stand_in = Decider(id=9, scope="team", site_id=1, team_id=8, mandates=(lent,))
    answer = may_decide(stand_in, ASKED, NOW)
    assert isinstance(answer, Allowed)
    assert answer.on_behalf_of_id == SAM.id
    assert isinstance(may_decide(replace(stand_in, human=SAM.id), ASKED, NOW), Refused)
