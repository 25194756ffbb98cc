"""Races across processes, on both databases: no window is overspent and no intent pays twice."""

import json
import subprocess
import sys
from pathlib import Path

from flask import Flask

from app.budgets.checks import violations
from app.budgets.models import Purse
from app.kernel.database import db
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy

PROCESSES = 4


def limits(incident_minor: int, month_minor: int) -> list[dict[str, object]]:
    common = {"currency": "GBP", "role": "frontline"}
    return [
        {**common, "unit": "incident", "limit_minor": incident_minor, "clause": "4.1"},
        {**common, "unit": "customer_days", "days": 30, "limit_minor": 10_000_000, "clause": "4.2"},
        {**common, "unit": "employee_month", "limit_minor": month_minor, "clause": "5.1"},
        {**common, "unit": "team_month", "limit_minor": 10_000_000, "clause": "5.2"},
    ]


def race(app: Flask, folder: Path, person_id: int, case_id: int, intents: list[str]) -> list[str]:
    """Offer £100.00 once per intent, from four processes of four threads that start at the same moment."""
    url = str(app.config["SQLALCHEMY_DATABASE_URI"])
    shares = [intents[n::PROCESSES] for n in range(PROCESSES)]
    children = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.remedies.parallel",
                url,
                str(folder),
                str(person_id),
                str(case_id),
                json.dumps(share),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        for share in shares
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers: list[str] = []
    for child in children:
        said, _ = child.communicate(timeout=120)
        assert child.returncode == 0
        answers += json.loads(said)
    return answers


def test_fifty_parallel_offers_on_a_window_with_room_for_twenty_give_exactly_twenty(app: Flask, tmp_path: Path) -> None:
    company = make_company()
    publish_policy(limits(200_000, 10_000_000))
    case_id = make_case(company.ana).id
    db.session.remove()
    answers = race(app, tmp_path, company.ana.id, case_id, [f"race-intent-{n}" for n in range(50)])
    assert len([answer for answer in answers if answer.startswith("paid:")]) == 20
    assert set(answers) - {a for a in answers if a.startswith("paid:")} <= {"needs-approval", "purse-exhausted"}
    assert db.session.query(Purse).filter_by(unit="incident").one().reserved_minor == 200_000
    assert violations() == []


def test_the_hot_window_of_a_person_is_never_overspent_either(app: Flask, tmp_path: Path) -> None:
    company = make_company()
    publish_policy(limits(10_000_000, 150_000))
    case_id = make_case(company.ana).id
    db.session.remove()
    answers = race(app, tmp_path, company.ana.id, case_id, [f"race-intent-{n}" for n in range(40)])
    assert len([answer for answer in answers if answer.startswith("paid:")]) == 15
    assert violations() == []


def test_one_intent_pressed_forty_times_in_four_processes_pays_once(app: Flask, tmp_path: Path) -> None:
    company = make_company()
    publish_policy(limits(10_000_000, 10_000_000))
    case_id = make_case(company.ana).id
    db.session.remove()
    answers = race(app, tmp_path, company.ana.id, case_id, ["the-same-intent"] * 40)
    paid = {answer for answer in answers if answer.startswith("paid:")}
    assert len(paid) == 1
    assert set(answers) - paid <= {"intent-in-flight"}  # where the first takes longer than one waits for it
    assert db.session.query(Remedy).count() == 1
    assert violations() == []
