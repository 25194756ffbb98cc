"""Counts equal a count made here from the raw file; a second time imports nothing; a crash leaves no half."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.audit.models import AuditEntry
from app.cases.models import Case, CaseEvent, Category
from app.intake import actions, jobs, queries
from app.intake.actions import AlreadyTaken
from app.intake.known import shipped
from app.intake.models import ImportReject, ImportRun
from app.kernel.actor import command
from app.kernel.database import db
from app.people.models import Site, Team
from app.remedies.models import Remedy
from app.sla.models import Clock, ClockNotice
from tests.intake.counting import baggage, bank, city, city_instant

DATA = Path(__file__).parents[1] / "data"
CITY, CLAIMS = DATA / "city-requests/requests.csv", DATA / "baggage-claims/claims.csv"
COMPLAINTS, NARRATIVES = DATA / "bank-complaints/complaints.csv", DATA / "bank-complaints/narratives.csv"
HEAD = b"".join(CITY.read_bytes().splitlines(keepends=True)[:200])
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def run(app: Flask, *arguments: object) -> Any:
    result = app.test_cli_runner().invoke(args=["cases", "import", *map(str, arguments)])
    db.session.remove()
    return result


def imported(app: Flask, file: Path, tmp_path: Path, *options: str) -> dict[str, Any]:
    result = run(app, file, "--json", "--rejects", tmp_path / "rejects.csv", *options)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


def count(model: Any, *conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def test_city_requests_agree_with_a_count_of_the_raw_file(app: Flask, tmp_path: Path) -> None:
    expected = city(CITY)
    found = imported(app, CITY, tmp_path)
    assert (found["rows"], found["imported"], found["rejected"]) == (1000, 1000 - expected.reversed, 84)
    assert count(Case) == found["imported"] == count(CaseEvent, CaseEvent.kind == "logged")
    assert count(Case, Case.state == "open", Case.resolved_at.is_(None)) == expected.open
    assert count(Clock) == expected.with_due == count(Clock, Clock.historic, Clock.next_notice_at.is_(None))
    assert count(Clock, Clock.stopped_at.is_not(None), Clock.breached_at.is_(None)) == expected.met
    assert count(Clock, Clock.stopped_at.is_not(None), Clock.breached_at.is_not(None)) == expected.late
    assert (count(Site), count(Team)) == (1, expected.departments)
    assert count(Category, Category.active.is_(True)) == 0
    assert Counter(db.session.scalars(select(Case.channel))) == expected.channels


def test_published_instants_are_kept_in_utc(app: Flask, tmp_path: Path) -> None:
    imported(app, CITY, tmp_path)
    with CITY.open(encoding="utf-8", newline="") as file:
        raw = {row["CASE_ENQUIRY_ID"]: row for row in csv.DictReader(file)}
    for case in db.session.scalars(select(Case).limit(200)):
        row = raw[str(case.source_ref)]
        assert case.received_at == city_instant(row["OPEN_DT"])
        assert case.resolved_at == (city_instant(row["CLOSED_DT"]) if row["CLOSED_DT"] else None)
        assert (case.historic, case.customer_id, case.owner_id, case.logged_by_id) == (True, None, None, None)


def test_claims_keep_what_was_paid_as_settled_outside_any_purse(app: Flask, tmp_path: Path) -> None:
    expected = baggage(CLAIMS)
    found = imported(app, CLAIMS, tmp_path)
    assert (found["imported"], found["rejected"]) == (expected.good, expected.too_early)
    assert count(Remedy) == expected.paid_count
    total = db.session.scalar(select(func.sum(Remedy.amount_minor)))
    assert Decimal(total or 0) / 100 == expected.paid_total
    assert count(Remedy, Remedy.state == "settled", Remedy.historic.is_(True), Remedy.currency == "USD") == count(
        Remedy
    )
    assert count(Case, Case.state == "open") == expected.undecided
    assert count(Site) == expected.airports
    by_site = select(Site.code, func.count()).join(Case, Case.site_id == Site.id).group_by(Site.code)
    assert {row[0]: row[1] for row in db.session.execute(by_site)}["JFK"] == expected.by_airport["JFK"]


def test_both_bank_files_agree_and_share_their_ids(app: Flask, tmp_path: Path) -> None:
    first, second = bank(COMPLAINTS), bank(NARRATIVES)
    assert imported(app, COMPLAINTS, tmp_path)["imported"] == len(first.ids) == 600
    found = imported(app, NARRATIVES, tmp_path)
    assert found["imported"] == len(second.ids - first.ids)
    assert found["present"] == len(second.ids & first.ids)
    outcomes = Counter(db.session.scalars(select(Case.outcome).where(Case.source_ref.in_(first.ids))))
    assert outcomes == first.outcomes
    longest = db.session.scalar(select(func.max(func.length(Case.description))))
    assert longest is not None and longest > 15_000


@pytest.mark.parametrize("file", [CITY, CLAIMS, COMPLAINTS], ids=lambda file: file.stem)
def test_a_second_import_changes_nothing(app: Flask, file: Path, tmp_path: Path) -> None:
    first = imported(app, file, tmp_path)
    before = [count(model) for model in (Case, CaseEvent, Clock, Remedy, Site, Team, Category)]
    second = imported(app, file, tmp_path)
    assert (second["imported"], second["present"]) == (0, first["imported"])
    assert second["rejected"] == first["rejected"]
    assert [count(model) for model in (Case, CaseEvent, Clock, Remedy, Site, Team, Category)] == before


def test_every_case_has_its_audit_entry_and_nobody_is_told(app: Flask, tmp_path: Path) -> None:
    found = imported(app, CITY, tmp_path)
    entries = select(func.count(func.distinct(AuditEntry.case_id))).where(AuditEntry.type == "case:import")
    assert db.session.scalar(entries) == found["imported"]
    assert count(AuditEntry, AuditEntry.type == "clock:start") == count(Clock)
    assert count(ClockNotice) == 0
    assert {"import:start", "import:take", "import:read", "import:end"} <= set(
        db.session.scalars(select(AuditEntry.type))
    )


def test_a_dry_run_counts_the_same_and_writes_nothing(app: Flask, tmp_path: Path) -> None:
    tried = imported(app, CLAIMS, tmp_path, "--dry-run")
    assert [count(model) for model in (Case, Site, ImportRun, AuditEntry)] == [0, 0, 0, 0]
    done = imported(app, CLAIMS, tmp_path)
    same = ("rows", "imported", "present", "rejected")
    assert [tried[key] for key in same] == [done[key] for key in same]


def test_the_report_names_line_id_and_reason_of_every_row(app: Flask, tmp_path: Path) -> None:
    imported(app, CITY, tmp_path)
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        report = list(csv.DictReader(file))
    assert len(report) == 84 == count(ImportReject)
    lines = CITY.read_text(encoding="utf-8").splitlines()
    for row in report:
        assert lines[int(row["line"]) - 1].startswith(row["id"] + ",")
        assert row["reason"].startswith("Closed (") and row["column"] == "CLOSED_DT"


def test_a_run_that_died_half_way_goes_on_where_it_stood(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping, actor = shipped()["city-requests"], command("import")
    run_id = actions.start(
        file_name="x", file_path=CITY, file_bytes=1, mapping=mapping, is_dry=False, actor=actor, now=NOW
    )
    real, calls = actions.write_history, []

    def dying(*args: Any, **kwargs: Any) -> list[int]:
        calls.append(1)
        ids = real(*args, **kwargs)
        if len(calls) == 3:
            raise KeyboardInterrupt  # after the writes, before the commit
        return ids

    monkeypatch.setattr(actions, "write_history", dying)
    again = {"run_id": run_id, "path": CITY, "mapping": mapping, "actor": actor, "size": 100}
    with pytest.raises(KeyboardInterrupt):
        jobs.read_run(clock=lambda: NOW, **again)  # type: ignore[arg-type]
    row = queries.run(run_id)
    assert row is not None and (row.read_count, row.state) == (200, "running")
    assert count(Case) == row.imported_count
    with pytest.raises(AlreadyTaken):
        jobs.read_run(clock=lambda: NOW, **again)  # type: ignore[arg-type]
    later = NOW.replace(hour=13)
    jobs.read_run(clock=lambda: later, **again)  # type: ignore[arg-type]
    row = queries.run(run_id)
    assert row is not None and (row.state, row.read_count) == ("finished", 1000)
    assert count(Case) == row.imported_count == 916


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "No mapping fits"),
        (b"a;b;c\n1;2;3\n", "separated by ;"),
        (HEAD + b'"never', "never closed"),
        (HEAD + b"\xe9\n", "not UTF-8"),
        (HEAD + b"\0\n", "NUL"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_written(
    app: Flask, content: bytes, expected: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    result = run(app, file)
    assert result.exit_code == 1 and expected in result.output
    assert [count(model) for model in (Case, ImportRun, AuditEntry)] == [0, 0, 0]


def test_missing_columns_are_named(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("CASE_ENQUIRY_ID,OPEN_DT\n1,2\n", encoding="utf-8")
    result = run(app, file, "--mapping", "city-requests")
    assert result.exit_code == 1 and "CASE_STATUS" in result.output


def test_a_file_that_is_not_there_is_refused(app: Flask, tmp_path: Path) -> None:
    result = run(app, tmp_path / "nowhere.csv")
    assert result.exit_code == 1 and "nowhere.csv" in result.output


def test_the_report_never_overwrites_the_file_itself(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(CITY.read_bytes())
    assert run(app, file, "--rejects", file).exit_code == 1
    assert file.read_bytes() == CITY.read_bytes()


def test_a_mapping_that_makes_nothing_turns_unknown_places_away(app: Flask, tmp_path: Path) -> None:
    text = (Path(jobs.__file__).parent / "mappings/city-requests.yaml").read_text(encoding="utf-8")
    mapping = tmp_path / "strict.yaml"
    mapping.write_text(text.replace("create: true", "create: false"), encoding="utf-8")
    found = imported(app, CITY, tmp_path, "--mapping", str(mapping))
    assert (found["imported"], found["rejected"]) == (0, 1000)
    assert count(ImportReject, ImportReject.code == "unknown-site") == 916
    assert count(Case) == count(Site) == 0
