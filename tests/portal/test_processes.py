"""Cleo accepts while Ana takes back, in two processes; and a process that dies between accepting and settling."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.budgets.checks import violations
from app.cases.models import Case
from app.kernel.actor import customer
from app.kernel.database import db
from app.kernel.time import utc_now
from app.portal import answer_actions as answers
from app.portal.models import CustomerAnswer
from app.remedies.models import Remedy
from tests.cases.builders import make_case
from tests.counts import count
from tests.forked import die_at, in_a_child
from tests.people.builders import Company, make_company
from tests.remedies.builders import give, publish_policy

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = count(20, 5)
STATEMENTS = 60  # an acceptance sends about that many


@pytest.fixture
def company(app: Flask) -> Company:
    found = make_company(second_site=False)
    publish_policy()
    return found


def racer(url: str, folder: Path, person_id: int, deed: str, ids: list[int]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.portal.answering", url, str(folder), str(person_id), deed, json.dumps(ids)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(racers: list["subprocess.Popen[str]"]) -> list[str]:
    for one in racers:
        assert one.stdout is not None and one.stdout.readline().strip() == "ready"
    for one in racers:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    return [one.communicate(timeout=120)[0] for one in racers]


@pytest.mark.slow
def test_accepting_and_taking_back_at_the_same_moment_has_one_outcome(
    app: Flask, company: Company, database_url: str, tmp_path: Path
) -> None:
    case = make_case(company.ana)
    ids = [give(company.ana, case.id, 500).id for _round in range(ROUNDS)]
    db.session.remove()
    deeds = ("accept", "accept-too", "withdraw")
    said = [json.loads(out) for out in run([racer(database_url, tmp_path, company.ana.id, d, ids) for d in deeds])]
    states = [db.session.get_one(Remedy, one).state for one in ids]
    for outcome, *told in zip(states, *said, strict=True):
        assert sorted(told) == ["already-ended", "already-ended", "done"], told
        assert outcome == ("withdrawn" if told[2] == "done" else "settled")
    assert db.session.query(CustomerAnswer).count() == states.count("settled")
    assert violations() == []


@pytest.mark.slow
def test_killed_between_accepting_and_settling_nothing_or_all_of_it_happened(app: Flask, company: Company) -> None:
    case_id, site_id = (made := make_case(company.ana)).id, made.site_id
    steps = [8 + number * STATEMENTS // count(30, 2) for number in range(count(30, 2))]
    ids = [give(company.ana, case_id, 300).id for _step in steps]
    db.session.remove()
    for statement, remedy_id in zip(steps, ids, strict=True):
        in_a_child(lambda at=statement, one=remedy_id: _accept_until(at, case_id, one, site_id))  # type: ignore[misc]
        state = db.session.get_one(Remedy, remedy_id).state
        answered = db.session.query(CustomerAnswer).filter_by(remedy_id=remedy_id).count()
        assert (state, answered) in (("reserved", 0), ("settled", 1)), (statement, state, answered)
        assert violations() == []
        db.session.remove()
        _accept(statement, case_id, remedy_id, site_id)
        assert db.session.get_one(Remedy, remedy_id).state == "settled"
        db.session.remove()
    assert db.session.query(CustomerAnswer).count() == len(ids)
    assert db.session.get_one(Case, case_id).given_minor == 300 * len(ids)


def _accept_until(statement: int, case_id: int, remedy_id: int, site_id: int) -> None:
    die_at(statement)
    _accept(statement, case_id, remedy_id, site_id)


def _accept(statement: int, case_id: int, remedy_id: int, site_id: int) -> None:
    answers.accept(
        case_id=case_id, remedy_id=remedy_id, intent=f"race-killed:{statement}-{remedy_id}",
        actor=customer("CU-1", site_id), now=utc_now(),
    )  # fmt: skip
