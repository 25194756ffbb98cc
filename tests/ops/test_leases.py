import time

from flask import Flask

from app.kernel.database import db
from app.kernel.time import utc_now
from app.ops import leases
from app.ops.models import Heartbeat, Lease


def test_a_lease_has_one_holder_until_it_expires_and_then_a_higher_token(app: Flask) -> None:
    assert leases.claim("test", "a", 400) == 1
    assert leases.claim("test", "b", 400) is None
    assert leases.claim("test", "a", 400) == 1
    time.sleep(0.5)
    assert leases.claim("test", "b", 400) == 2
    assert leases.claim("test", "a", 400) is None


def test_a_holder_that_slept_too_long_gets_a_new_token(app: Flask) -> None:
    assert leases.claim("test", "a", 50) == 1
    time.sleep(0.1)
    assert leases.claim("test", "a", 5_000) == 2


def test_a_released_lease_is_free_at_once_and_only_its_holder_can_release_it(app: Flask) -> None:
    leases.claim("test", "a", 60_000)
    leases.release("test", "b")
    assert leases.claim("test", "b", 60_000) is None
    leases.release("test", "a")
    assert leases.claim("test", "b", 60_000) == 2
    assert db.session.query(Lease).one().owner == "b"


def test_a_sign_of_life_with_an_older_token_changes_nothing(app: Flask) -> None:
    for owner, token in (("a", 1), ("b", 3), ("a", 2)):
        leases.beat([{"name": "scheduler", "owner": owner, "token": token, "at": utc_now()}])
    assert db.session.query(Heartbeat).one().owner == "b"
