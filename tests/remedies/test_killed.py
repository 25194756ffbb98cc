"""Killed at any statement (SIGKILL): after a restart ledger, purses, remedies, payouts and the trail agree, and nothing is paid twice."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask

from app.audit import queries as trail
from app.audit.jobs import seal_pending
from app.budgets.checks import violations
from app.budgets.models import LedgerTransfer
from app.kernel.database import db
from app.kernel.time import utc_now
from app.remedies import reconcile_queries as reconciling
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.counts import count
from tests.people.builders import make_company
from tests.remedies.builders import publish_policy
from tests.remedies.test_parallel_units import limits

RUNS = count(200, 2)
# One life of an offer (reserve, settle, reverse) sends about two hundred statements: every step of it is hit in time.
STATEMENTS = 220
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_whatever_was_under_way_when_it_was_killed_money_and_trail_agree(app: Flask, tmp_path: Path) -> None:
    company = make_company()
    publish_policy([rule for rule in limits() if rule["currency"] == "GBP"])
    case_id = make_case(company.ana).id
    db.session.remove()
    draw = random.Random(20_261_122)
    url = str(app.config["SQLALCHEMY_DATABASE_URI"])
    for run in range(RUNS):
        statement = 1 + (run * STATEMENTS // RUNS + draw.randrange(STATEMENTS // RUNS + 1)) % STATEMENTS
        said = [str(number) for number in (company.ana.id, company.sam.id, case_id, run, statement)]
        child = subprocess.run(
            [sys.executable, "-m", "tests.remedies.killed", url, str(tmp_path), *said],
            cwd=ROOT,
            check=False,
            timeout=300,
        )
        assert child.returncode == -9, (run, statement)
        assert violations() == [], (run, statement)
        seal_pending(everything=True)  # on PostgreSQL the scheduler's work, which is not running here
        db.session.remove()
        assert trail.verify(now=utc_now()).is_whole, (run, statement)
        assert reconciling.reconcile(utc_now()).differences == (), (run, statement)
        db.session.remove()
    kinds = Counter(kind for (kind,) in db.session.query(LedgerTransfer.kind))
    states = Counter(state for (state,) in db.session.query(Remedy.state))
    assert kinds["reserve"] == states.total()
    assert kinds["settle"] == states["settled"] + states["reversed"]
    assert kinds["reverse"] == states["reversed"]
