"""Another system's decision log, in two shapes."""

import json
from pathlib import Path

import pytest
from flask import Flask

from app.approvals.log_rules import BadMapping, mapping_of, report

COLUMNS = {"case": "Case", "step": "Level", "by": "Approver", "decision": "Result", "at": "When", "asked_at": "Asked",
           "asked_by": "Requester"}  # fmt: skip
ROWS = [
    ("C1", "1", "Sam", "yes", "2026-03-02 10:30", "2026-03-02 10:00", "Ana"),
    ("C1", "2", "Max", "yes", "2026-03-02 12:30", "", "Ana"),
    ("C2", "1", "ana", "yes", "2026-03-02 11:00", "2026-03-02 10:00", "Ana"),
    ("C3", "1", "Sam", "no", "2026-03-02 09:00", "2026-03-02 10:00", "Bo"),
    ("C4", "1", "Sam", "yes", "2026-03-02 10:10", "2026-03-02 10:00", "Bo"),
    ("C4", "2", "Sam", "yes", "2026-03-02 10:20", "", "Bo"),
]


def zone(name: str) -> object:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def test_every_decision_is_attributed_and_own_second_and_backward_ones_are_listed() -> None:
    mapping = mapping_of(
        {"columns": COLUMNS, "formats": ["%Y-%m-%d %H:%M"], "zone": "Europe/Berlin", "decisions": {"yes": "approved", "no": "declined"}},
        zone,
    )  # fmt: skip
    names = list(COLUMNS.values())
    found = report(mapping.read(number, dict(zip(names, row, strict=True))) for number, row in enumerate(ROWS, start=2))
    assert (found.count, found.decisions) == (6, {"approved": 5, "declined": 1})
    assert found.by == {"Sam": 4, "Max": 1, "ana": 1}
    assert [(line.case, line.by) for line in found.own] == [("C2", "ana")]
    assert [line.number for line in found.twice] == [7]
    assert [line.case for line in found.backwards] == ["C3"]
    waits = [(wait.step, wait.count, wait.p50_seconds, wait.p90_seconds) for wait in found.waits]
    assert waits == [("1", 3, 1_800, 3_600), ("2", 2, 600, 7_200)]


@pytest.mark.parametrize(
    "said",
    [
        None,
        {},
        {"columns": {"case": "A"}},
        {"columns": {**COLUMNS, "mood": "M"}},
        {"columns": COLUMNS, "formats": "iso"},
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(said: object) -> None:
    with pytest.raises(BadMapping, match=r"\w"):
        mapping_of(said, zone)


def test_the_command_reads_another_shape_and_fails_on_lines_it_cannot_read(app: Flask, tmp_path: Path) -> None:
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        pytest.skip("it touches no database")
    log, mapping = tmp_path / "log.csv", tmp_path / "log.yaml"
    log.write_text("id;role;what;ts\n7;TEAM LEADER;PREACCEPTED;2011-10-01T08:00:00+02:00\n8;;DECLINED;soon\n", "utf-8")
    mapping.write_text("columns: {case: id, by: role, decision: what, at: ts}\n", "utf-8")
    result = app.test_cli_runner().invoke(args=["approvals", "import", str(log), "--mapping", str(mapping), "--json"])
    assert result.exit_code == 1
    said = json.loads(result.output)
    assert (said["count"], said["by"], said["mistakes"]) == (1, {"TEAM LEADER": 1}, ["line 3: nothing in by"])
