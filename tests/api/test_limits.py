"""The bucket: a burst at once, then a steady rate, told in whole seconds."""

from app.kernel.limits import Limiter


def test_a_burst_passes_and_the_next_request_is_told_when_to_come() -> None:
    limiter = Limiter(per_minute=60, burst=3)
    assert [limiter.wait_seconds("a", 0.0) for _ in range(4)] == [0, 0, 0, 1]


def test_one_request_a_second_is_free_again_and_not_two() -> None:
    limiter = Limiter(per_minute=60, burst=1)
    assert limiter.wait_seconds("a", 0.0) == 0
    assert limiter.wait_seconds("a", 0.999) == 1
    assert limiter.wait_seconds("a", 1.0) == 0
    assert limiter.wait_seconds("a", 1.0) == 1


def test_a_slow_rate_tells_a_long_wait() -> None:
    limiter = Limiter(per_minute=1, burst=1)
    limiter.wait_seconds("a", 0.0)
    assert limiter.wait_seconds("a", 0.0) == 60
    assert limiter.wait_seconds("a", 30.5) == 30


def test_callers_do_not_use_up_each_others_turns() -> None:
    limiter = Limiter(per_minute=60, burst=1)
    assert limiter.wait_seconds("a", 0.0) == 0
    assert limiter.wait_seconds("b", 0.0) == 0


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    limiter = Limiter(per_minute=60, burst=1)
    limiter.wait_seconds("a", 100.0)
    assert limiter.wait_seconds("a", 1.0) == 1


def test_memory_is_bounded_by_forgetting_who_has_been_quiet_longest() -> None:
    limiter = Limiter(per_minute=60, burst=1, known_max=2)
    for who in ("a", "b", "c"):
        limiter.wait_seconds(who, 0.0)
    assert len(limiter._buckets) == 2
    assert limiter.wait_seconds("a", 0.0) == 0
