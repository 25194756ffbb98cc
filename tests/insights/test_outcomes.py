"""What became of customers: read from a real file to its control totals, taken in once, and set against a comparison group."""

import csv
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.cases.models import Case
from app.insights import outcome_actions, outcome_queries, return_queries
from app.insights.approval_rules import Difference
from app.insights.outcome_rules import BadLine, BadMapping, Line, mapping_of, places
from app.insights.outcome_rules import read as read_line
from app.insights.queries import Part
from app.insights.return_rules import recovery_return
from app.kernel.actor import command
from app.kernel.database import db
from app.kernel.errors import NotPermitted
from tests.demo.pages import read
from tests.demo.readers import share
from tests.insights.recoveries import live_some_weeks
from tests.people.builders import make_company, sign_in

CHURN = Path(__file__).parents[3] / "shared/data/customer-outcomes/customer_churn.csv"
MAPPING = """
columns: {left: Churn, complaint: Complains, value: Customer Value, segment: Tariff Plan}
day: 2020-12-31
"""


@pytest.mark.skipif(not CHURN.exists(), reason="the real data are not beside the project")
def test_the_real_file_is_taken_in_once_and_meets_its_control_totals(app: Flask, tmp_path: Path) -> None:
    company = make_company()
    mapping = tmp_path / "churn.yaml"
    mapping.write_text(MAPPING)
    run = app.test_cli_runner()
    args = ["outcomes", "import", str(CHURN), "--mapping", str(mapping), "--json"]
    assert '"taken": 0' in run.invoke(args=[*args, "--dry-run"]).output
    assert '"taken": 3150, "known": 0, "strangers": 3150' in run.invoke(args=args).output
    assert '"taken": 0, "known": 3150' in run.invoke(args=args).output
    (found,) = outcome_queries.later()
    assert found.count == 3150 and found.stayed.trials - found.stayed.successes == 495
    after, without = found.stayed_after_complaint, found.stayed_without
    assert after.trials == 241 and round(1 - after.successes / after.trials, 4) == 0.8299
    assert round(1 - without.successes / without.trials, 4) == 0.1014
    assert found.value_millis == 1_483_564_685
    query = "SELECT sum(value_millis) FROM later_outcome WHERE NOT has_stayed"
    assert db.session.execute(text(query)).scalar() == 61_781_650
    entries = db.session.execute(text("SELECT count(*) FROM audit_entry WHERE type = 'outcome:import'")).scalar()
    assert entries == 3150
    page = sign_in(app.test_client(), company.max).get("/insights/outcomes").get_data(as_text=True)
    assert "customer_churn" in page and _boxes_of_the_file().items() <= read(page).boxes.items()
    assert company.tom and sign_in(app.test_client(), company.tom).get("/insights/outcomes").status_code == 403


def _boxes_of_the_file() -> dict[str, tuple[str, str]]:
    """What the page's boxes say of it, from the file alone."""
    with CHURN.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    stayed = {told: [line["Churn"] == "0" for line in lines if line["Complains"] == told] for told in ("0", "1")}
    every = stayed["0"] + stayed["1"]
    worth = sum(Fraction(line["Customer Value"]) for line in lines)
    return {
        "Stayed": share(sum(every), len(every)),
        "Stayed after a complaint": share(sum(stayed["1"]), len(stayed["1"])),
        "Stayed without one": share(sum(stayed["0"]), len(stayed["0"])),
        "Worth together": (
            f"{float(worth):,.3f}",
            f"of {len(lines):,} customers, in no currency that the source names",
        ),
    }


def test_lines_are_read_by_the_mapping_and_what_it_cannot_mean_is_refused() -> None:
    mapping = mapping_of(
        {"columns": {"ref": "No", "stayed": "Still  Here", "value": "Worth"}, "day": date(2026, 1, 31)}
    )
    at = places(mapping, ["no", "still here", "WORTH"])
    assert read_line(mapping, at, 1, ["7", "1", "12.3456"]) == Line(
        "7", date(2026, 1, 31), "", True, None, None, 12346, None
    )
    for row in (["7", "maybe", "1"], ["7", "1", "-1"], ["7", "1", "NaN"], ["7", "", ""], ["", "1", "1"]):
        with pytest.raises(BadLine):
            read_line(mapping, at, 1, row)
    wrong: Any
    for wrong in ({}, {"columns": {"left": "A"}}, {"columns": {"segment": "A"}, "day": date(2026, 1, 1)},
                  {"columns": {"left": "A", "stayed": "B"}, "day": date(2026, 1, 1)},
                  {"columns": {"left": "A"}, "day": date(2026, 1, 1), "currency": "EURO"}):  # fmt: skip
        with pytest.raises(BadMapping):
            mapping_of(wrong)
    with pytest.raises(BadMapping, match="no column"):
        places(mapping, ["No", "Worth"])


def test_a_return_is_said_only_beside_a_comparison_group(app: Flask) -> None:
    company = make_company()
    now = live_some_weeks(company)
    part = Part((company.quayside.id,), None, now - timedelta(days=90), now)
    assert return_queries.returns(part) == [], "nothing was taken in"
    ids = db.session.scalars(select(Case.customer_id).where(Case.customer_id.is_not(None)).distinct()).all()
    lines = [Line(str(n), now.date(), f"CU-{n}", True, None, None, 1_000_000, None) for n in ids]
    with pytest.raises(NotPermitted):
        outcome_actions.take_outcomes(lines=lines, source="crm", currency="GBP", actor=company.sam.actor, now=now)
    taken = outcome_actions.take_outcomes(lines=lines, source="crm", currency="GBP", actor=command("test"), now=now)
    assert (taken.taken, taken.strangers) == (len(ids), 0)
    (found,) = return_queries.returns(part)
    assert found.helped > 0 and (found.value, found.low) == (None, None), "fewer than ten on a side is no group"


def test_the_return_carries_the_interval_of_the_difference() -> None:
    found = recovery_return(
        "EUR", Difference(0.1, 0.05, 0.15, 100, 100), worth_minor=200_000, remedy_minor=5_000, handling_minor=3_000
    )
    assert [round(part or 0, 3) for part in (found.value, found.low, found.high)] == [1.5, 0.25, 2.75]
    none = recovery_return("EUR", Difference(None, None, None, 100, 3), worth_minor=200_000, remedy_minor=5_000)
    assert (none.value, none.helped, none.others) == (None, 100, 3)
