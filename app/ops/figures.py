"""The figures that Prometheus reads."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from flask import Flask

from app.approvals import live
from app.notifications import outbox_queries as outbox
from app.ops import counters, health, queries
from app.ops.queries import Sign

Sample = tuple[Mapping[str, str], float]
Family = tuple[str, str, str, Iterable[Sample]]


def families(app: Flask, now: datetime) -> list[Family]:
    """Collect every family: this process's answers, the scheduler's signs of life, and bounded counts."""
    return [*_answers(app, now), *_jobs(queries.signs(), now), *_records(now)]


def _answers(app: Flask, now: datetime) -> list[Family]:
    seen, process, ready = counters.of(app), counters.labels(), health.of(app).readiness(now)
    bounds: list[Sample] = [({"le": f"{top:g}", **process}, seen.buckets[top]) for top in counters.BUCKETS_SECONDS]
    bounds.append(({"le": "+Inf", **process}, seen.count))
    by_status: list[Sample] = [({"status": name, **process}, count) for name, count in seen.requests.items()]
    by_check: list[Sample] = [({"check": check.name}, float(check.is_good)) for check in ready.checks]
    return [
        ("makegood_ready", "gauge", "1 while requests may be sent here.", [(process, float(not ready.failed))]),
        ("makegood_check_good", "gauge", "1 for each check that holds.", by_check),
        ("makegood_requests_total", "counter", "Answers by status class.", by_status),
        ("makegood_request_seconds_bucket", "counter", "Answers at most this slow.", bounds),
        ("makegood_request_seconds_sum", "counter", "Time spent on answers.", [(process, seen.seconds)]),
        ("makegood_request_seconds_count", "counter", "Answers.", [(process, seen.count)]),
        ("makegood_live_streams", "gauge", "Pages that listen for a decision.", [(process, live.of(app).count)]),
    ]


def _jobs(signs: dict[str, Sign], now: datetime) -> list[Family]:
    jobs = [({"job": name.removeprefix("job:")}, sign) for name, sign in signs.items() if name.startswith("job:")]
    heart = signs.get("scheduler")
    beat: list[Sample] = [({}, (now - heart.at).total_seconds())] if heart else []
    ages: list[Sample] = [(labels, (now - sign.at).total_seconds()) for labels, sign in jobs]
    kept: list[Sample] = [
        ({"deed": name}, (now - signs[name].at).total_seconds())
        for name in ("backup", "restore-drill")
        if name in signs
    ]
    return [
        ("makegood_scheduler_age_seconds", "gauge", "Since the scheduler's last sign of life.", beat),
        ("makegood_backup_age_seconds", "gauge", "Since the last backup and the last rehearsed restore.", kept),
        ("makegood_job_age_seconds", "gauge", "Since a job's last run.", ages),
        ("makegood_job_runs_total", "counter", "Runs of a job.", [(labels, sign.run_count) for labels, sign in jobs]),
        (
            "makegood_job_failures_total",
            "counter",
            "Failed runs.",
            [(labels, sign.failure_count) for labels, sign in jobs],
        ),
        (
            "makegood_job_done_total",
            "counter",
            "Records handled.",
            [(labels, sign.done_count) for labels, sign in jobs],
        ),
    ]


def _records(now: datetime) -> list[Family]:
    backlogs: list[Sample] = [({"job": name}, count) for name, count in queries.backlogs(now).items()]
    waiting, sealed = queries.exceptions_waiting(), queries.sealed_count(now)
    oldest = outbox.oldest_due_at(now)
    late = (now - oldest).total_seconds() if oldest else 0.0
    return [
        ("makegood_job_backlog", "gauge", "What waits for a job, at most 1001.", backlogs),
        ("makegood_exceptions_waiting", "gauge", "Exceptions that wait, at most 1001.", [({}, waiting)]),
        ("makegood_outbox_age_seconds", "gauge", "Since the oldest due try waits.", [({}, late)]),
        ("makegood_outbox_dead", "gauge", "Messages that were given up, at most 1001.", [({}, outbox.dead_count())]),
        ("makegood_audit_sealed_total", "counter", "Length of the audit chain.", [({}, sealed)]),
    ]
