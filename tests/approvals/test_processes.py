"""Two people press at the same moment, on two processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.approvals.models import ExceptionDecision
from app.kernel.database import db
from tests.approvals.builders import make_request
from tests.cases.builders import make_case
from tests.people.builders import make_company

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5


@pytest.mark.slow
def test_of_two_processes_one_decides_and_the_other_is_told_by_whom(
    app: Flask, database_url: str, tmp_path: Path
) -> None:
    company = make_company()
    case = make_case(company.ana)
    ids = [make_request(company.ana, case=case).id for _round in range(ROUNDS)]
    db.session.remove()
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.approvals.deciding", database_url, str(tmp_path), str(person.id), outcome,
             json.dumps(ids)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for person, outcome in ((company.sam, "approved"), (company.max, "declined"))
    ]  # fmt: skip
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline().strip() == "ready"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
    for pair in zip(*answers, strict=True):
        assert sorted(pair)[1] == "decided"
        assert sorted(pair)[0].startswith("already-ended: ") and "has already" in sorted(pair)[0]
    assert db.session.query(ExceptionDecision).count() == ROUNDS
