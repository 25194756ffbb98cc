"""Ready, degraded, unready; and Prometheus's text."""

import pytest

from app.ops.rules import Check, Readiness, exposition, may_scrape


@pytest.mark.parametrize(
    ("checks", "state"),
    [
        ((), "ready"),
        ((Check("database", True), Check("scheduler", True)), "ready"),
        ((Check("database", True), Check("scheduler", False)), "degraded"),
        ((Check("jobs", False), Check("seals", False)), "degraded"),
        ((Check("database", False),), "unready"),
        ((Check("schema", False), Check("scheduler", False)), "unready"),
        ((Check("draining", False),), "unready"),
    ],
)
def test_only_what_is_vital_makes_an_instance_unready(checks: tuple[Check, ...], state: str) -> None:
    assert Readiness(checks).state == state


def test_metrics_are_written_with_sorted_and_escaped_labels() -> None:
    text = exposition(
        [("up", "gauge", "Alive.\nYes.", [({}, 1)]), ("jobs", "counter", "Runs.", [({"b": 'x"y\\', "a": "1"}, 2.5)])]
    )
    assert text.splitlines() == [
        "# HELP up Alive.\\nYes.",
        "# TYPE up gauge",
        "up 1",
        "# HELP jobs Runs.",
        "# TYPE jobs counter",
        'jobs{a="1",b="x\\"y\\\\"} 2.5',
    ]


@pytest.mark.parametrize(
    ("address", "is_forwarded", "has_right", "answer"),
    [
        ("127.0.0.1", False, False, True),
        ("::1", False, False, True),
        ("127.0.0.1", True, False, False),
        ("10.0.0.7", False, False, False),
        ("10.0.0.7", True, True, True),
        (None, False, False, False),
    ],
)
def test_metrics_go_to_this_machine_or_to_a_right(
    address: str | None, is_forwarded: bool, has_right: bool, answer: bool
) -> None:
    assert may_scrape(address, is_forwarded, has_right) is answer
