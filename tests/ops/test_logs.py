"""Logs say what happened, and never to whom by name: a marker is led through journeys and looked for in every line."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel.database import db
from app.kernel.logs import JsonLines, PlainLines, configure
from app.kernel.time import utc_now
from app.ops.jobs import Job
from app.ops.scheduler import Runner
from app.people import actions as people
from tests.people.builders import Company, make_company, sign_in

MARKER = "zyzzyva"
EMAIL = f"{MARKER}@guest.example"


@pytest.fixture
def heard(app: Flask) -> Iterator[io.StringIO]:
    """Everything that any logger says from debug on, as it is written in production."""
    out, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("app", "makegood", "gunicorn.error", "sqlalchemy")}
    handler = logging.StreamHandler(out)
    configure(form="json", level="debug")
    root.handlers[:] = [handler]
    handler.setFormatter(JsonLines())
    root.setLevel(logging.DEBUG)
    yield out
    root.handlers[:] = before
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


def lines(heard: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in heard.getvalue().splitlines()]


def journeys(app: Flask, company: Company) -> None:
    """What people, customers, programs and attackers send, each with the marker in it."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    stranger, ana = app.test_client(), sign_in(app.test_client(), company.ana)
    stranger.post("/sign-in", data={"email": EMAIL, "phrase": f"{MARKER} {MARKER} {MARKER}"})
    for path in (f"/{MARKER}", f"/sign-in?next=//{MARKER}.example", f"/my-case/{MARKER}", f"/search?q={MARKER}"):
        stranger.get(path, headers={"User-Agent": MARKER, "Referer": f"https://x.example/{MARKER}", "Cookie": MARKER})
        ana.get(path, headers={"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"})
    for path in ("/cases", "/customers", "/people", "/exceptions", "/imports"):
        ana.post(path, data={"name": MARKER, "summary": MARKER, "email": EMAIL, "phone": MARKER, "customer": MARKER})
        ana.post(f"{path}/{MARKER}", data={"name": MARKER})
    stranger.get("/api/v1/cases", headers={"Authorization": f"Bearer mg_{MARKER}"})
    stranger.post("/api/v1/cases", json={"summary": MARKER}, headers={"Authorization": f"Bearer mg_{MARKER}"})
    stranger.get("/livez", headers={"Host": f"{MARKER}.example"})
    sign_in(app.test_client(), company.ada).get(f"/people?q={MARKER}")


def break_things(app: Flask, company: Company) -> None:
    """Failures whose messages quote what they were given."""

    def broken() -> str:
        db.session.execute(text("INSERT INTO employee (id, name) VALUES (1, :name)"), {"name": MARKER})
        return ""

    view = app.view_functions["home.desk"]
    broken.needs = view.needs  # type: ignore[attr-defined]
    app.view_functions["home.desk"] = broken
    assert sign_in(app.test_client(), company.ana).get("/").status_code == 500

    def work(_now: datetime) -> int:
        raise ValueError(MARKER)

    job = Job("test", 60, work)
    runner = Runner(app, [job], lease_seconds=30)
    runner.renew()
    runner.run(job)
    logging.getLogger("urllib3.connectionpool").warning("Retrying (%r) after %s", MARKER, f"/hook/{MARKER}")
    logging.getLogger("gunicorn.error").error("Error handling request %s", f"/links/{MARKER}")


def test_no_line_holds_what_people_sent_and_each_answer_has_one(app: Flask, heard: io.StringIO) -> None:
    company = make_company(second_site=False)
    people.add_person(
        name=f"{MARKER} Person", email=EMAIL, role="frontline", site_id=company.quayside.id,
        actor=company.ada.actor, now=utc_now(),
    )  # fmt: skip
    db.session.remove()
    journeys(app, company)
    break_things(app, company)
    assert MARKER not in heard.getvalue().lower()
    for secret in (str(app.config["SECRET_KEY"]), company.ana.email, company.ana.name):
        assert secret not in heard.getvalue()
    said = lines(heard)
    answered = [line for line in said if line["said"] == "answered"]
    assert len(answered) >= 20
    assert len({line["request_id"] for line in answered}) == len(answered)
    assert {"ab" * 16} == {line["trace_id"] for line in answered if "trace_id" in line}
    assert {f"EM-{company.ana.id}"} <= {line.get("actor") for line in answered}
    failed = [line for line in said if line["level"] == "error" and "failure" in line]
    assert "IntegrityError" in failed[0]["failure"]["type"] or "ProgrammingError" in failed[0]["failure"]["type"]
    assert any("test_logs.py" in place for place in failed[0]["failure"]["where"])
    broken = [line for line in answered if line["status"] == 500]
    assert [line["request_id"] for line in broken] == [failed[0]["request_id"]]
    assert (failed[1]["job"], failed[1]["failure"]["type"]) == ("test", "builtins.ValueError")


def test_an_event_is_one_line_whatever_it_says() -> None:
    record = logging.LogRecord("makegood.test", logging.INFO, "x.py", 1, "a\nb\x1b[31m‮ %s", ("c\r\nd",), None)
    said = JsonLines().format(record)
    assert "\n" not in said and "\r" not in said and "\x1b" not in said
    assert json.loads(said)["said"] == "a\nb\x1b[31m‮ c\r\nd"


def test_a_person_at_a_terminal_reads_the_same_in_plain() -> None:
    record = logging.LogRecord("makegood.test", logging.WARNING, "x.py", 1, "late by %d s", (5,), None)
    record.job = "sla-sweep"
    line = PlainLines().format(record)
    assert line.endswith("warning makegood.test late by 5 s job=sla-sweep")


def test_an_answer_names_its_request(app: Flask) -> None:
    answers = [app.test_client().get("/livez", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] for _ in "ab"]
    assert len(set(answers)) == 2 and "mine" not in answers and all(len(one) == 32 for one in answers)
