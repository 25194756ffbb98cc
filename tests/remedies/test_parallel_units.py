"""Processes (eight in `make soak`) on windows of every unit at once, on both databases: never over, and every refusal names its window."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.budgets.checks import violations
from app.budgets.models import Purse
from app.budgets.rate_actions import import_rates
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.time import utc_now
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

PROCESSES = count(8, 3, least=2)
REQUESTS = count(200, 5)
ROOT = Path(__file__).resolve().parents[2]
RATES = "Date,USD,GBP\n2023-12-29,1.105,0.86905\n"


def limits() -> list[dict[str, Any]]:
    """A limit in every unit, each of which some of the requests meet."""

    def amount(unit: str, minor: int, **more: Any) -> dict[str, Any]:
        return {"unit": unit, "limit_minor": minor, "currency": "GBP", "clause": "4.1", **more}

    return [
        amount("remedy", 9_000),
        amount("incident", 40_000),
        amount("customer_incident", 39_000),
        amount("customer_day", 45_000),
        amount("customer_days", 60_000, days=30),
        amount("customer_days", 12, days=7, measure="count", currency="XXX"),
        amount("customer_days", 2, days=30, measure="count", currency="XXX", kind="upgrade"),
        amount("employee_month", 90_000),
        amount("team_month", 120_000),
        amount("site_month", 180_000, currency="USD"),
    ]


@pytest.mark.slow
def test_no_window_of_any_unit_is_overspent_and_every_refusal_names_its_window(app: Flask, tmp_path: Path) -> None:
    company, now = make_company(), utc_now()
    import_rates(text=RATES, actor=command("test"), now=now)
    publish_policy(limits())
    cases = [make_case(company.ana, customer=f"{name} Hill").id for name in ("Abe", "Abe", "Bea", "Cas", "Dot", "Eli")]
    db.session.remove()
    answers = race(app, tmp_path, [company.ana.id, company.bo.id, company.sam.id], cases)
    assert len(answers) == PROCESSES * REQUESTS
    codes = Counter(code for code, _units in answers)
    assert set(codes) <= {"paid", "needs-approval", "purse-exhausted"}
    assert codes["paid"] > 0
    assert codes["needs-approval"] > 0
    assert all(units for code, units in answers if code != "paid")
    assert db.session.query(Remedy).count() == codes["paid"]
    for rule in limits():
        over = db.session.query(Purse.key).filter(
            Purse.unit == rule["unit"], Purse.currency == rule["currency"], ~Purse.key.endswith(":upgrade"),
            Purse.reserved_minor + Purse.settled_minor > rule["limit_minor"],
        )  # fmt: skip
        if rule.get("kind") is None:
            assert over.all() == [], rule["unit"]
    assert violations() == []


def race(app: Flask, folder: Path, persons: list[int], cases: list[int]) -> list[tuple[str, list[str]]]:
    url = str(app.config["SQLALCHEMY_DATABASE_URI"])
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.remedies.parallel_units", url, str(folder), str(seed), str(REQUESTS),
             json.dumps(persons), json.dumps(cases)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )
        for seed in range(PROCESSES)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    answers: list[tuple[str, list[str]]] = []
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    for child in children:
        said, _ = child.communicate(timeout=900)
        assert child.returncode == 0
        answers += [(code, units) for code, units in json.loads(said)]
    return answers
