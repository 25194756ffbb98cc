"""Readiness of this process: looked at most once a second, however often it is asked."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import migrations
from app.kernel.database import db
from app.kernel.transactions import transaction
from app.ops import queries
from app.ops.models import Probe
from app.ops.rules import Check, Readiness
from config import Settings

LOOK_SECONDS = 1.0
_KEY = "makegood_health"


class Health:
    """Remembers one look for LOOK_SECONDS, so that a flood of questions costs the database one write a second."""

    def __init__(self) -> None:
        self.is_draining = False
        self._guard = threading.Lock()
        self._looked_at = float("-inf")
        self._found = Readiness(())
        self._code_head: str | None = None

    def readiness(self, now: datetime) -> Readiness:
        with self._guard:
            if time.monotonic() - self._looked_at >= LOOK_SECONDS:
                self._found = Readiness(tuple(self._look(now)))
                self._looked_at = time.monotonic()
        draining = Check("draining", not self.is_draining)
        return Readiness((draining, *self._found.checks))

    def _look(self, now: datetime) -> list[Check]:
        checks = [_tried("database", lambda: _write_probe(now)), _tried("schema", self._check_schema)]
        if all(check.is_good for check in checks):
            try:
                signs = queries.signs()
                checks += [
                    *queries.scheduler_checks(signs, now),
                    queries.seal_check(now),
                    queries.checkpoint_check(now),
                    queries.outbox_check(now),
                ]
                settings: Settings = current_app.extensions["makegood_settings"]
                if settings.is_production:
                    checks.append(queries.drill_check(signs, now))
            except SQLAlchemyError as failure:
                checks.append(Check("database", False, None, type(failure).__name__))
        db.session.rollback()
        return checks

    def _check_schema(self) -> Check:
        self._code_head = self._code_head or migrations.code_head()
        found = migrations.database_head(db.engine)
        return Check("schema", found == self._code_head, None, "" if found == self._code_head else f"{found or 'none'}")


def of(app: Flask | None = None) -> Health:
    """Return the process's own health."""
    health: Health = (app or current_app).extensions.setdefault(_KEY, Health())
    return health


def _tried(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except SQLAlchemyError as failure:
        db.session.rollback()
        return Check(name, False, None, type(failure).__name__)


def _write_probe(now: datetime) -> Check:
    """Write the one row through the same door as every deed, so that a lock that never opens is noticed too."""
    began = time.monotonic()
    with transaction():
        changed = db.session.execute(update(Probe).where(Probe.id == 1).values(at=now))
        if changed.rowcount == 0:  # type: ignore[attr-defined]
            db.session.add(Probe(id=1, at=now))
    return Check("database", True, time.monotonic() - began)
