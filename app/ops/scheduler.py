"""The scheduler: any number of processes may be started, exactly one of them runs the jobs."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask, g
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.database import db
from app.kernel.logs import place_of
from app.kernel.time import utc_now
from app.ops import leases
from app.ops.jobs import Job

LEASE = "scheduler"
ROUNDS_MAX = 40  # a backlog is worked off in one run, but not without end
log = logging.getLogger("makegood.scheduler")


@dataclass
class _Record:
    """How the runs of one job went in this process; written down with the next heartbeat."""

    at: datetime
    took_ms: int = 0
    done_count: int = 0
    run_count: int = 0
    failure_count: int = 0
    last_error: str | None = None
    is_new: bool = True


class Runner:
    """One process's share: asks for the lease every quarter of its length and runs jobs only while it holds it."""

    def __init__(self, app: Flask, jobs: Iterable[Job], *, lease_seconds: float, owner: str | None = None) -> None:
        self.owner = owner or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self.token: int | None = None
        self._app = app
        self._jobs = list(jobs)
        self._lease_seconds = lease_seconds
        self._held_until = 0.0  # on this process's monotonic clock: a process that was stopped knows that it is late
        self._records: dict[str, _Record] = {}
        self._guard = threading.Lock()
        self._alarm = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    @property
    def leads(self) -> bool:
        return self.token is not None and time.monotonic() < self._held_until

    def start(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self.renew()
        self._alarm.add_job(self.renew, "interval", seconds=self._lease_seconds / 4)
        for job in self._jobs:
            # At once as well: what fell due while nobody ran is done now.
            self._alarm.add_job(
                self.run, "interval", [job], seconds=job.every_seconds, next_run_time=datetime.now(self._alarm.timezone)
            )
        self._alarm.start()

    def stop(self) -> None:
        """Finish the runs under way and hand the lease over."""
        self._alarm.shutdown(wait=True)
        with self._app.app_context():
            if self.token is not None:
                self._write_heartbeat()
                leases.release(LEASE, self.owner)
        self.token = None

    def renew(self) -> None:
        """Claim or renew the lease and write the heartbeat; a database that can't be reached ends the lead in time."""
        asked_at = time.monotonic()
        with self._app.app_context():
            try:
                token = leases.claim(LEASE, self.owner, int(self._lease_seconds * 1000))
                if token != self.token:
                    log.warning("%s %s", self.owner, "leads" if token is not None else "no longer leads")
                self.token = token
                if token is not None:
                    # A little less than the database grants, so that two never overlap.
                    self._held_until = asked_at + self._lease_seconds * 0.9
                    self._write_heartbeat()
            except SQLAlchemyError:
                log.exception("the lease could not be renewed")
                db.session.rollback()

    def run(self, job: Job) -> None:
        """Run one job if this process leads; a failure is written down and the next run tries again."""
        if not self.leads:
            return
        began, done, error = time.monotonic(), 0, None
        with self._app.app_context():
            g.job = job.name  # for the log
            try:
                for _ in range(ROUNDS_MAX):
                    handled = job.work(utc_now())
                    done += handled
                    if handled < job.limit or not self.leads:
                        break
            except Exception as failure:  # whatever one job does, the others go on
                log.exception("job %s failed", job.name)
                error = place_of(failure)[:300]
                db.session.rollback()
        self._note(job, int((time.monotonic() - began) * 1000), done, error)

    def _note(self, job: Job, took_ms: int, done: int, error: str | None) -> None:
        with self._guard:
            record = self._records.setdefault(job.name, _Record(utc_now()))
            record.at, record.took_ms, record.is_new = utc_now(), took_ms, True
            record.done_count += done
            record.run_count += 1
            if error is not None:
                record.failure_count += 1
                record.last_error = error

    def _write_heartbeat(self) -> None:
        base = {"owner": self.owner, "token": self.token}
        rows: list[dict[str, object]] = [{"name": LEASE, "at": utc_now(), **base}]
        with self._guard:
            for name, record in self._records.items():
                if record.is_new:
                    values = {key: value for key, value in vars(record).items() if key != "is_new"}
                    rows.append({"name": f"job:{name}", **values, **base})
                    record.is_new = False
        leases.beat(rows)
