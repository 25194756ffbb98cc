"""Alive, ready, degraded and figures, as a balancer, a scraper and an administrator ask for them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from app.audit import checkpoint_jobs
from app.audit.jobs import seal_pending
from app.kernel import migrations
from app.kernel.database import db
from app.kernel.time import utc_now
from app.ops import health, leases
from app.ops.models import Probe
from tests.people.builders import Company, make_company, sign_in


@pytest.fixture
def company(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company whose entries a checkpoint covers: it may have been made some time ago, in another test."""
    monkeypatch.setattr(health, "LOOK_SECONDS", 0)
    made = make_company()
    seal_pending(everything=True)
    checkpoint_jobs.make(now=utc_now())
    return made


@pytest.fixture(autouse=True)
def at_head(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests are about health, whatever schema step the test database stands at."""
    monkeypatch.setattr(migrations, "database_head", lambda _engine: migrations.code_head())


def beat(age_seconds: float = 0, **job: object) -> None:
    at = utc_now() - timedelta(seconds=age_seconds)
    rows: list[dict[str, object]] = [{"name": "scheduler", "owner": "test", "token": 1, "at": at}]
    if job:
        rows.append({"name": "job:sla-sweep", "owner": "test", "token": 1, "at": at, **job})
    leases.beat(rows)


def test_alive_is_told_without_the_database(app: Flask) -> None:
    db.engine.dispose()
    assert app.test_client().get("/livez").get_json() == {"status": "alive"}


def test_ready_means_written_to_with_a_scheduler_that_breathes(app: Flask, company: Company) -> None:
    beat()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ready", "failed": [], "degraded": []})
    db.session.rollback()
    assert db.session.get(Probe, 1) is not None


@pytest.mark.parametrize(("age", "status"), [(50, "ready"), (70, "degraded"), (None, "degraded")])
def test_a_silent_scheduler_degrades_but_does_not_fail(
    app: Flask, company: Company, age: float | None, status: str
) -> None:
    if age is not None:
        beat(age)
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["status"]) == (200, status)


def test_a_failed_job_is_named_only_to_those_who_may_read_it(app: Flask, company: Company) -> None:
    beat(last_error="ValueError: secret", failure_count=1, run_count=2)
    plain = app.test_client().get("/readyz").get_json()
    assert plain["degraded"] == ["jobs"]
    assert "checks" not in plain
    full = sign_in(app.test_client(), company.ada).get("/readyz").get_json()
    assert {check["name"] for check in full["checks"]} == {
        "draining",
        "database",
        "schema",
        "scheduler",
        "jobs",
        "seals",
        "checkpoints",
        "outbox",
    }
    assert "checks" not in sign_in(app.test_client(), company.ana).get("/readyz").get_json()


def test_production_is_degraded_until_a_backup_was_restored_in_rehearsal(app: Flask, company: Company) -> None:
    app.extensions["makegood_settings"] = replace(app.extensions["makegood_settings"], environment="production")
    beat()
    assert app.test_client().get("/readyz").get_json()["degraded"] == ["restore-drill"]
    for days, degraded in ((7, []), (9, ["restore-drill"])):
        at = utc_now() - timedelta(days=days)
        leases.beat([{"name": "restore-drill", "owner": "command", "token": 0, "at": at}])
        assert app.test_client().get("/readyz").get_json()["degraded"] == degraded
    assert 'makegood_backup_age_seconds{deed="restore-drill"} 7776' in app.test_client().get("/metrics").text


def test_another_schema_is_unready(app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "database_head", lambda _engine: "0000")
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["failed"]) == (503, ["schema"])


def test_a_database_that_takes_no_write_is_unready(app: Flask, company: Company) -> None:
    db.session.rollback()
    with db.engine.connect().execution_options(makegood_migration=True) as connection:
        connection.execute(text("ALTER TABLE probe RENAME TO gone"))
        connection.commit()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["failed"]) == (503, ["database"])
    assert app.test_client().get("/livez").status_code == 200


def test_a_draining_process_says_so_at_once(app: Flask, company: Company) -> None:
    health.of(app).is_draining = True
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["failed"]) == (503, ["draining"])


def test_many_questions_cost_one_look(app: Flask, company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LOOK_SECONDS", 60)
    client = app.test_client()
    client.get("/readyz")
    db.session.rollback()
    written = db.session.query(Probe).one().at
    for _ in range(5):
        client.get("/readyz")
    db.session.rollback()
    assert db.session.query(Probe).one().at == written


def test_figures_are_for_this_machine_and_for_tokens(app: Flask, company: Company) -> None:
    beat(run_count=3, done_count=7)
    client = app.test_client()
    client.get("/no-such-page")
    answer = client.get("/metrics")
    assert answer.status_code == 200
    body = answer.get_data(as_text=True)
    for line in (
        "makegood_check_good",
        'makegood_job_runs_total{job="sla-sweep"} 3',
        'status="4xx"',
        "makegood_audit_sealed_total",
        "makegood_outbox_dead 0",
    ):
        assert line in body, line
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/metrics", environ_base=far).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer nonsense"}, environ_base=far).status_code == 403
    assert sign_in(app.test_client(), company.ada).get("/metrics", environ_base=far).status_code == 200
    assert sign_in(app.test_client(), company.ana).get("/metrics", environ_base=far).status_code == 403


def test_a_person_who_opens_metrics_is_led_to_the_page(app: Flask) -> None:
    answer = app.test_client().get("/metrics", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/insights")


def test_the_page_is_for_those_who_operate(app: Flask, company: Company) -> None:
    beat(run_count=3, last_error="OperationalError: locked")
    body = sign_in(app.test_client(), company.ada).get("/health").get_data(as_text=True)
    assert "sla-sweep" in body
    assert "OperationalError: locked" in body
    assert sign_in(app.test_client(), company.sam).get("/health").status_code == 403
