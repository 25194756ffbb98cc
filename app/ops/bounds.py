"""Bounds on what one person, or one address that nobody signed in from, may ask of the pages, and how long a query may take.

Each web process keeps its buckets, and all together keep one window of a minute (kernel.shared_limits), which takes a write
only from who asks more than SHARED_AFTER times a minute. They bound load: guesses of pass phrases, codes and links are
counted one by one in the database.
"""

import time
from typing import Any

from flask import Flask, request
from flask_babel import lazy_gettext as _l
from sqlalchemy import event

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.kernel.limits import Limiter
from app.people.access import is_signed_in, me
from app.people.sign_in import API_PREFIX
from config import Settings

PERSON_PER_MINUTE, PERSON_BURST = 900, 300
STRANGER_PER_MINUTE, STRANGER_BURST = 600, 200
SHARED_AFTER = 30  # requests of one reader that a process counts alone, so that ordinary reading writes nothing
STATEMENT_SECONDS_MAX = 15
FREE = ("static", "ops.livez", "ops.readyz", "ops.prometheus")


class TooManyRequests(Refusal):
    """`details["retry_after_seconds"]` says how long to wait."""

    status = 429
    code = "too-many-requests"
    sentence = _l("Too many requests at once. Wait a few seconds, then try again.")


def register(app: Flask) -> None:
    """PAGE_BURST in Flask's configuration widens the bounds; 0, as in tests, takes them away."""
    settings: Settings = app.extensions["makegood_settings"]
    wide = int(app.config.setdefault("PAGE_BURST", 0 if settings.environment == "test" else PERSON_BURST))
    if not wide:
        return
    people = Limiter(max(PERSON_PER_MINUTE, wide), wide, shared="page-person", batch=SHARED_AFTER)
    strangers = Limiter(
        max(STRANGER_PER_MINUTE, wide),
        wide * STRANGER_BURST // PERSON_BURST or 1,
        shared="page-stranger",
        batch=SHARED_AFTER,
    )

    def take_turn() -> None:
        if request.endpoint in FREE or request.path.startswith(API_PREFIX):
            return  # the API counts by token
        now = time.monotonic()
        seconds = (
            people.wait_seconds(me().label, now)
            if is_signed_in()
            else strangers.wait_seconds(request.remote_addr or "?", now)
        )
        if seconds:
            raise TooManyRequests(retry_after_seconds=seconds)

    app.before_request(take_turn)


def bound_statements(app: Flask) -> None:
    """Let PostgreSQL end a web process's statement that takes too long; SQLite has no such clock."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name != "postgresql":
        return

    @event.listens_for(engine, "connect")
    def _bound(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{STATEMENT_SECONDS_MAX}s'")
        connection.commit()
