"""One bound for several web processes: what the window counts, how long one waits, and that two share a database."""

import pytest
from flask import Flask

from app import create_app
from app.kernel.database import db
from app.kernel.models import RequestCount
from app.kernel.shared_limits import SharedWindow, counted, forget_counts, seconds_until_free

MINUTE = 29_000_000
START = MINUTE * 60.0


def test_the_window_slides_over_the_minute_before() -> None:
    assert counted(10, 40, 15) == 40
    assert counted(0, 40, 60) == 0


@pytest.mark.parametrize(
    ("now_count", "before_count", "into", "wait"),
    [(0, 120, 0, 30), (60, 0, 10, 50), (120, 0, 10, 80), (59, 60, 0, 59), (0, 0, 0, 1)],
)
def test_one_waits_until_the_window_has_room(now_count: int, before_count: int, into: float, wait: int) -> None:
    found = seconds_until_free(now_count, before_count, into, 60)
    assert found == wait
    later = into + found
    if now_count < 60 and before_count:
        assert counted(now_count, before_count, later) <= 60


def test_two_processes_share_one_bound_and_a_refused_request_writes_nothing(app: Flask) -> None:
    settings = app.extensions["makegood_settings"]
    other = create_app(settings, TESTING=True)
    here, there = SharedWindow("test", batch=5), SharedWindow("test", batch=5)
    taken = 0
    for turn in range(100):
        with app.app_context():
            taken += here.wait_seconds("EM-1", 60, START + turn / 10) == 0
        with other.app_context():
            taken += there.wait_seconds("EM-1", 60, START + turn / 10) == 0
            db.session.remove()
    assert 60 <= taken <= 60 + 2 * 5
    with app.app_context():
        wait = here.wait_seconds("EM-1", 60, START + 10)
        assert 50 <= wait <= 62
        assert here.wait_seconds("EM-2", 60, START + 10) == 0, "nobody else is held up"
        row = db.session.query(RequestCount).one()
        assert (row.minute, row.before_count) == (MINUTE, 0) and row.now_count <= 70 and "EM" not in row.key
        assert here.wait_seconds("EM-1", 60, START + 10 + wait) == 0, "what Retry-After says is true"
        assert forget_counts(now_seconds=START + 60, limit=10) == 0
        assert forget_counts(now_seconds=START + 300, limit=10) == 1
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


def test_who_asks_at_an_ordinary_pace_causes_no_write(app: Flask) -> None:
    window = SharedWindow("test", batch=30)
    for turn in range(120):
        assert window.wait_seconds("EM-1", 900, START + turn * 3) == 0
    assert db.session.query(RequestCount).count() == 0
