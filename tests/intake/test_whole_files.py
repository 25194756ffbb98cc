"""The whole files, where they are: counts equal the raw file, a second time imports nothing, 20,000 rows in time."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case
from app.kernel.database import db
from app.remedies.models import Remedy
from app.sla.models import Clock
from tests.intake.counting import baggage, bank, city

DATA = Path(__file__).parents[3] / "shared/data"
CITY = DATA / "city-requests/requests_2015_h1.csv.gz"
CLAIMS = DATA / "baggage-claims/claims_2010_2013.csv.gz"
COMPLAINTS = DATA / "bank-complaints/complaints_2017_2021.csv.gz"
NARRATIVES = DATA / "bank-complaints/complaint_narratives.csv.gz"
pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(not CITY.exists(), reason=f"the whole files are not at {DATA}; the excerpts are tested instead"),
]


def imported(app: Flask, file: Path, tmp_path: Path) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(
        args=["cases", "import", str(file), "--json", "--rejects", str(tmp_path / "rejects.csv")]
    )
    db.session.remove()
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def count(model: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_all_city_requests(app: Flask, tmp_path: Path) -> None:
    expected = city(CITY)
    found = imported(app, CITY, tmp_path)
    assert (found["rows"], found["imported"], found["rejected"]) == (58_119, 58_035, 84)
    assert expected.reversed == 84 and count(Case, Case.state == "open") == expected.open == 8_993
    assert count(Clock, Clock.stopped_at.is_not(None), Clock.breached_at.is_(None)) == expected.met
    assert count(Clock, Clock.stopped_at.is_not(None), Clock.breached_at.is_not(None)) == expected.late
    assert imported(app, CITY, tmp_path)["imported"] == 0


def test_all_claims(app: Flask, tmp_path: Path) -> None:
    expected = baggage(CLAIMS)
    found = imported(app, CLAIMS, tmp_path)
    assert (found["rows"], found["imported"], found["rejected"]) == (41_597, expected.good, expected.too_early)
    assert expected.too_early == 169 and count(Remedy) == expected.paid_count
    assert Decimal(db.session.scalar(select(func.sum(Remedy.amount_minor))) or 0) / 100 == expected.paid_total


def test_all_bank_complaints(app: Flask, tmp_path: Path) -> None:
    first, second = bank(COMPLAINTS), bank(NARRATIVES)
    assert imported(app, COMPLAINTS, tmp_path)["imported"] == len(first.ids) == 40_404
    found = imported(app, NARRATIVES, tmp_path)
    assert (found["imported"], found["present"]) == (len(second.ids - first.ids), len(second.ids & first.ids))
    assert found["rows"] == len(second.ids) == 2_260
