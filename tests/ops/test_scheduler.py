"""Two schedulers started together: one acts, and the other takes over when it is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.kernel.database import db
from app.notifications.models import Notification
from app.ops.jobs import Job, all_jobs
from app.ops.models import Heartbeat, Lease
from app.ops.scheduler import Runner
from app.sla.models import ClockNotice
from tests.sla.builders import open_desk

ROOT = Path(__file__).parents[2]


def test_every_database_has_the_jobs_it_needs() -> None:
    names = {dialect: {job.name for job in all_jobs(dialect)} for dialect in ("sqlite", "postgresql")}
    assert "sla-sweep" in names["sqlite"]
    assert {"audit-seal", "audit-seal-all"} == names["postgresql"] - names["sqlite"]


def test_only_the_leader_runs_a_job_and_a_failure_is_written_down(app: Flask) -> None:
    calls: list[str] = []

    def work(now: datetime) -> int:
        calls.append("ran")
        if len(calls) == 3:
            raise RuntimeError("no luck")
        return 1

    job = Job("test", 60, work)
    first = Runner(app, [job], lease_seconds=30, owner="first")
    second = Runner(app, [job], lease_seconds=30, owner="second")
    for runner in (first, second):
        runner.renew()
        runner.run(job)
    assert (calls, first.leads, second.leads) == (["ran"], True, False)
    first.run(job)
    first.run(job)
    first.renew()
    row = db.session.get(Heartbeat, "job:test")
    assert row is not None
    assert (row.run_count, row.failure_count, row.done_count) == (3, 1, 2)
    assert row.last_error == f"RuntimeError at tests/ops/test_scheduler.py:{work.__code__.co_firstlineno + 3}"


def test_a_backlog_is_worked_off_in_one_run(app: Flask) -> None:
    waiting = [5, 5, 5, 2, 9]
    job = Job("test", 60, lambda _now: waiting.pop(0), limit=5)
    runner = Runner(app, [job], lease_seconds=30)
    runner.renew()
    runner.run(job)
    assert waiting == [9]


def test_a_leader_whose_lease_ran_out_runs_nothing(app: Flask) -> None:
    calls: list[int] = []
    job = Job("test", 60, lambda _now: calls.append(1) or 0)
    runner = Runner(app, [job], lease_seconds=0.2)
    runner.renew()
    time.sleep(0.3)
    runner.run(job)
    assert calls == []


@pytest.fixture
def start(app: Flask, tmp_path: Path) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """Start schedulers as an operator does; none is left behind."""
    running: list[subprocess.Popen[str]] = []
    environment = {
        **os.environ,
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "MAKEGOOD_INSTANCE": str(tmp_path),
        "MAKEGOOD_ENV": "test",
        "MAKEGOOD_SCHEDULER_LEASE_SECONDS": "2",
    }

    def begin() -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def leader_after(pid: int | None, seconds: float) -> int | None:
    """The process that holds the lease, once it is another one than `pid`."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        db.session.rollback()
        lease = db.session.get(Lease, "scheduler", populate_existing=True)
        if lease is not None and lease.expires_ms > 0 and int(lease.owner.split(":")[1]) != pid:
            return int(lease.owner.split(":")[1])
        time.sleep(0.05)
    return None


CASES = 250


def breaches(limit_seconds: float, at_least: int) -> int:
    """How many breaches were told, once there are so many or the time is over."""
    limit = time.monotonic() + limit_seconds
    while True:
        db.session.rollback()
        count = db.session.scalar(
            select(func.count()).select_from(ClockNotice).where(ClockNotice.threshold == "breach")
        )
        if (count or 0) >= at_least or time.monotonic() > limit:
            return count or 0
        time.sleep(0.02)


def test_of_two_schedulers_one_leads_and_after_a_kill_the_other_loses_and_doubles_nothing(
    app: Flask, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
    desk = open_desk(around_the_clock=True)  # this test runs at any hour, and a closed desk is told nothing
    for case_id in range(1, CASES + 1):
        desk.start(case_id, severity=0)  # one clock each, long overdue by now
    db.session.rollback()
    pair = {process.pid: process for process in (start(), start())}
    first = leader_after(None, 90)
    assert first in pair
    assert breaches(30, 1) >= 1
    os.kill(first, signal.SIGKILL)  # in the midst of its work
    second = leader_after(first, 90)
    assert second in pair
    assert second != first
    assert breaches(30, CASES) == CASES
    lines = select(Notification.subject, Notification.employee_id, func.count()).where(
        Notification.kind == "clock:breach"
    )
    counts = db.session.execute(lines.group_by(Notification.subject, Notification.employee_id)).all()
    assert [row[2] for row in counts] == [1] * (2 * CASES)  # Ana and Sam, once for each case
    told = select(func.count()).select_from(AuditEntry).where(AuditEntry.type == "clock:breach")
    assert db.session.scalar(told) == CASES
    pair[second].terminate()
    out, _ = pair[second].communicate(timeout=15)
    assert pair[second].returncode == 0
    assert "Scheduler stopped." in out
    db.session.rollback()
    lease = db.session.get(Lease, "scheduler", populate_existing=True)
    assert lease is not None
    assert (lease.expires_ms, lease.token) == (0, 2)
