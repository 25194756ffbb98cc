"""What tests cost, and that the dear ones begin first, so that no worker is left alone with one at the end.

MAKEGOOD_TEST_COSTS=FILE keeps a line for each test: seconds of processor (with its children), seconds of the clock, and its name.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.counts import ASKED, FULL

# Files whose tests took longest, the dearest first: measured with MAKEGOOD_TEST_COSTS. What is not named stays in its order.
DEAR_AT_FULL_COUNT = (
    "intake/test_whole_files.py",
    "ops/test_killed.py",
    "remedies/test_killed.py",
    "budgets/test_machine.py",
    "sla/test_rules.py::test_the_shown_state_equals_an_independent_walk_at_every_second_of_a_trace",
    "approvals/test_stateful.py",
    "remedies/test_payout_faults.py",
    "api/test_fuzzing.py",
    "remedies/test_random_policies.py",
    "remedies/test_never_twice.py",
    "api/test_links.py::test_following_the_links_breaks_nothing_and_every_answer_is_described",
    "architecture/test_hostile_files.py",
    "architecture/test_hostile_uploads.py",
    "calendars/test_rules.py",
    "policies/test_diff.py",
    "policies/test_files.py",
    "policies/test_checks.py",
    "remedies/test_preview.py",
    "promises/test_rules.py",
    "policies/test_rules.py",
    "policies/test_replay.py",
    "kernel/test_money.py",
    "budgets/test_ledger.py",
    "insights/test_simulated_staff.py",
    "reviews/test_figure_rules.py",
    "insights/test_pulse_rules.py",
    "architecture/test_hostile_forms.py",
    "journeys/test_every_page.py",
    "ops/test_scheduler.py",
    "remedies/test_parallel_units.py",
)
DEAR = (
    "journeys/test_every_page.py",
    "ops/test_scheduler.py",
    "architecture/test_hostile_forms.py",
    "architecture/test_hostile_uploads.py",
    "journeys/test_exceptions.py",
    "approvals/test_streams.py",
    "architecture/test_hostile_files.py",
    "journeys/test_reviews.py",
    "ops/test_serve.py",
    "journeys/test_customer.py",
    "journeys/test_policies.py",
    "journeys/test_simulator.py",
    "remedies/test_parallel.py",
    "approvals/test_guards.py",
    "api/test_fuzzing.py",
    "journeys/test_main_job.py",
    "remedies/test_parallel_units.py",
    "api/test_links.py::test_following_the_links_breaks_nothing_and_every_answer_is_described",
)
T = TypeVar("T")


def dealt(items: list[T], dear: list[T], hands: int) -> list[T]:
    """Deal the dear ones over as many hands as there are workers, and keep the rest in order behind them.

    Each worker begins with a stretch of its own (xdist's worksteal) and takes from the others' ends when it has done its own.
    Worked value: dealt([1, 2, 3, 4, 5, 6], [5, 6], 2) gives [5, 1, 2, 6, 3, 4].
    """
    known = set(map(id, dear))
    rest = [one for one in items if id(one) not in known]
    dealt_out, start = [], 0
    for hand in range(hands):
        size = (hand + 1) * len(items) // hands - hand * len(items) // hands
        own = dear[hand::hands]
        share = rest[start : start + max(0, size - len(own))] if hand < hands - 1 else rest[start:]
        start += len(share)
        dealt_out += own + share
    return dealt_out


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    hands = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if hands < 2:
        return
    order = {name: place for place, name in enumerate(DEAR_AT_FULL_COUNT if ASKED >= FULL else DEAR)}
    dear = [one for one in items if place_of(one, order) is not None]
    dear.sort(key=lambda one: place_of(one, order) or 0)
    items[:] = dealt(items, dear, hands)


def place_of(item: pytest.Item, order: dict[str, int]) -> int | None:
    """Where its test or its file stands in the order; the database it runs on doesn't count."""
    name = item.nodeid.removeprefix("tests/").partition("[")[0]
    return order.get(name, order.get(name.partition("::")[0]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    target = os.environ.get("MAKEGOOD_TEST_COSTS")
    before, began = os.times(), time.monotonic()
    result = yield
    if target:
        after = os.times()
        used = sum(after[:4]) - sum(before[:4])
        with Path(target).open("a", encoding="utf-8") as costs:
            costs.write(f"{used:.2f} {time.monotonic() - began:.2f} {item.nodeid}\n")
    return result
