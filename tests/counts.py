"""How often each test tries: MAKEGOOD_TEST_EXAMPLES, read once. `make quick` sets 10, `make test` 50, `make soak` 10,000."""

import os

REDUCED, FULL = 50, 10_000
ASKED = int(os.environ.get("MAKEGOOD_TEST_EXAMPLES", str(REDUCED)))


def count(full: int, reduced: int, *, least: int = 1) -> int:
    """`full` in `make soak`, `reduced` in `make test`; below and between in proportion, never under `least` or over `full`.

    Worked values of count(200, 3): 10 asked gives 1, 50 gives 3, 500 gives 30, 10,000 gives 200.
    """
    assert 1 <= least <= full and 1 <= reduced <= full
    if ASKED >= FULL:
        return full
    return min(full, max(least, round(reduced * ASKED / REDUCED)))


def examples(full: int = FULL, reduced: int = REDUCED) -> int:
    """What hypothesis tries of one property; name a smaller `full` only where one example costs more than a few milliseconds."""
    return count(full, reduced, least=2)
