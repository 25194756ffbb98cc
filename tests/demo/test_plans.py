"""What will happen is drawn from the seed alone."""

from datetime import UTC, date

import pytest

from app.cases.rules import ATTRIBUTIONS, CAUSES, CHANNELS, OUTCOMES, STAGES, SUMMARY_MAX
from app.demo.plans import STORIES, cases_on, make_plan
from app.demo.simulation import plans
from app.policies.packs import KINDS

TODAY = date(2026, 11, 22)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plans(3, 20, TODAY) == plans(3, 20, TODAY)
    assert plans(3, 20, TODAY) != plans(4, 20, TODAY)


def test_what_is_told_does_not_depend_on_the_day_it_is_told_on() -> None:
    def told(today: date) -> dict[int, tuple[object, ...]]:
        return {plan.number: (plan.summary, plan.gift, plan.guest, plan.severity) for _, _, plan in plans(1, 60, today)}

    assert told(TODAY) == told(date(2027, 3, 1))


@pytest.mark.parametrize("seed", range(8))
def test_a_year_has_at_least_1500_cases_in_every_house(seed: int) -> None:
    assert sum(cases_on(seed, day) for day in range(365)) >= 1_500
    houses = [code for _, code, _ in plans(seed, 30, TODAY)]
    assert set(houses) == {"NYC", "LON", "TYO"}


def test_every_story_fits_the_product_and_every_text_is_filled_in() -> None:
    kinds = {code for code, _name, _monetary in KINDS}
    for story in STORIES:
        assert story.stage in STAGES and story.attribution in ATTRIBUTIONS
        assert {code for code, _ in story.causes} <= set(CAUSES)
        assert {kind for kind, _, _ in story.remedies} <= kinds
    for number in range(600):
        plan = make_plan(1, number, TODAY, "Asia/Tokyo", "ja_JP")
        assert plan.channel in CHANNELS and plan.outcome in OUTCOMES and len(plan.summary) <= SUMMARY_MAX
        texts = [
            plan.summary,
            plan.description,
            plan.resolution,
            plan.note or "",
            plan.gift.decision_reason if plan.gift else "",
        ]
        assert not any("{" in text for text in texts)
        assert plan.occurred_at.tzinfo is UTC
